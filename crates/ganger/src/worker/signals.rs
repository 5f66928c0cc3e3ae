//! What a worker that runs commands does about signals. Any other has their defaults, and so dies of SIGTERM.
//!
//! | signal | who sends it | what follows |
//! |---|---|---|
//! | SIGTERM | the supervisor, when the pool is terminated | the command is asked to end, its end is told, the worker ends |
//! | SIGTERM | the kernel, when the supervisor is dead | the command is killed with its whole tree, the worker ends |
//! | SIGUSR1 | the supervisor, at a soft time limit | wakes the worker: the state page says which task is to stop |
//!
//! Two signals, as two of the same kind that come together are one.

use std::io;

use ganger_sys::{Door, Signal, setup};

use crate::worker::outlet::Life;

/// The claim on both.
pub(super) struct Signals {
    pub(super) door: Door,
    ending: bool,
}

impl Signals {
    /// Those of a worker that is a process, which from now on gets its programs' orphans as well. On a thread of the supervisor
    /// neither signals nor children are ours.
    pub(super) fn of(life: &Life) -> io::Result<Option<Self>> {
        match life {
            Life::Process { supervisor } => {
                setup::become_subreaper()?;
                Self::claim(*supervisor).map(Some)
            }
            Life::Thread { .. } => Ok(None),
        }
    }

    /// From now on the death of the supervisor is heard rather than died of, so that this process can take with it what
    /// its command has started.
    fn claim(supervisor: u32) -> io::Result<Self> {
        let door = Door::open(&[Signal::Term, Signal::Usr1])?;
        setup::die_with_parent(supervisor, Signal::Term)?;
        Ok(Self { door, ending: false })
    }

    /// Whether this process is to end.
    pub(super) fn is_told_to_end(&mut self) -> bool {
        self.ending |= self.door.take().contains(&Signal::Term);
        self.ending
    }
}
