//! What is wrong with a program, in words; with its tree killed.

use std::io;

use ganger_proto::outcome::{Exit, Fault};

use crate::worker::host::{Current, Halt, ProgramHost};
use crate::worker::serve::Worker;

impl ProgramHost {
    /// It goes with this worker, which has no time.
    pub(in crate::worker) fn end(mut self) {
        self.kept.kill();
    }

    /// Whether it has read anything of its task.
    fn has_begun(&self) -> bool {
        self.kept.unread() < self.sent
    }

    pub(super) fn died(&mut self) -> Halt {
        let begun = self.has_begun();
        if self.asked_to_end {
            self.kept.kill();
            return Halt::ToldToEnd;
        }
        Halt::Fault { fault: self.gone(moment(begun)), begun }
    }

    /// It has ended, or is about to.
    pub(super) fn gone(&mut self, when: &str) -> Fault {
        let exit = self.kept.ending();
        self.let_complain(true);
        match exit {
            Some(exit) => self.ended(exit, when),
            None => Fault { exit: None, why: self.breach(&format!("it closed its standard output {when}")) },
        }
    }

    fn ended(&self, exit: Exit, when: &str) -> Fault {
        let why = format!("{} ended with {exit} {when}{}", self.kept.name, self.kept.last_words());
        Fault { exit: Some(exit), why }
    }

    /// A pipe is closed: because the process has ended, or though it has not.
    pub(super) fn closed(&mut self, worker: &Worker, current: Current, pipe: &str) -> Halt {
        let begun = self.has_begun();
        let exit = self.kept.ending();
        if self.asked_to_end || self.pass_on_complaints(worker, current).is_err() {
            self.kept.kill();
            return Halt::ToldToEnd;
        }
        match exit {
            Some(exit) => Halt::Fault { fault: self.ended(exit, moment(begun)), begun },
            None => self.blame(self.breach(&format!("it closed its {pipe} in the middle of its task"))),
        }
    }

    pub(super) fn blame(&mut self, why: String) -> Halt {
        self.kept.kill();
        Halt::Fault { fault: Fault { exit: None, why }, begun: true }
    }

    pub(super) fn system(&mut self, error: &io::Error) -> Halt {
        self.blame(format!("failed to wait for {}: {error}", self.kept.name))
    }

    pub(super) fn breach(&self, what: &str) -> String {
        format!("{} broke the protocol of workers: {what}", self.kept.name)
    }
}

fn moment(begun: bool) -> &'static str {
    if begun { "in the middle of its task" } else { "before it read its task" }
}
