//! `concurrent.futures`: one trait, and three executors that differ by a word. A fourth, whose queue outlives the program, is
//! `ganger_client::ServiceExecutor`.

use crate::builder::{PoolBuilder, StartMethod};
use crate::error::{Error, SubmitError};
use crate::future::Future;
use crate::mapping::Mapping;
use crate::pool::Pool;
use crate::task::{Portable, Task};

/// Whether [`Executor::shutdown`] returns at once.
///
/// ```
/// use ganger::{Executor, InlineExecutor, Wait, Waiting};
///
/// # fn main() -> Result<(), ganger::Error> {
/// # ganger::init();
/// InlineExecutor::new(1)?.shutdown(Wait::No, Waiting::Run);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// When everything accepted is done and the workers are gone.
    ForAll,
    /// At once; the work goes on.
    No,
}

/// What becomes of tasks that wait when an executor is shut down.
///
/// ```
/// use ganger::{Executor, ThreadPoolExecutor, Wait, Waiting};
///
/// # #[ganger::task]
/// # fn square(n: u64) -> u64 { n * n }
/// # fn main() -> Result<(), ganger::Error> {
/// # ganger::init();
/// let executor = ThreadPoolExecutor::new(1)?;
/// let future = executor.submit(square, 3)?;
/// executor.shutdown(Wait::ForAll, Waiting::Run);
/// assert_eq!(future.result()?, 9);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// They are done.
    Run,
    /// They are cancelled; those that run are done.
    Cancel,
}

/// Something that runs tasks.
///
/// ```
/// use ganger::{Error, Executor, InlineExecutor, ThreadPoolExecutor};
///
/// #[ganger::task]
/// fn square(n: u64) -> u64 { n * n }
///
/// fn sum(executor: &impl Executor) -> Result<u64, Error> {
///     executor.map(square, 1..=3)?.sum()
/// }
///
/// # fn main() -> Result<(), ganger::Error> {
/// ganger::init();
/// assert_eq!((sum(&InlineExecutor::new(1)?)?, sum(&ThreadPoolExecutor::new(2)?)?), (14, 14));
/// # Ok(()) }
/// ```
pub trait Executor {
    /// The pool underneath. Its tasks may run [`elsewhere`](PoolBuilder::elsewhere).
    fn pool(&self) -> &Pool;

    /// Hands a task in, and gives the future of its result.
    ///
    /// # Errors
    /// As [`Pool::submit`].
    fn submit<F, A, S>(&self, f: F, args: A) -> Result<Future<F::Output>, SubmitError<A>>
    where
        F: Task<A, S>,
        A: Portable,
    {
        self.pool().submit(f, args)
    }

    /// Calls a function with each item; results come in the items' order, items are taken as results are.
    /// [`Mapping::timeout`] limits the whole, [`Mapping::buffer_size`] how many are taken ahead.
    ///
    /// # Errors
    /// When the function is not registered.
    fn map<F, A, S, I>(&self, f: F, items: I) -> Result<Mapping<I::IntoIter, F::Output>, Error>
    where
        F: Task<A, S>,
        A: Portable,
        F::Output: Portable,
        I: IntoIterator<Item = A>,
    {
        self.pool().imap(f, items)
    }

    /// Takes no more tasks. May be called again.
    fn shutdown(&self, wait: Wait, waiting: Waiting) {
        match waiting {
            Waiting::Run => self.pool().close(),
            Waiting::Cancel => self.pool().interrupt(),
        }
        if wait == Wait::ForAll {
            // Without a time limit it can only end.
            let _ = self.pool().join(None);
        }
    }
}

macro_rules! executor {
    ($(#[$doc:meta])* $name:ident, $build:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            pool: Pool,
        }

        impl $name {
            /// An executor with so many workers.
            ///
            /// # Errors
            /// As [`PoolBuilder::build`].
            pub fn new(max_workers: usize) -> Result<Self, Error> {
                Self::with(Pool::builder().workers(max_workers))
            }

            /// An executor over a pool that is described in more detail.
            ///
            /// # Errors
            /// As [`PoolBuilder::build`].
            pub fn with(builder: PoolBuilder) -> Result<Self, Error> {
                let build: fn(PoolBuilder) -> PoolBuilder = $build;
                Ok(Self { pool: build(builder).eager(false).build()? })
            }
        }

        impl Executor for $name {
            fn pool(&self) -> &Pool {
                &self.pool
            }
        }

        /// Everything accepted is done first, as when Python leaves `with`.
        impl Drop for $name {
            fn drop(&mut self) {
                self.shutdown(Wait::ForAll, Waiting::Run);
            }
        }
    };
}

executor! {
    /// Runs tasks in processes, each started when a task finds none idle: by `StartMethod::Zygote`, unless
    /// [`with`](Self::with) is given a builder that says `Spawn`.
    ProcessPoolExecutor, |builder| match builder.method() {
        StartMethod::Spawn => builder,
        StartMethod::Zygote | StartMethod::Thread | StartMethod::Inline => builder.start_method(StartMethod::Zygote),
    }
}

executor! {
    /// Runs tasks in threads of this process. [`with`](Self::with) a builder that says no number there are four more than
    /// processors, as they wait as a rule, and at most 32: as Python has it.
    ThreadPoolExecutor, |builder| {
        builder.start_method(StartMethod::Thread).workers_unless_told((crate::cpu_count() + 4).min(32))
    }
}

executor! {
    /// Runs tasks in the caller.
    InlineExecutor, |builder| builder.start_method(StartMethod::Inline)
}
