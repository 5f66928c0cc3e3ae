//! What must be so about each task, told independently of the machine.

use std::sync::Arc;

use ganger_proto::TaskId;
use ganger_proto::outcome::Exit;
use ganger_proto::policy::TaskPolicy;

use ganger_machine::Moment;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    /// In the queue.
    Waiting,
    /// In the queue, or waiting for its next attempt.
    Pausing,
    /// With the simulated worker of this number.
    Held(usize),
    Settled,
}

pub(crate) struct Case {
    pub(crate) id: TaskId,
    pub(crate) policy: Arc<TaskPolicy>,
    pub(crate) place: Place,
    /// Refused from the first: only a `NotStarted` may follow.
    pub(crate) refused: bool,
    /// It was handed back or tried again, so that first come, first served is over for it.
    pub(crate) returned: bool,
    pub(crate) cancelled: bool,
    pub(crate) crashes: Vec<Exit>,
    pub(crate) failures: u32,
    pub(crate) sent_at: Moment,
    pub(crate) asked: bool,
}

impl Case {
    pub(crate) fn new(id: TaskId, policy: Arc<TaskPolicy>, refused: bool) -> Self {
        Self {
            id,
            policy,
            place: Place::Waiting,
            refused,
            returned: false,
            cancelled: false,
            crashes: Vec::new(),
            failures: 0,
            sent_at: Moment::default(),
            asked: false,
        }
    }

    pub(crate) fn charged(&self) -> u32 {
        self.crashes.len() as u32 + self.failures
    }

    pub(crate) fn waits(&self) -> bool {
        matches!(self.place, Place::Waiting | Place::Pausing)
    }

    pub(crate) fn put_back(&mut self, charged: bool) {
        self.returned = true;
        let pauses = charged && !self.policy.backoff.first.is_zero();
        self.place = if pauses { Place::Pausing } else { Place::Waiting };
    }
}
