//! A record of a worker's log, as it travels to the supervisor.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::TaskId;

/// The longest encoded record, in bytes. A worker cuts what would be longer; nobody believes that it has.
pub const LOG_RECORD_LIMIT: usize = 64 << 10;

/// What a worker logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    /// How grave it is, as the `log` crate counts: from 1, an error, to 5, a trace.
    pub level: u8,
    /// Whom it is from, as a rule a module.
    pub target: String,
    /// The text.
    pub message: String,
    /// Where it was made: the module.
    pub module_path: Option<String>,
    /// The source file.
    pub file: Option<String>,
    /// The line there.
    pub line: Option<u32>,
    /// What it says besides, as text.
    pub key_values: Vec<(String, String)>,
    /// When it was made, since the Unix epoch.
    pub time: Duration,
    /// The process that made it.
    pub pid: u32,
    /// The task that its thread was in, and which try at it.
    pub task: Option<(TaskId, u32)>,
}
