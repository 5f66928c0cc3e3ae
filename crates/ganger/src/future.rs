//! ④ The outcome of a task, as its caller holds it.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Poller, Poll};
use std::time::{Duration, Instant};

use ganger_proto::TaskId;
use ganger_proto::codec;
use ganger_proto::message::Verdict;
use ganger_proto::outcome::{FailureKind, Panic};
use ganger_proto::spec::Function;

use crate::command::decoded;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind};
use crate::passing;
use crate::registry;
use crate::remote::Elsewhere;
use crate::slot::{Detail, Ended, Hook, How, Reading, Told};
use crate::task::Portable;
use crate::task_error::{Context, TaskError, Why};
use crate::worker::panic::text_of;

/// The result of a task that may still run: `concurrent.futures.Future`, or `AsyncResult`, typed.
///
/// It is also a `std::future::Future`, for any executor. Dropping it cancels nothing.
///
/// ```
/// use ganger::Pool;
///
/// # #[ganger::task]
/// # fn square(n: u64) -> u64 { n * n }
/// # fn main() -> Result<(), ganger::Error> {
/// # ganger::init();
/// let pool = Pool::new(1)?;
/// let future = pool.submit(square, 12)?;
/// assert_eq!(future.result()?, 144);
/// # Ok(()) }
/// ```
pub struct Future<T> {
    pub(crate) slot: Reading,
    pub(crate) what: What,
    pub(crate) bringer: Bringer,
    pub(crate) result: PhantomData<fn() -> T>,
}

/// Who brings the outcome.
#[derive(Clone)]
pub(crate) enum Bringer {
    /// The caller itself: it is there before anyone could wait.
    Caller,
    /// A pool, of which it is this task.
    Pool(Arc<Engine>, TaskId),
    /// Somebody elsewhere, by this number.
    Remote(Arc<Elsewhere>, u64),
}

/// What a task is called.
#[derive(Clone)]
pub(crate) struct What {
    pub(crate) function: Function,
    pub(crate) name: Option<Arc<str>>,
}

impl What {
    fn shown(&self) -> String {
        self.name.as_deref().map_or_else(|| registry::name_of(self.function), ToOwned::to_owned)
    }
}

impl<T> Future<T> {
    /// Whether the task has its outcome. Never waits.
    #[must_use]
    pub fn done(&self) -> bool {
        if let (false, Bringer::Pool(engine, _)) = (self.slot.is_filled(), &self.bringer) {
            engine.look();
        }
        self.slot.is_filled()
    }

    /// Whether the task was cancelled.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        let cancelled = |ended: &Ended| matches!(ended, Ended::Other(d) if matches!(d.how, How::Cancelled));
        self.slot.peek(cancelled).unwrap_or(false)
    }

    /// Whether a worker is at the task. Never waits. One that was handed to a worker, and stands behind another there, is
    /// not running yet; one whose outcome is on its way is no longer.
    #[must_use]
    pub fn running(&self) -> bool {
        !self.done()
            && match &self.bringer {
                Bringer::Caller => false,
                Bringer::Pool(engine, task) => engine.turn().is_running(*task),
                Bringer::Remote(elsewhere, task) => elsewhere.remote.is_running(*task),
            }
    }

    /// Ends the task, even if it runs: its worker is killed for it, and no other task suffers. On threads a running
    /// task cannot be ended, and goes on.
    ///
    /// True if the task has no outcome yet: it will be `Cancelled`, unless its result is on the way already.
    pub fn cancel(&self) -> bool {
        if self.done() {
            return self.cancelled();
        }
        match &self.bringer {
            Bringer::Caller => return false,
            Bringer::Pool(engine, task) => engine.cancel(*task),
            Bringer::Remote(elsewhere, task) => elsewhere.remote.cancel(*task),
        }
        true
    }

    /// Waits for the outcome. False: not before the deadline.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        match &self.bringer {
            Bringer::Caller => {}
            Bringer::Pool(engine, _) => return engine.wait_for(&*self.slot, deadline),
            Bringer::Remote(..) => self.slot.sleep(deadline),
        }
        self.slot.is_filled()
    }

    /// Number `index` of what `told` waits for; told at once if it is done.
    pub(crate) fn tell(&self, told: Arc<dyn Told>, index: usize) {
        if let Some(Hook::Tell(told, index)) = self.slot.hook(Hook::Tell(told, index)) {
            told.tell(index);
        }
    }

    /// Calls `f` once, on the pool's callback thread, when the task has its outcome.
    pub(crate) fn when_done(&self, f: impl FnOnce() + Send + 'static) {
        if let Some(hook) = self.slot.hook(Hook::Call(Box::new(f))) {
            match &self.bringer {
                Bringer::Caller => run(None, hook),
                Bringer::Pool(engine, _) => run(Some(engine), hook),
                Bringer::Remote(elsewhere, _) => elsewhere.ledger.run(hook),
            }
        }
    }

    /// Another reader of the same outcome.
    pub(crate) fn handle(&self) -> Self {
        Self { slot: self.slot.clone(), what: self.what.clone(), bringer: self.bringer.clone(), result: PhantomData }
    }

    /// The number of a task that runs elsewhere, as [`Promise::task`](crate::remote::Promise::task) tells it to the other side.
    #[must_use]
    pub fn remote_task(&self) -> Option<u64> {
        if let Bringer::Remote(_, task) = &self.bringer { Some(*task) } else { None }
    }

    /// The same outcome, read as what it is.
    pub(crate) fn of<R>(&self) -> Future<R> {
        let Self { slot, what, bringer, .. } = self.handle();
        Future { slot, what, bringer, result: PhantomData }
    }

    fn context(&self, detail: &Detail) -> Context {
        Context { task: self.what.shown(), attempts: detail.attempts, worker: detail.worker }
    }
}

