//! What a client is shown.

mod dead;
mod job;
mod queue;
mod schedule;
mod task;

pub(super) use dead::{CauseView, DeadView};
pub(super) use job::{JobState, JobView};
pub(super) use queue::QueueView;
pub(super) use schedule::ScheduleView;
pub(super) use task::{AttemptView, TaskChange, TaskState, TaskStory, TaskView};

use std::time::SystemTime;

/// As clients are told times: in seconds since 1970.
pub(super) fn seconds(moment: SystemTime) -> f64 {
    moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
