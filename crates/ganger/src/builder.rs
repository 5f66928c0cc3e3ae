//! What a pool is to be: collected here, checked once, by [`build`](PoolBuilder::build).

use std::ffi::OsString;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ganger_proto::codec::{self, DEFAULT_PAYLOAD_LIMIT};
use ganger_proto::fault::Fault;
use ganger_proto::policy::{PoolPolicy, Prefetch, Restart};
use ganger_proto::spec::{Bytes, Function, Role};

use crate::engine::settings::{Program, Settings};
use crate::error::{Error, ErrorKind};
use crate::options::TaskOptions;
use crate::pool::Pool;
use crate::task::{Portable, Task, lookup};
use crate::testing::plan;
use crate::worker;

/// The size of a worker's two rings, in bytes each. Their pages come into being when they are first used, and an idle
/// ring stays within its first pages; a message of up to a quarter of this is read where it lies.
const RING_CAPACITY: usize = 8 << 20;

/// The same where workers run programs: what a command prints ahead of its reader fills it, so it is memory in use.
pub(crate) const COMMAND_RING_CAPACITY: usize = 256 << 10;

/// How workers come into being. The same program runs with each.
///
/// ```
/// use ganger::{Pool, StartMethod};
///
/// # fn main() -> Result<(), ganger::Error> {
/// # ganger::init();
/// let pool = Pool::builder().start_method(StartMethod::Thread).workers(2).build()?;
/// assert_eq!(pool.workers(), 2);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StartMethod {
    /// The worker program is executed once, runs the preloads, and forks a worker whenever one is wanted: 0.1 ms and
    /// about 50 KiB each. For everything.
    #[default]
    Zygote,
    /// The worker program is executed for each worker: for programs that have threads before `main`.
    Spawn,
    /// Workers are threads of this process: for work that waits more than it computes. A task that crashes takes the
    /// program with it, and one that runs cannot be ended: at its time limit it is given up, and goes on.
    Thread,
    /// Tasks run in the caller, one after the other: for debugging.
    Inline,
}

/// Builds a [`Pool`].
///
/// ```
/// use ganger::Pool;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), ganger::Error> {
/// # ganger::init();
/// let pool = Pool::builder().name("resize").workers(2).max_tasks_per_worker(1000, 100).stop_grace(Duration::from_secs(3)).build()?;
/// assert_eq!(pool.workers(), 2);
/// assert!(Pool::builder().workers(0).build().is_err());
/// # Ok(()) }
/// ```
pub struct PoolBuilder<P = Pool> {
    /// As many as there are processors, if it was not told.
    workers: Option<usize>,
    policy: PoolPolicy,
    method: StartMethod,
    /// One of its own, if it was not told.
    name: Option<String>,
    program: Option<PathBuf>,
    preload: Vec<(Function, Bytes)>,
    initializer: Option<(Function, Bytes)>,
    payload_limit: u64,
    pub(crate) ring_capacity: usize,
    spin: Duration,
    claim_signals: bool,
    pub(crate) role: Role,
    pub(crate) args: Vec<OsString>,
    pub(crate) without: Vec<OsString>,
    pub(crate) dir: Option<PathBuf>,
    reap_orphans: bool,
    pub(crate) faults: Vec<Fault>,
    defaults: TaskOptions,
    /// The first thing that was wrong; told by `build`.
    error: Option<Error>,
    made: PhantomData<fn() -> P>,
}

impl Default for PoolBuilder {
    fn default() -> Self {
        Self::by(StartMethod::default())
    }
}

impl<P: From<Pool>> PoolBuilder<P> {
    pub(crate) fn by(method: StartMethod) -> Self {
        Self {
            workers: None,
            policy: PoolPolicy::default(),
            method,
            name: None,
            program: None,
            preload: Vec::new(),
            initializer: None,
            payload_limit: DEFAULT_PAYLOAD_LIMIT,
            ring_capacity: RING_CAPACITY,
            spin: Duration::from_micros(50),
            claim_signals: false,
            role: Role::Functions,
            args: Vec::new(),
            dir: None,
            without: Vec::new(),
            reap_orphans: false,
            faults: Vec::new(),
            defaults: TaskOptions::default(),
            error: None,
            made: PhantomData,
        }
    }

    /// How many workers; by default as many as there are processors for this process ([`cpu_count`](crate::cpu_count)).
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// How workers come into being.
    #[must_use]
    pub fn start_method(mut self, method: StartMethod) -> Self {
        self.method = method;
        self
    }

