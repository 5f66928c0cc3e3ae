//! The simulated worker: what is really so, whatever the machine believes.

use std::collections::VecDeque;
use std::time::Duration;

use ganger_machine::Moment;
use ganger_proto::message::Verdict;
use ganger_proto::{TaskId, WorkerId};

/// Something that a worker wrote and the driver has not read.
pub(crate) struct Word {
    pub(crate) task: TaskId,
    pub(crate) verdict: Verdict,
    pub(crate) took: Duration,
}

pub(crate) struct Sim {
    pub(crate) id: WorkerId,
    pub(crate) slot: u32,
    pub(crate) started: Moment,
    pub(crate) gone: bool,
    /// The machine was told that it is ready.
    pub(crate) ready: bool,
    /// It says what is not so.
    pub(crate) liar: bool,
    /// Sent, not begun and not taken back.
    pub(crate) ring: VecDeque<TaskId>,
    pub(crate) current: Option<TaskId>,
    /// Its current task never ends by itself.
    pub(crate) hangs: bool,
    pub(crate) outbox: VecDeque<Word>,
    /// What the machine must believe that it holds.
    pub(crate) held: Vec<TaskId>,
    pub(crate) sent: u32,
    pub(crate) retired: Option<Moment>,
    pub(crate) terminated: bool,
    pub(crate) killed: bool,
    /// For whom it was killed.
    pub(crate) victim: Option<TaskId>,
}

impl Sim {
    pub(crate) fn new(id: WorkerId, slot: u32, started: Moment, liar: bool) -> Self {
        Self {
            id,
            slot,
            started,
            gone: false,
            ready: false,
            liar,
            ring: VecDeque::new(),
            current: None,
            hangs: false,
            outbox: VecDeque::new(),
            held: Vec::new(),
            sent: 0,
            retired: None,
            terminated: false,
            killed: false,
            victim: None,
        }
    }

    pub(crate) fn is_ended_by_us(&self) -> bool {
        self.killed || self.terminated || self.retired.is_some()
    }

    /// Begins the next task, or ends the one in hand. False if there is nothing to do.
    pub(crate) fn work(&mut self, verdict: Verdict, took: Duration, hangs: bool) -> bool {
        if let Some(task) = self.current {
            if self.hangs {
                return false;
            }
            self.current = None;
            self.outbox.push_back(Word { task, verdict, took });
            return true;
        }
        self.current = self.ring.pop_front();
        self.hangs = hangs && self.current.is_some();
        self.current.is_some()
    }

    /// The compare-and-swap on the task's slot in the ring.
    pub(crate) fn take_back(&mut self, task: TaskId) -> bool {
        let position = self.ring.iter().position(|waiting| *waiting == task);
        position.is_some_and(|at| self.ring.remove(at).is_some())
    }
}
