//! Who listens for the workers' bells.
//!
//! A worker rings its bell (a system call) only if it was *armed*: if somebody sleeps and wants to be woken. Three kinds
//! of threads read the rings, and each would rather not be woken for another's sake:
//!
//! ```text
//!   leader    a caller that waits for an outcome; reads the rings itself, spins, then sleeps on the bells
//!   driver    the pool's own thread: Listening  it sleeps on the bells
//!                                    Napping    it looks again in a moment: somebody was busy just now
//!                                    Deaf       a leader sleeps on the bells, so it need not
//!                                    Awake      it is in its turn, and will decide anew
//!   submitter reads the rings now and then, and never sleeps
//! ```
//!
//! A log record always rings: it may come from a worker that is idle, to which nobody listens.
//!
//! Invariants, all under the pool's lock:
//! - While the driver is Listening or the leader asleep, every worker that owes something is armed.
//! - While anything is owed, somebody will look: a leader is there, or the driver is not Deaf (or has been rung).

use std::sync::Arc;
use std::time::{Duration, Instant};

use ganger_machine::Moment;
use ganger_proto::WorkerId;
use ganger_sys::Bell;

use crate::engine::core::Core;
use crate::engine::member::Member;

/// How long the driver naps when it was busy itself.
pub(crate) const SHORT_NAP: Duration = Duration::from_micros(100);
/// How long it naps when others were.
pub(crate) const LONG_NAP: Duration = Duration::from_millis(1);

/// While a deadline is ahead, the driver wakes this often. Only what it is late for its next waking tells it for how long
/// the whole process was stopped.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// What the driver is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ear {
    Awake,
    Napping,
    Listening,
    Deaf,
}

/// See the module.
pub(crate) struct Watch {
    pub(crate) ear: Ear,
    /// Whether a caller leads.
    pub(crate) leading: bool,
    pub(crate) leader_asleep: bool,
    /// When the driver wakes of its own accord.
    pub(crate) driver_until: Option<Moment>,
    /// Messages read since the driver last looked.
    pub(crate) heard: usize,
    /// Threads that are to be given up.
    pub(crate) abandoned: Vec<WorkerId>,
    /// Whether a worker is to be killed that has not come yet.
    pub(crate) doomed: bool,
    driver_bell: Arc<Bell>,
}

impl Watch {
    pub(crate) fn new(driver_bell: Arc<Bell>) -> Self {
        Self {
            ear: Ear::Awake,
            leading: false,
            leader_asleep: false,
            driver_until: None,
            heard: 0,
            abandoned: Vec::new(),
            doomed: false,
            driver_bell,
        }
    }

    pub(crate) fn relies_on_bells(&self) -> bool {
        self.ear == Ear::Listening || self.leader_asleep
    }

    pub(crate) fn heard(&mut self, messages: usize) {
        self.heard += messages;
    }

    pub(crate) fn ring_driver(&mut self) {
        if self.ear != Ear::Awake {
            self.driver_bell.ring();
            // It is as good as awake; nobody need ring again.
            self.ear = Ear::Awake;
        }
    }

    /// Wakes the driver if the turn concerns it: it must act, or sooner than it would.
    pub(crate) fn end_of_turn(&mut self, must_act: bool, deadline: Option<Moment>) {
        let too_late = deadline.is_some_and(|d| self.driver_until.is_none_or(|until| d < until));
        if must_act || too_late || self.doomed || !self.abandoned.is_empty() {
            self.ring_driver();
        }
    }

    pub(crate) fn abandon(&mut self, worker: WorkerId) {
        self.abandoned.push(worker);
    }
}

impl Core {
    /// Arms everyone who owes something. True: somebody has spoken already, so nobody may sleep.
    pub(crate) fn arm(&mut self) -> bool {
        let mut spoken = false;
        for at in 0..self.gang.owing.len() {
            let index = self.gang.owing[at];
            if let Some(member) = self.gang.at(index)
                && !member.unheard()
            {
                member.armed = !member.end.reader.wait_for_record();
                // Another may have taken the ring that told of room.
                spoken |= !member.armed || member.wait_for_room(&self.tasks);
            }
        }
        spoken
    }

    /// A worker is about to come. Whoever sleeps already has armed only those who were there.
    pub(crate) fn welcome(&mut self, mut member: Member) {
        member.armed = self.watch.relies_on_bells() && !member.end.reader.wait_for_record();
        self.counts.started(member.slot);
        self.gang.insert(member);
        self.starts += 1;
    }

    /// The bells of these workers have rung.
    pub(crate) fn rung(&mut self, indices: impl Iterator<Item = u64>) {
        for index in indices {
            let index = index as usize;
            if let Some(member) = self.gang.at(index) {
                member.armed = false;
                // One that owes nothing has logged something.
                if !member.owes() && !self.gang.owing.contains(&index) {
                    self.gang.owing.push(index);
                }
            }
        }
    }

    /// A caller begins to lead: it looks by itself, so nobody need ring.
    pub(crate) fn begin_lead(&mut self) {
        self.watch.leading = true;
        for at in 0..self.gang.owing.len() {
            let index = self.gang.owing[at];
            if let Some(member) = self.gang.at(index).filter(|member| member.armed) {
                member.end.reader.stop_waiting();
                member.armed = false;
            }
        }
    }

    /// The leader leaves: if anything is owed, the driver must be able to hear it.
    pub(crate) fn end_lead(&mut self) {
        self.watch.leading = false;
        self.watch.leader_asleep = false;
        if self.gang.owing.is_empty() {
            return;
        }
        match self.watch.ear {
            Ear::Awake | Ear::Napping => {}
            Ear::Deaf => self.watch.ring_driver(),
            Ear::Listening => {
                if self.arm() {
                    self.watch.ring_driver();
                }
            }
        }
    }

    /// A submitter has handed something out: somebody must look for the answer.
    pub(crate) fn expect_answer(&mut self) {
        if self.watch.ear == Ear::Deaf && !self.watch.leading {
            self.watch.ring_driver();
        }
    }

    /// The driver is about to sleep: how, and until when. None: it may not.
    pub(crate) fn driver_sleeps(&mut self) -> Option<Option<Instant>> {
        let now = self.now();
        let busy = std::mem::take(&mut self.watch.heard) > 0;
        let owed = !self.gang.owing.is_empty();
        let nap = match (self.watch.leading, busy, owed) {
            (true, false, _) if self.watch.leader_asleep => None,
            (true, _, _) | (false, true, false) => Some(LONG_NAP),
            (false, true, true) => Some(SHORT_NAP),
            (false, false, _) => None,
        };
        self.watch.ear = match nap {
            Some(_) => Ear::Napping,
            None if self.watch.leader_asleep => Ear::Deaf,
            None if self.arm() => return None,
            None => Ear::Listening,
        };
        let deadline = self.machine.next_deadline().map(|deadline| deadline.min(now + HEARTBEAT));
        let until = [nap.map(|nap| now + nap), deadline].into_iter().flatten().min();
        self.watch.driver_until = until;
        Some(until.map(|moment| self.instant(moment)))
    }
}