    /// The pool's name, in log records and in what `ps` and `top` call its threads and processes. By default `pool`, of
    /// the second that has no name `pool2`, and so on.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// The program that workers execute, instead of this one. Its `main` calls [`init`](crate::init) first, and it
    /// registers the same tasks: share them in a library crate.
    #[must_use]
    pub fn worker_program(mut self, program: impl AsRef<Path>) -> Self {
        self.program = Some(program.as_ref().to_owned());
        self
    }

    /// Starts all workers at once (the default), or each when a task finds none idle.
    #[must_use]
    pub fn eager(mut self, eager: bool) -> Self {
        self.policy.eager = eager;
        self
    }

    /// Calls `f` once in the zygote, before it forks: what it loads is shared by all workers, copy-on-write. With `Thread`
    /// and `Inline` it is called in this process, by [`build`](Self::build); with `Spawn`, where nothing is shared, in each
    /// worker.
    #[must_use]
    pub fn preload<F, A, S>(mut self, f: F, args: A) -> Self
    where
        F: Task<A, S>,
        A: Portable,
    {
        match encoded(f, &args) {
            Ok(call) => self.preload.push(call),
            Err(error) => drop(self.error.get_or_insert(error)),
        }
        self
    }

    /// Calls `f` in each worker before its first task; with `Inline` in the caller, by [`build`](Self::build). If it fails three times in a row, the pool fails.
    #[must_use]
    pub fn initializer<F, A, S>(mut self, f: F, args: A) -> Self
    where
        F: Task<A, S>,
        A: Portable,
    {
        match encoded(f, &args) {
            Ok(call) => self.initializer = Some(call),
            Err(error) => drop(self.error.get_or_insert(error)),
        }
        self
    }

    /// Replaces a worker after so many tasks, plus a random number of up to `jitter`.
    #[must_use]
    pub fn max_tasks_per_worker(mut self, tasks: u32, jitter: u32) -> Self {
        if tasks == 0 {
            let error = ErrorKind::Invalid { what: "max_tasks_per_worker", why: "a worker needs at least one task" };
            self.error.get_or_insert(Error::new(error));
        }
        self.policy.recycle.after_tasks = Some(tasks);
        self.policy.recycle.jitter = jitter;
        self
    }

    /// Replaces a worker that has more than so many bytes of memory resident after a task.
    #[must_use]
    pub fn memory_mark(mut self, bytes: u64) -> Self {
        self.policy.recycle.memory = Some(bytes);
        self
    }

    /// How long a worker may take to end after it was asked to, before it is killed: 10 s by default.
    #[must_use]
    pub fn stop_grace(mut self, grace: Duration) -> Self {
        self.policy.grace = grace;
        self
    }

