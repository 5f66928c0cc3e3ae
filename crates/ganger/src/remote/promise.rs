//! An outcome that somebody owes.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ganger_proto::codec;
use ganger_proto::message::Verdict;
use ganger_proto::outcome::Outcome;

use crate::engine::callbacks::Callbacks;
use crate::engine::lock;
use crate::slot::{Body, Detail, Ended, Hook, How, SlotRef};

/// The outcome of a [`Call`](super::Call), owed to its [`Future`](crate::Future). Whoever drops it without a word cancels the call.
pub struct Promise {
    /// None: it was kept.
    slot: Option<SlotRef>,
    ledger: Arc<Ledger>,
    task: u64,
}

impl Promise {
    pub(crate) fn new(slot: SlotRef, ledger: Arc<Ledger>, task: u64) -> Self {
        *lock(&ledger.owed) += 1;
        Self { slot: Some(slot), ledger, task }
    }

    /// The number under which [`Remote`](super::Remote) is asked of the task.
    #[must_use]
    pub fn task(&self) -> u64 {
        self.task
    }

    /// Tells how the task ended, after so many attempts, in which process, if that is known.
    pub fn keep(mut self, outcome: Outcome, attempts: u32, worker: Option<u32>) {
        self.settle(outcome, attempts, worker);
    }

    fn settle(&mut self, outcome: Outcome, attempts: u32, worker: Option<u32>) {
        let Some(slot) = self.slot.take() else { return };
        for hook in slot.fill(ended(outcome, attempts, worker)).into_iter().flat_map(|hooks| *hooks) {
            self.ledger.run(hook);
        }
        self.ledger.settled();
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.settle(Outcome::Cancelled, 0, None);
    }
}

impl fmt::Debug for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Promise({})", self.task)
    }
}

/// What is owed to the futures of one pool, and the thread that calls back.
pub(crate) struct Ledger {
    owed: Mutex<usize>,
    clear: Condvar,
    callbacks: Callbacks,
}

impl Ledger {
    /// `name`: of its thread.
    pub(crate) fn new(name: String) -> Self {
        Self { owed: Mutex::new(0), clear: Condvar::new(), callbacks: Callbacks::new(name) }
    }

    pub(crate) fn owed(&self) -> usize {
        *lock(&self.owed)
    }

    /// Waits until nothing is owed. False: not within the time.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> bool {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut owed = lock(&self.owed);
        while *owed > 0 {
            owed = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => self.clear.wait(owed).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return false,
                Some(left) => self.clear.wait_timeout(owed, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        true
    }

    pub(crate) fn run(&self, hook: Hook) {
        match hook {
            Hook::Wake(waker) => waker.wake(),
            Hook::Call(callback) => self.callbacks.call(callback),
            Hook::Tell(told, index) => told.tell(index),
        }
    }

    fn settled(&self) {
        let mut owed = lock(&self.owed);
        *owed -= 1;
        if *owed == 0 {
            self.clear.notify_all();
        }
    }
}

/// An outcome as a slot keeps it: the way back from [`Report::Ended`](crate::Report::Ended).
fn ended(outcome: Outcome, attempts: u32, worker: Option<u32>) -> Ended {
    // What was decoded for somebody else to see is encoded again: in plain data, that does not fail.
    let reported = |verdict, encoded: Result<Vec<u8>, _>| How::Reported(verdict, encoded.unwrap_or_default());
    let how = match outcome {
        Outcome::Returned(body) => return Ended::Returned { body: Body::from_vec(body), took: u32::MAX },
        Outcome::Failed(failure) => reported(Verdict::Failed, codec::encode(&failure, u64::MAX)),
        Outcome::Panicked(panic) => reported(Verdict::Panicked, codec::encode(&panic, u64::MAX)),
        Outcome::Crashed(exits) => How::Crashed(exits),
        Outcome::TimedOut(limit) => How::TimedOut(limit),
        Outcome::Cancelled => How::Cancelled,
        Outcome::NotStarted(why) => How::NotStarted(why),
    };
    Ended::Other(Box::new(Detail { how, attempts, worker }))
}
