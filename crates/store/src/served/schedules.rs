//! The service's schedules.

use std::time::SystemTime;

use rusqlite::Row;

use crate::backlog::Overlap;
use crate::error::StoreError;
use crate::reader::Reader;
use crate::store::moment;
use crate::words::JobId;

/// A job that is handed in by the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// What it is called.
    pub name: String,
    /// When, as its clock reads it.
    pub cron: String,
    /// The time zone.
    pub zone: String,
    /// The queue's name.
    pub queue: String,
    /// The job, as a client would hand it in.
    pub job: String,
    /// What happens while its last job is not over.
    pub overlap: Overlap,
    /// Whether it hands nothing in until it is resumed.
    pub paused: bool,
    /// When it is due; none: never.
    pub next: Option<SystemTime>,
    /// When it was due last,
    pub last: Option<SystemTime>,
    /// and the last job that it has handed in.
    pub last_job: Option<JobId>,
    /// Why it could not hand one in the last time.
    pub trouble: Option<String>,
}

pub(crate) const SCHEDULE: &str =
    "SELECT name, cron, zone, queue, job, overlap, paused, next, last, last_job, trouble FROM schedule";

impl Reader {
    /// All schedules, by name.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn schedules(&self) -> Result<Vec<Schedule>, StoreError> {
        self.all(&format!("{SCHEDULE} ORDER BY name"), [], schedule)
    }

    /// The schedule of a name.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn schedule(&self, name: &str) -> Result<Option<Schedule>, StoreError> {
        self.one(&format!("{SCHEDULE} WHERE name = ?"), [name], schedule)
    }
}

pub(crate) fn schedule(row: &Row<'_>) -> rusqlite::Result<Schedule> {
    let time = |at| row.get::<_, Option<i64>>(at).map(|time| time.map(moment));
    Ok(Schedule {
        name: row.get(0)?,
        cron: row.get(1)?,
        zone: row.get(2)?,
        queue: row.get(3)?,
        job: row.get(4)?,
        overlap: Overlap::of(row.get_ref(5)?.as_str()?),
        paused: row.get(6)?,
        next: time(7)?,
        last: time(8)?,
        last_job: row.get::<_, Option<i64>>(9)?.map(JobId),
        trouble: row.get(10)?,
    })
}
