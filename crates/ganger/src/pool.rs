//! ① A pool of workers: `multiprocessing.Pool`, typed.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ganger_machine::Event;
use ganger_proto::TaskId;
use ganger_proto::spec::{Command, Function, Role};

use crate::arguments::encoded;
use crate::builder::{PoolBuilder, StartMethod};
use crate::command::Reports;
use crate::engine::Engine;
use crate::engine::settings::Settings;
use crate::engine::table::{Payload, Work};
use crate::error::{Error, ErrorKind, SubmitError};
use crate::executor::Waiting;
use crate::future::{Bringer, Future, What};
use crate::inline;
use crate::map_result::MapResult;
use crate::mapping::{Mapping, Order};
use crate::options::TaskOptions;
use crate::remote::Elsewhere;
use crate::shared::Naming;
use crate::slot::Reading;
use crate::task::{Portable, Task, lookup};

/// A set of workers with one queue. Cloning it gives another handle to the same pool; when the last handle is dropped
/// the pool is terminated, as leaving Python's `with Pool()` does.
///
/// ```
/// use ganger::Pool;
///
/// #[ganger::task]
/// fn square(n: u64) -> u64 { n * n }
///
/// # fn main() -> Result<(), ganger::Error> {
/// ganger::init();
/// let pool = Pool::new(2)?;
/// assert_eq!((pool.apply(square, 7)?, pool.map(square, [1, 2, 3])?), (49, vec![1, 4, 9]));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Arc<Settings>,
    /// None where tasks run in the caller, or elsewhere.
    engine: Option<Arc<Engine>>,
    elsewhere: Option<Arc<Elsewhere>>,
    defaults: TaskOptions,
    closed: AtomicBool,
}

impl Drop for Inner {
    fn drop(&mut self) {
        match self.engine.take() {
            // The copy of a fork: what it holds is its parent's to stop.
            Some(engine) if engine.at_home().is_err() => std::mem::forget(engine),
            Some(engine) => {
                engine.stop(Event::Terminate);
                engine.join(Some(self.settings.policy.grace + Duration::from_secs(1)));
            }
            None => {}
        }
    }
}

impl Pool {
    /// A pool of so many workers, with everything else as it is by default.
    ///
    /// # Errors
    /// As [`PoolBuilder::build`].
    pub fn new(workers: usize) -> Result<Self, Error> {
        Self::builder().workers(workers).build()
    }

    /// To say more.
    #[must_use]
    pub fn builder() -> PoolBuilder {
        PoolBuilder::default()
    }

    pub(crate) fn start(settings: Settings, defaults: TaskOptions) -> Result<Self, Error> {
        let inline = settings.method == StartMethod::Inline;
        if matches!(settings.method, StartMethod::Thread | StartMethod::Inline) {
            inline::prepare(&settings)?;
        }
        let settings = Arc::new(settings);
        let engine = if inline { None } else { Some(Engine::start(Arc::clone(&settings))?) };
        Ok(Self {
            inner: Arc::new(Inner { settings, engine, elsewhere: None, defaults, closed: AtomicBool::new(false) }),
        })
    }

    /// The same pool, with its tasks elsewhere.
    pub(crate) fn moved(self, elsewhere: Elsewhere) -> Self {
        let (settings, defaults) = (Arc::clone(&self.inner.settings), self.inner.defaults.clone());
        let elsewhere = Some(Arc::new(elsewhere));
        Self { inner: Arc::new(Inner { settings, engine: None, elsewhere, defaults, closed: AtomicBool::new(false) }) }
    }

    /// Hands a task in, and gives the future of its result: `Executor.submit`, `Pool.apply_async`.
    ///
    /// # Errors
    /// When the function is not registered, the arguments cannot be encoded or are above the payload limit, or the pool
    /// takes no more tasks. The arguments come back in the error.
    pub fn submit<F, A, S>(&self, f: F, args: A) -> Result<Future<F::Output>, SubmitError<A>>
    where
        F: Task<A, S>,
        A: Portable,
    {
        self.submit_with(&self.inner.defaults, f, args)
    }

