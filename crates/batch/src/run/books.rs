//! The run and its books: what is done before, and what if they cannot be written.

use std::time::Duration;

use ganger::Report;
use ganger_store::RunEnd;

use super::{Phase, Run};
use crate::engine::Engine;
use crate::error::Error;
use crate::input::Task;
use crate::observer::Notice;
use crate::summary::{End, Summary};

impl<E: Engine> Run<'_, E> {
    /// Leaves out an input that was done before.
    pub(super) fn skip(&mut self, task: &Task) {
        self.counts.skipped += 1;
        let printed = self.output.as_mut().map_or(Ok(()), |output| output.end(task.turn));
        self.check(printed);
        self.agenda.ended(task.job, true);
        self.tell_progress();
    }

    pub(super) fn flush_books(&mut self) {
        let flushed = self.ledger.flush();
        self.check_books(flushed);
    }

    /// What became of writing to the books. Where they cannot be kept any more nothing is begun; what runs may finish.
    pub(super) fn check_books(&mut self, written: Result<(), Error>) {
        if let Err(error) = written {
            if error.is_closed_output() {
                return self.check(Err(error));
            }
            self.fault.get_or_insert(error);
            if self.phase == Phase::Feeding {
                self.phase = Phase::Draining(End::Complete);
            }
        }
    }

    /// Whether the books cannot be written at the moment; tells when that changes.
    pub(super) fn is_troubled(&mut self) -> bool {
        let trouble = self.ledger.trouble();
        match (&trouble, &self.trouble) {
            (Some(why), None) => self.observer.notice(&Notice::Trouble { why, running: self.running.len() }),
            (None, Some(_)) => self.observer.notice(&Notice::TroubleOver),
            (Some(_), Some(_)) | (None, None) => {}
        }
        self.trouble = trouble;
        self.trouble.is_some()
    }

    /// Closes the books when the last command has ended. What they cannot take is held until they can, or until somebody
    /// interrupts that as well.
    pub(super) fn over(self, end: End) -> (Result<Summary, Error>, E) {
        let Self { mut engine, observer, ledger, fault, mut trouble, mut counts, agenda, reins, .. } = self;
        counts.unreached += agenda.unreached();
        let how = if fault.is_some() { RunEnd::Error } else { noted(end) };
        let closed = ledger.close(how, |why| {
            if trouble.is_none() {
                observer.notice(&Notice::Trouble { why, running: 0 });
                trouble = Some(why.to_owned());
            }
            end != End::Complete
                || reins.control.ordered_end().is_some()
                || matches!(engine.report(Some(Duration::ZERO)), Some(Report::Interrupted { .. }))
        });
        let summary = Summary { counts, end };
        (fault.map_or(Ok(summary), Err).and_then(|summary| closed.map(|()| summary)), engine)
    }
}

/// An end as the books have it.
fn noted(end: End) -> RunEnd {
    match end {
        End::Complete => RunEnd::Complete,
        End::Halted => RunEnd::Halted,
        End::Interrupted => RunEnd::Interrupted,
        End::Quit => RunEnd::Quit,
        End::OutputClosed => RunEnd::OutputClosed,
    }
}
