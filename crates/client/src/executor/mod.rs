//! `concurrent.futures` over a service: the executor whose queue outlives the program.
//!
//! ```text
//!  submit ──► Ledger: waiting ──► sender ── POST /v1/jobs ──► at the service ──► listener ── POST /v1/results ──► futures
//!             one a moment's calls that are alike            (job, number)      what is open, and then is over
//! ```

mod task_ref;
pub use task_ref::TaskRef;

mod ledger;

mod line;

mod batch;

mod sender;

mod listener;

mod verdict;

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use ganger::remote::{Call, Promise, Remote};
use ganger::{Error, Executor, Future, Pool, Waiting};

use crate::endpoint::Endpoint;
use ledger::Ledger;
use listener::Listener;
use sender::Sender;

/// How many tasks of a map are on their way, in threes.
const WINDOW: usize = 1_000;
/// How long a service may be out of reach.
const PATIENCE: Duration = Duration::from_secs(300);

/// Has a service call the program's registered functions. Its queue must be one of functions, and its worker program built
/// from the same sources as this one: the same file does well.
///
/// What the service has accepted is run even if this program ends: dropping the executor, or its futures, cancels nothing.
/// [`id`](Self::id) says where a task is to be found, and [`future`](Self::future) finds it, in another run or on another machine.
/// A service that is restarted is waited for.
///
/// ```no_run
/// use ganger::Executor;
/// use ganger_client::ServiceExecutor;
///
/// #[ganger::task]
/// fn square(n: u64) -> u64 { n * n }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     ganger::init();
///     let executor = ServiceExecutor::connect(&"unix:/run/ganger.sock".parse()?, "functions")?;
///     let future = executor.submit(square, 12)?;
///     println!("{} if I should not come back", executor.id(&future)?);
///     assert_eq!(future.result()?, 144);
///     assert_eq!(executor.map(square, 1..=3)?.sum::<Result<u64, _>>()?, 14);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct ServiceExecutor {
    pool: Pool,
    ledger: Arc<Ledger>,
}

impl ServiceExecutor {
    /// An executor over a queue of functions.
    ///
    /// # Errors
    /// When nobody listens there, or what does is no service.
    pub fn connect(service: &Endpoint, queue: &str) -> io::Result<Self> {
        Self::with_patience(service, queue, PATIENCE)
    }

    /// As [`connect`](Self::connect). When the service has been out of reach for `patience`, five minutes otherwise, futures
    /// are told so; their tasks may be run all the same.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn with_patience(service: &Endpoint, queue: &str, patience: Duration) -> io::Result<Self> {
        let mut line = line::Line::new(service.clone());
        line.check()?;
        let ledger = Arc::new(Ledger::default());
        let sender = Sender::new(line, queue, patience, Arc::clone(&ledger));
        let listener = Listener::new(line::Line::new(service.clone()), patience, Arc::clone(&ledger));
        thread::Builder::new().name("ganger-sender".to_owned()).spawn(move || sender.run())?;
        thread::Builder::new().name("ganger-listener".to_owned()).spawn(move || listener.run())?;
        let remote = Arc::new(Door(Arc::clone(&ledger)));
        let pool = Pool::builder().name(queue).workers(WINDOW).elsewhere(remote).map_err(io::Error::other)?;
        Ok(Self { pool, ledger })
    }

    /// Where a task is to be found, once the service has accepted it: that is waited for.
    ///
    /// # Errors
    /// When it was refused, or cancelled before that; when the future is of another executor.
    pub fn id<T>(&self, future: &Future<T>) -> io::Result<TaskRef> {
        let task = future.remote_task();
        task.and_then(|task| self.ledger.place(task)).ok_or_else(|| {
            io::Error::other("the service has not accepted it: its future says why, if it is one of this executor")
        })
    }

    /// The future of a task that the service has, whoever handed it in. What it gives must be of the type `T`; a task that
    /// is none of the service's is told by its future.
    ///
    /// # Errors
    /// None as a rule: the executor is there.
    pub fn future<T>(&self, id: TaskRef) -> Result<Future<T>, Error> {
        let (promise, future) = self.pool.promise(&format!("task {id}"))?;
        self.ledger.expect(id, promise);
        Ok(future)
    }

    /// Waits until the service has accepted what was handed in so far. False: not within the time.
    #[must_use]
    pub fn flush(&self, timeout: Duration) -> bool {
        self.ledger.flush(Instant::now().checked_add(timeout))
    }
}

impl Executor for ServiceExecutor {
    fn pool(&self) -> &Pool {
        &self.pool
    }
}

/// What was handed in is accepted first, however long that takes. It is not waited for: its queue outlives the program.
impl Drop for ServiceExecutor {
    fn drop(&mut self) {
        self.ledger.flush(None);
        self.ledger.close();
    }
}

/// Where the pool's calls go.
struct Door(Arc<Ledger>);

impl Remote for Door {
    fn submit(&self, call: Call, promise: Promise) -> Result<(), Error> {
        self.0.hand_in(call, promise);
        Ok(())
    }

    fn cancel(&self, task: u64) {
        self.0.cancel(task);
    }

    fn close(&self, waiting: Waiting) {
        match waiting {
            Waiting::Run => {}
            Waiting::Cancel => self.0.cancel_all(),
        }
    }
}
