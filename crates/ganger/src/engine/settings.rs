//! What a pool was asked to be: fixed when it is built.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use ganger_proto::fault::Fault;
use ganger_proto::policy::PoolPolicy;
use ganger_proto::spec::{Bytes, Function, Role};

use crate::builder::StartMethod;

pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) policy: PoolPolicy,
    pub(crate) method: StartMethod,
    pub(crate) program: Program,
    pub(crate) preload: Vec<(Function, Bytes)>,
    pub(crate) initializer: Option<(Function, Bytes)>,
    pub(crate) payload_limit: u64,
    pub(crate) ring_capacity: usize,
    /// How long those who wait may spin.
    pub(crate) spin: Duration,
    /// How many processors this process may use.
    pub(crate) cpus: usize,
    pub(crate) claim_signals: bool,
    /// What the workers are for.
    pub(crate) role: Role,
    /// Whether what comes to this process as an orphan is killed.
    pub(crate) reap_orphans: bool,
    /// What a test has ordered to go wrong.
    pub(crate) faults: Vec<Fault>,
}

impl Settings {
    /// Whether the workers run programs, which must not outlive them.
    pub(crate) fn has_programs(&self) -> bool {
        match self.role {
            Role::Commands | Role::Host(_) => true,
            Role::Functions | Role::Lines | Role::Named => false,
        }
    }

    /// Whether what becomes of tasks is reported, so that somebody hears of a question.
    pub(crate) fn has_reports(&self) -> bool {
        match self.role {
            Role::Commands | Role::Host(_) | Role::Lines | Role::Named => true,
            Role::Functions => false,
        }
    }

    /// What each worker calls before it is ready. The preloads have run in the zygote, or in this process, where there is
    /// one memory for all workers.
    pub(crate) fn first(&self) -> Vec<(Function, Bytes)> {
        let preload: &[_] = if self.method == StartMethod::Spawn { &self.preload } else { &[] };
        preload.iter().chain(&self.initializer).cloned().collect()
    }
}

/// What is executed to get a worker.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// How people call it.
    pub(crate) shown: String,
    pub(crate) args: Vec<OsString>,
    /// Where it works, if not where we do.
    pub(crate) dir: Option<PathBuf>,
    /// Variables of our environment that it does not have.
    pub(crate) without: Vec<OsString>,
}