impl<T: Portable> Future<T> {
    /// The task's result, or why there is none. Waits as long as it takes; may be asked again.
    ///
    /// # Errors
    /// When the task panicked, was cancelled, ran out of time, killed its worker on every attempt, or never ran.
    ///
    /// An error that the task itself returned is no error here: for a function that gives a `Result<A, B>`, that is
    /// what this gives: `future.result()??`.
    pub fn result(&self) -> Result<T, TaskError> {
        self.wait(None);
        self.read()
    }

    /// As [`result`](Self::result), for at most `timeout`.
    ///
    /// # Errors
    /// As [`result`](Self::result); and one that [`is_timeout`](Error::is_timeout), while the task goes on.
    pub fn result_timeout(&self, timeout: Duration) -> Result<T, Error> {
        if !self.wait(Instant::now().checked_add(timeout)) {
            return Err(Error::new(ErrorKind::StillRunning { waited: timeout }));
        }
        Ok(self.read()?)
    }

    /// Why there is no result; none if there is one. Waits as long as it takes.
    #[must_use]
    pub fn exception(&self) -> Option<TaskError> {
        self.result().err()
    }

    /// Calls `f` with the outcome, once, on the pool's callback thread. A callback that panics is logged, and harms
    /// nothing; one that blocks holds up other callbacks only.
    pub fn add_done_callback(&self, f: impl FnOnce(Result<T, TaskError>) + Send + 'static) {
        let own = Self { bringer: Bringer::Caller, ..self.handle() };
        self.when_done(move || f(own.read()));
    }

    /// Decodes the outcome, which is there.
    pub(crate) fn read(&self) -> Result<T, TaskError> {
        let read = self.slot.peek(|ended| match ended {
            Ended::Returned { body, .. } => decode(body),
            Ended::Other(detail) => why(&detail.how).map_err(|w| *w),
        });
        let read = read.unwrap_or(Err(Why::Cancelled));
        read.map_err(|why| {
            let context = self.slot.peek(|ended| match ended {
                Ended::Returned { .. } => Context { task: self.what.shown(), ..Context::default() },
                Ended::Other(detail) => self.context(detail),
            });
            TaskError::new(why, context.unwrap_or_default())
        })
    }
}

/// Does what a filled slot asks for; in the caller where tasks run there.
pub(crate) fn run(engine: Option<&Engine>, hook: Hook) {
    match (engine, hook) {
        (Some(engine), hook) => engine.run(hook),
        (None, Hook::Call(callback)) => crate::inline::call_back(callback),
        (None, Hook::Wake(_) | Hook::Tell(..)) => {}
    }
}

/// A type's own decoding is the user's code: if it panics, that is an error like any other.
fn decode<T: Portable>(bytes: &[u8]) -> Result<T, Why> {
    let decoded = catch_unwind(AssertUnwindSafe(|| codec::decode(bytes, u64::MAX)));
    let panicked = |payload: Box<dyn Any + Send>| Why::Undecodable(format!("panic: {}", text_of(&*payload)));
    decoded.map_err(panicked)?.map_err(|e| Why::Undecodable(e.to_string()))
}

/// The value of a task that returned an error, or why there is no value.
fn why<T: Portable>(how: &How) -> Result<T, Box<Why>> {
    Err(Box::new(match how {
        How::ReturnedWith(body, came) => {
            return passing::receiving(came.clone(), || decode(body)).map_err(Box::new);
        }
        How::Reported(Verdict::Panicked, body) => match codec::decode::<Panic>(body, u64::MAX) {
            Ok(panic) => Why::Panicked(panic),
            Err(e) => Why::Undecodable(e.to_string()),
        },
        How::Reported(Verdict::Returned | Verdict::Failed, body) => {
            let failure = decoded(body);
            if let (FailureKind::Task, Some(value)) = (failure.kind, &failure.value) {
                return decode(value).map_err(Box::new);
            }
            Why::Failed(failure)
        }
        How::Crashed(exits) => Why::Crashed(exits.clone()),
        How::TimedOut(limit) => Why::TimedOut(*limit),
        How::Cancelled => Why::Cancelled,
        How::NotStarted(why) => Why::NotStarted(why.clone()),
    }))
}

impl<T: Portable> std::future::Future for Future<T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<Self::Output> {
        if self.slot.set_waker(poller.waker()) { Poll::Pending } else { Poll::Ready(self.read()) }
    }
}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.slot.is_filled() { "done" } else { "pending" };
        write!(f, "Future({}, {state})", self.what.shown())
    }
}