    /// As [`submit`](Self::submit), with options for this task.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn submit_with<F, A, S>(
        &self,
        options: &TaskOptions,
        _: F,
        args: A,
    ) -> Result<Future<F::Output>, SubmitError<A>>
    where
        F: Task<A, S>,
        A: Portable,
    {
        let submitted = lookup::<F>().and_then(|function| {
            let payload = self.payload(Work::Call(function), &args)?;
            self.enqueue(payload, function, options)
        });
        submitted.map_err(|error| SubmitError { args, error })
    }

    /// Calls a function in a worker and waits for its result: `Pool.apply`.
    ///
    /// # Errors
    /// As [`submit`](Self::submit) and [`Future::result`].
    pub fn apply<F, A, S>(&self, f: F, args: A) -> Result<F::Output, Error>
    where
        F: Task<A, S>,
        A: Portable,
        F::Output: Portable,
    {
        Ok(self.submit(f, args)?.result()?)
    }

    /// Another word for [`submit`](Self::submit), for those who come from `multiprocessing`.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn apply_async<F, A, S>(&self, f: F, args: A) -> Result<Future<F::Output>, SubmitError<A>>
    where
        F: Task<A, S>,
        A: Portable,
    {
        self.submit(f, args)
    }

    /// Calls a function with each item and gives the results in the items' order: `Pool.map`. Items are packed into
    /// tasks of 50–500 µs of work, and only so many are taken ahead as the workers need.
    ///
    /// # Errors
    /// The error of the first item, by position, that has one; what was not yet handed out is then not handed out.
    pub fn map<F, A, S>(&self, f: F, items: impl IntoIterator<Item = A>) -> Result<Vec<F::Output>, Error>
    where
        F: Task<A, S>,
        A: Portable,
        F::Output: Portable,
    {
        self.imap(f, items)?.gather()
    }

    /// As [`map`](Self::map), but hands all items in and returns at once: `Pool.map_async`.
    ///
    /// # Errors
    /// When the function is not registered.
    pub fn map_async<F, A, S>(&self, _: F, items: impl IntoIterator<Item = A>) -> Result<MapResult<A, F::Output>, Error>
    where
        F: Task<A, S>,
        A: Portable,
        F::Output: Portable,
    {
        let items: Vec<A> = items.into_iter().collect();
        let (count, function) = (items.len(), lookup::<F>()?);
        let mapping = Mapping::new(self.clone(), function, items.into_iter(), Order::Input);
        Ok(MapResult::new(mapping, count, self.workers()))
    }

    /// As [`map`](Self::map) for a function of several arguments, with tuples as items: `Pool.starmap`.
    ///
    /// # Errors
    /// As [`map`](Self::map).
    pub fn starmap<F, A, S>(&self, f: F, items: impl IntoIterator<Item = A>) -> Result<Vec<F::Output>, Error>
    where
        F: Task<A, S>,
        A: Portable,
        F::Output: Portable,
    {
        self.map(f, items)
    }

    /// As [`map`](Self::map), but gives each result as soon as it and all before it are there: `Pool.imap`. Items may be
    /// endless: they are taken as results are.
    ///
    /// # Errors
    /// When the function is not registered. Errors of items come in their places, and the items after them go on.
    pub fn imap<F, A, S, I>(&self, _: F, items: I) -> Result<Mapping<I::IntoIter, F::Output>, Error>
    where
        F: Task<A, S>,
        A: Portable,
        F::Output: Portable,
        I: IntoIterator<Item = A>,
    {
        Ok(Mapping::new(self.clone(), lookup::<F>()?, items.into_iter(), Order::Input))
    }

    /// As [`imap`](Self::imap), in the order in which results come: `Pool.imap_unordered`.
    ///
    /// # Errors
    /// As [`imap`](Self::imap).
    pub fn imap_unordered<F, A, S, I>(&self, _: F, items: I) -> Result<Mapping<I::IntoIter, F::Output>, Error>
    where
        F: Task<A, S>,
        A: Portable,
        F::Output: Portable,
        I: IntoIterator<Item = A>,
    {
        Ok(Mapping::new(self.clone(), lookup::<F>()?, items.into_iter(), Order::Completion))
    }

    /// Runs a program as a task; what becomes of it is reported to `reports`.
    ///
    /// # Errors
    /// When the pool takes no more tasks, or its tasks run in the caller. The command comes back in the error.
    pub fn run_command(
        &self,
        command: Command,
        options: &TaskOptions,
        reports: &Reports,
    ) -> Result<TaskId, SubmitError<Command>> {
        let submitted = self.for_commands().and_then(|()| self.payload(Work::Command, &command)).and_then(|payload| {
            let engine = self.inner.engine.as_ref().ok_or_else(|| {
                Error::new(ErrorKind::Invalid { what: "start_method(Inline)", why: "commands need workers" })
            })?;
            engine.submit_command(payload, &reports.queue, &options.policy).map_err(Error::new)
        });
        submitted.map_err(|error| SubmitError { args: command, error })
    }

    /// Tells `reports` of signals and of missing workers even before its first command. Who may wait before that needs it.
    pub fn follow(&self, reports: &Reports) {
        if let Some(engine) = &self.inner.engine {
            engine.follow(&reports.queue);
        }
    }

    fn for_commands(&self) -> Result<(), Error> {
        let why = "this pool's workers are made for functions: build it with PoolBuilder::for_commands()";
        let refused = || Error::new(ErrorKind::Invalid { what: "run_command", why });
        (self.inner.settings.role == Role::Commands).then_some(()).ok_or_else(refused)
    }

    /// Ends a task, even if it runs. Unknown ones are ignored.
    pub fn cancel(&self, task: TaskId) {
        if let Some(engine) = &self.inner.engine {
            engine.cancel(task);
        }
    }

    /// No new tasks; what was accepted is done, then the workers end: `Pool.close`.
    pub fn close(&self) {
        self.stop(Event::Close);
    }

    /// As the first Ctrl-C: what waits is cancelled, what runs may finish.
    pub fn interrupt(&self) {
        self.stop(Event::Interrupt);
    }

    /// As the second: what runs is asked to end, and killed after the grace: `Pool.terminate`.
    pub fn terminate(&self) {
        self.stop(Event::Terminate);
    }

    /// As the third: what runs is killed.
    pub fn kill(&self) {
        self.stop(Event::Kill);
    }

    fn stop(&self, event: Event) {
        self.inner.closed.store(true, Ordering::Relaxed);
        if let Some(elsewhere) = &self.inner.elsewhere {
            elsewhere.remote.close(if matches!(event, Event::Close) { Waiting::Run } else { Waiting::Cancel });
        }
        if let Some(engine) = &self.inner.engine {
            engine.stop(event);
        }
    }

    /// Waits until the last worker of a pool that was closed or terminated is gone: `Pool.join`, with a time limit
    /// (`None`: as long as it takes).
    ///
    /// # Errors
    /// When the pool is still open, or not ended in time.
    pub fn join(&self, timeout: Option<Duration>) -> Result<(), Error> {
        if !self.inner.closed.load(Ordering::Relaxed) && !self.is_failed() {
            return Err(Error::new(ErrorKind::StillOpen));
        }
        let ended = match (&self.inner.engine, &self.inner.elsewhere) {
            (Some(engine), _) => engine.join(timeout),
            (None, Some(elsewhere)) => elsewhere.ledger.wait(timeout),
            (None, None) => true,
        };
        let waited = timeout.unwrap_or_default();
        if ended { Ok(()) } else { Err(Error::new(ErrorKind::StillRunning { waited })) }
    }

    fn is_failed(&self) -> bool {
        self.inner.engine.as_ref().is_some_and(|engine| engine.turn().failure.is_some())
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.inner.settings
    }

    pub(crate) fn engine(&self) -> Option<&Arc<Engine>> {
        self.inner.engine.as_ref()
    }

    pub(crate) fn somewhere_else(&self) -> Option<&Arc<Elsewhere>> {
        self.inner.elsewhere.as_ref()
    }

    pub(crate) fn role(&self) -> &Role {
        &self.inner.settings.role
    }

    pub(crate) fn defaults(&self) -> &TaskOptions {
        &self.inner.defaults
    }

    pub(crate) fn payload_limit(&self) -> u64 {
        self.inner.settings.payload_limit
    }

    fn payload<A: Portable>(&self, work: Work, args: &A) -> Result<Payload, Error> {
        let naming = self.naming();
        let bytes = encoded(args, self.inner.settings.payload_limit)?;
        Ok(Payload { work, bytes, shared: naming.end().ids() })
    }

    /// What this thread encodes from now on may name this pool's shared values.
    pub(crate) fn naming(&self) -> Naming {
        match &self.inner.elsewhere {
            Some(_) => Naming::nothing(),
            None => Naming::begin(&self.inner.settings, self.inner.engine.as_ref()),
        }
    }

    pub(crate) fn enqueue<T>(
        &self,
        payload: Payload,
        function: Function,
        options: &TaskOptions,
    ) -> Result<Future<T>, Error> {
        let what = What { function, name: options.name.clone() };
        let Some(engine) = &self.inner.engine else {
            if self.inner.closed.load(Ordering::Relaxed) {
                return Err(Error::new(ErrorKind::Closed));
            }
            if let Some(elsewhere) = &self.inner.elsewhere {
                return elsewhere.submit(payload.call(function, options), what);
            }
            return Ok(inline::run(&payload, what, self.inner.settings.payload_limit));
        };
        let (task, slot) = engine.submit(payload, &options.policy).map_err(Error::new)?;
        Ok(Future {
            slot: Reading::first(slot),
            what,
            bringer: Bringer::Pool(Arc::clone(engine), task),
            result: PhantomData,
        })
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({}, {} workers)", self.inner.settings.name, self.workers())
    }
}
