//! A schedule, and when it is due.

use ganger_store::Schedule;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::seconds;

/// A job that is handed in by the clock.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Schedule)]
pub(in crate::api) struct ScheduleView {
    name: String,
    /// When: minute, hour, day, month, weekday.
    cron: String,
    /// Whose clock.
    zone: String,
    queue: String,
    /// What is handed in.
    #[schema(value_type = Object)]
    job: Value,
    /// What happens while its last job is not over: `skip` or `queue`.
    overlap: &'static str,
    /// It hands nothing in until it is resumed.
    paused: bool,
    /// When it is due; left out: never, as far as the clock looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<f64>,
    /// When it handed something in last, or could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last: Option<f64>,
    /// The last job that it has handed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_job: Option<i64>,
    /// Why it could not hand one in the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    trouble: Option<String>,
}

impl From<&Schedule> for ScheduleView {
    fn from(schedule: &Schedule) -> Self {
        let Schedule { name, cron, zone, queue, job, overlap, paused, next, last, last_job, trouble } =
            schedule.clone();
        // It was JSON when it was handed in.
        let job = serde_json::from_str(&job).unwrap_or_default();
        let (next, last, last_job) = (next.map(seconds), last.map(seconds), last_job.map(|job| job.0));
        Self { name, cron, zone, queue, job, overlap: overlap.word(), paused, next, last, last_job, trouble }
    }
}
