//! The words of the control plane: who a worker says it is, and what it is told before its first task.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::ids::WorkerId;
use crate::sandbox::Sandbox;
use crate::spec::{Bytes, Function, Role};

/// Who a worker is. A worker of another build is refused by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Its [`PROTOCOL`](crate::message::PROTOCOL).
    pub protocol: u32,
    /// The fingerprint of its registry: names and types of all tasks.
    pub build: u64,
    /// Its version of the library.
    pub version: String,
    /// The path of its executable.
    pub program: String,
    /// Its process id.
    pub pid: u32,
}

/// Which worker a new process is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Its id.
    pub worker: WorkerId,
    /// Its place among the workers, from 1; a replacement inherits it.
    pub slot: u32,
    /// The faults that strike it wherever no task says when; none but in tests.
    pub faults: Vec<Fault>,
}

/// What all workers of a pool are told before their first task, over the control plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// The pool's name.
    pub pool: String,
    /// What to call before it is ready, in order: functions and their encoded arguments.
    pub first: Vec<(Function, Bytes)>,
    /// The largest payload it may take or give, in bytes.
    pub payload_limit: u64,
    /// The build that it must be of.
    pub build: u64,
    /// What it is for.
    pub role: Role,
    /// What it, and all that it starts, is kept from.
    pub sandbox: Option<Sandbox>,
    /// Up to which level it logs to its supervisor, as the `log` crate counts: 0 for nothing, 5 for everything.
    pub log_level: u8,
}