    /// How long a worker may take to become ready: 30 s by default. So long, too, a pool that has lost its last worker
    /// goes on trying when it cannot start one for want of descriptors, processes or memory.
    #[must_use]
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.policy.start_timeout = timeout;
        self
    }

    /// How the dead are replaced, and when the pool gives up.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.policy.restart = restart;
        self
    }

    /// How far ahead tasks are handed to workers.
    #[must_use]
    pub fn prefetch(mut self, prefetch: Prefetch) -> Self {
        self.policy.prefetch = prefetch;
        self
    }

    /// Takes SIGINT, SIGTERM, SIGHUP and SIGQUIT for the pool: the first lets what runs finish, the second asks it to end, the
    /// third kills it, and so does SIGQUIT at once. Equal ones within 100 ms are one. A pool for commands takes SIGUSR1 and
    /// SIGUSR2 as well, and reports them as [asked](crate::Report::Asked). A library claims no signal unless asked.
    #[must_use]
    pub fn claim_signals(mut self, claim: bool) -> Self {
        self.claim_signals = claim;
        self
    }

    /// The largest payload of a task, there or back, in bytes: 1 GiB by default.
    #[must_use]
    pub fn payload_limit(mut self, bytes: u64) -> Self {
        self.payload_limit = bytes;
        self
    }

    /// How long those who wait spin before they sleep: 50 µs by default; zero for never. Nobody spins while more
    /// workers run than there are processors.
    #[must_use]
    pub fn spin(mut self, time: Duration) -> Self {
        self.spin = time;
        self
    }

    /// How tasks are treated that are submitted without options of their own.
    #[must_use]
    pub fn task_defaults(mut self, options: TaskOptions) -> Self {
        self.defaults = options;
        self
    }

    /// The pool's workers run programs ([`Pool::run_command`]). The whole tree of a program ends with it: what it has
    /// started in the background is killed when it has ended, and so it is when it is cancelled, when its worker dies,
    /// and when this process is killed.
    #[must_use]
    pub fn for_commands(mut self) -> Self {
        self.role = Role::Commands;
        self.ring_capacity = COMMAND_RING_CAPACITY;
        self
    }

    /// Makes this process the one that its descendants come to when their parent dies, and kills those that do: what a
    /// command started and moved out of its process group then dies with the command even if the worker was killed.
    ///
    /// For a program whose only children are those of its pools, processes and managers: a child that it has started by other
    /// means, by `std::process` say, would be killed as well.
    #[must_use]
    pub fn reap_orphans(mut self, reap: bool) -> Self {
        self.reap_orphans = reap;
        self
    }

    /// Leaves these variables out of the workers' environment, and so of all that they start: what is for this program
    /// alone, as the words of who supervises it are.
    #[must_use]
    pub fn without_variables<N: Into<OsString>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.without.extend(names.into_iter().map(Into::into));
        self
    }

    /// Makes the pool, and starts its workers.
    ///
    /// # Errors
    /// When the options make no sense, a function is not registered, the worker program does not exist, or this process
    /// is itself a worker that has not called [`init`](crate::init).
    pub fn build(self) -> Result<P, Error> {
        let defaults = self.defaults.clone();
        Pool::start(self.settings()?, defaults).map(P::from)
    }

    pub(crate) fn workers_unless_told(mut self, workers: usize) -> Self {
        self.workers = self.workers.or(Some(workers));
        self
    }

    pub(crate) fn method(&self) -> StartMethod {
        self.method
    }

    pub(crate) fn settings(mut self) -> Result<Settings, Error> {
        if worker::is_uninitialised() {
            return Err(Error::new(ErrorKind::NotInitialised));
        }
        let cpus = crate::cpu_count();
        self.policy.workers = u32::try_from(self.workers.unwrap_or(cpus)).unwrap_or(u32::MAX);
        if self.policy.workers == 0 {
            return Err(Error::new(ErrorKind::NoWorkers));
        }
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let on_threads = matches!(self.method, StartMethod::Thread | StartMethod::Inline);
        if on_threads && matches!(self.role, Role::Host(_) | Role::Lines | Role::Named) {
            let why = "only a worker that is a process answers lines and calls by name: Zygote or Spawn";
            return Err(Error::new(ErrorKind::Invalid { what: "start_method", why }));
        }
        self.policy.can_kill = matches!(self.method, StartMethod::Zygote | StartMethod::Spawn);
        let name = self.name.unwrap_or_else(next_name);
        self.without.push(plan::VARIABLE.into());
        Ok(Settings {
            program: Program { without: self.without, ..program(self.program, self.args, self.dir)? },
            faults: plan::of_pool(&name, self.faults, self.method)?,
            name,
            policy: self.policy,
            method: self.method,
            preload: self.preload,
            initializer: self.initializer,
            payload_limit: self.payload_limit,
            ring_capacity: self.ring_capacity,
            spin: self.spin,
            cpus,
            claim_signals: self.claim_signals,
            role: self.role,
            reap_orphans: self.reap_orphans,
        })
    }
}

/// What a pool is called that was given no name.
fn next_name() -> String {
    static NAMED: AtomicU32 = AtomicU32::new(0);
    match NAMED.fetch_add(1, Ordering::Relaxed) {
        0 => "pool".to_owned(),
        before => format!("pool{}", before.wrapping_add(1)),
    }
}

fn encoded<F, A, S>(_: F, args: &A) -> Result<(Function, Bytes), Error>
where
    F: Task<A, S>,
    A: Portable,
{
    Ok((lookup::<F>()?, codec::encode(args, DEFAULT_PAYLOAD_LIMIT)?.into()))
}

/// The running program by default: as the kernel has it, whatever became of its file since.
fn program(given: Option<PathBuf>, args: Vec<OsString>, dir: Option<PathBuf>) -> Result<Program, Error> {
    let Some(path) = given else {
        let shown = std::env::current_exe().map_or_else(|_| "/proc/self/exe".to_owned(), |p| p.display().to_string());
        return Ok(Program { path: PathBuf::from("/proc/self/exe"), shown, args, dir, without: Vec::new() });
    };
    let shown = path.display().to_string();
    let refused = |why: &str| Err(Error::new(ErrorKind::Program { program: shown.clone(), why: why.to_owned() }));
    match std::fs::metadata(&path) {
        Err(error) => refused(&format!("{error}; give the path of a program that calls ganger::init()")),
        Ok(found) if !found.is_file() => refused("it is no file; give the path of a program"),
        Ok(_) => {
            Ok(Program { path: std::path::absolute(&path).unwrap_or(path), shown, args, dir, without: Vec::new() })
        }
    }
}
