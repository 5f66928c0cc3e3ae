//! The ways in which a run is over before its inputs are.

use super::{Phase, Run};
use crate::engine::Engine;
use crate::error::Error;
use crate::observer::Notice;
use crate::summary::End;

impl<E: Engine> Run<'_, E> {
    /// The pool takes no more. We have not closed it: either it has failed, or a signal came that was not told yet.
    pub(super) fn refused(&mut self, error: ganger::Error) {
        self.counts.stopped += 1;
        if error.is_closed() && error.pool_failure().is_none() {
            self.phase = Phase::Draining(End::Interrupted);
        } else {
            self.fail(error.into());
        }
    }

    pub(super) fn interrupted(&mut self, step: u32) {
        self.phase = match (step, self.phase) {
            (..=1, Phase::Feeding | Phase::Draining(_)) => Phase::Draining(End::Interrupted),
            (..=1, Phase::Killing(end)) => Phase::Killing(end),
            (2..=3, _) => Phase::Killing(End::Interrupted),
            (4.., _) => Phase::Killing(End::Quit),
        };
        let running = self.running.len().min(self.settings.jobs);
        self.observer.notice(&Notice::Interrupted { step, running });
    }

    pub(super) fn kill(&mut self, end: End) {
        self.phase = Phase::Killing(end);
        self.engine.terminate();
    }

    /// Something went wrong that is no command's fault: the first such thing is told, and the rest is stopped.
    pub(super) fn fail(&mut self, error: Error) {
        self.flush();
        self.output = None;
        self.fault.get_or_insert(error);
        self.kill(End::Complete);
    }

    /// What became of writing output.
    pub(super) fn check(&mut self, printed: Result<(), Error>) {
        match printed {
            Ok(()) => {}
            Err(error) if error.is_closed_output() => {
                self.output = None;
                self.kill(End::OutputClosed);
            }
            Err(error) => self.fail(error),
        }
    }
}
