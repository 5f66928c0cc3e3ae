//! Pools whose tasks run elsewhere.

use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;
use crate::executor::Waiting;
use crate::future::{Bringer, Future, What};
use crate::remote::promise::Ledger;
use crate::remote::{Call, Promise};
use crate::slot::{Reading, Slots};

/// Whoever has tasks run elsewhere, and is told what became of them. Its methods are called by those who submit, so they
/// should not wait; numbers are those of [`Promise::task`].
pub trait Remote: Send + Sync {
    /// Takes a call in. Its promise is kept when the outcome is known, from whatever thread.
    ///
    /// # Errors
    /// When it takes none: the call's arguments go back to its caller.
    fn submit(&self, call: Call, promise: Promise) -> Result<(), Error>;

    /// Ends a task, if it is not over.
    fn cancel(&self, task: u64);

    /// Whether a worker is at the task, as far as is known here.
    fn is_running(&self, task: u64) -> bool {
        let _ = task;
        false
    }

    /// No more calls come; those that wait are to be run, or not.
    fn close(&self, waiting: Waiting);
}

/// A remote, with what its futures need.
pub(crate) struct Elsewhere {
    /// Its own panics are its own affair: a pool stays as it is when something panics above it.
    pub(crate) remote: AssertUnwindSafe<Arc<dyn Remote>>,
    pub(crate) ledger: Arc<Ledger>,
    next: AtomicU64,
}

impl Elsewhere {
    /// `name`: of its pool.
    pub(crate) fn new(remote: Arc<dyn Remote>, name: &str) -> Self {
        let ledger = Arc::new(Ledger::new(format!("ganger-{name}-callbacks")));
        Self { remote: AssertUnwindSafe(remote), ledger, next: AtomicU64::new(1) }
    }

    /// An outcome that is owed from now on.
    pub(crate) fn promise<T>(self: &Arc<Self>, what: What) -> (Promise, Future<T>) {
        let (slot, task) = (Slots::default().fresh(), self.next.fetch_add(1, Ordering::Relaxed));
        let promise = Promise::new(slot.clone(), Arc::clone(&self.ledger), task);
        let bringer = Bringer::Remote(Arc::clone(self), task);
        (promise, Future { slot: Reading::first(slot), what, bringer, result: PhantomData })
    }

    pub(crate) fn submit<T>(self: &Arc<Self>, call: Call, what: What) -> Result<Future<T>, Error> {
        let (promise, future) = self.promise(what);
        self.remote.submit(call, promise).map(|()| future)
    }
}
