//! Supervised worker processes for CPU-heavy work.

mod bootstrap;

mod registry;

mod task;
pub use ganger_macros::task;
pub use task::{Portable, Task};

mod builder;
pub use builder::{PoolBuilder, StartMethod};

mod pool;
pub use pool::Pool;

mod options;
pub use options::TaskOptions;

mod shared;
pub use shared::Shared;

mod mapping;
pub use mapping::Mapping;

mod exit;

mod engine;

mod signals;

mod inline;

mod worker;
pub use worker::{Current, current, init};

mod slot;

mod latch;

mod future;
pub use future::Future;

mod gather;
pub use gather::{AsCompleted, ReturnWhen, Waited, as_completed, wait};

mod executor;
pub use executor::{Executor, InlineExecutor, ProcessPoolExecutor, ThreadPoolExecutor, Wait, Waiting};

mod command;
pub use command::{Report, Reports, command_end};

mod error;
pub use error::{Error, SubmitError, TaskError};

mod harness;

pub use ganger_proto::message::Stream;
pub use ganger_proto::outcome::{CommandEnd, Exit, Failure, FailureKind, NotStarted, Outcome, Panic, PoolFailure};
pub use ganger_proto::policy::{Backoff, Prefetch, Restart};
pub use ganger_proto::spec::{Bytes, Command, Output as CommandOutput, SLOT};
pub use ganger_proto::{SharedId, TaskId};

/// How many processors this process may use: those of its affinity, and no more than its cgroup's quota.
#[must_use]
pub fn cpu_count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// For the code that `#[ganger::task]` and the other macros write.
#[doc(hidden)]
pub mod __private {
    pub use crate::__error_text as error_text;
    pub use crate::harness::ENTRANCES;
    pub use crate::registry::{Entry, TASKS};
    pub use crate::task::type_id;
    pub use crate::worker::invocation::{Debugged, Displayed, Invocation, NoError, Probe};
    pub use linkme;
}
