//! What a client is shown.

mod job;
mod queue;
mod task;

pub(super) use job::JobView;
pub(super) use queue::QueueView;
pub(super) use task::{AttemptView, TaskState, TaskStory, TaskView};

use std::time::SystemTime;

/// As clients are told times: in seconds since 1970.
fn seconds(moment: SystemTime) -> f64 {
    moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
