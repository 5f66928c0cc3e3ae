//! What clients want, and what they are answered.

use std::fmt;
use std::time::SystemTime;

use super::new_job::NewJob;
use crate::words::{JobId, QueueId};

/// What a client wants. Each is done whole in its turn, or begun there and gone on with in those that follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Accepts a job.
    Submit(Box<NewJob>),
    /// Adds tasks to a job that is open.
    Append {
        /// Which.
        job: JobId,
        /// What their words begin with, as the client has it: it must be the job's. None: whatever that is.
        command: Option<Vec<Vec<u8>>>,
        /// The words of each.
        tasks: Vec<Vec<Vec<u8>>>,
        /// Whether these are the last.
        close: bool,
    },
    /// Nothing more comes to a job that is open.
    Close(JobId),
    /// Nothing more of a job begins, and what runs is ended.
    Cancel(JobId),
    /// What has failed or was stopped of a job waits again, with fresh attempts.
    Retry(JobId),
    /// Nothing more of a job begins until it is resumed; what runs goes on.
    Pause(JobId),
    /// A job that was paused goes on.
    Resume(JobId),
    /// A job that is over goes, with all that was printed.
    Forget(JobId),
    /// One task, by its number in its job, does not begin, or is ended.
    CancelTask(JobId, u64),
    /// One task that has failed, was stopped or is delayed waits, with fresh attempts.
    RetryTask(JobId, u64),
    /// Nothing of a queue begins until it is resumed.
    PauseQueue(QueueId),
    /// A queue that was paused goes on.
    ResumeQueue(QueueId),
    /// A job is handed in by the clock from now on. One of the same name is replaced.
    Schedule(Box<NewSchedule>),
    /// A schedule goes; its jobs stay.
    Unschedule(String),
    /// A schedule hands nothing in until it is resumed.
    PauseSchedule(String),
    /// A schedule that was paused goes on, at that moment.
    ResumeSchedule {
        /// What it is called.
        name: String,
        /// None: never.
        next: Option<SystemTime>,
    },
    /// What a schedule hands in is due.
    Fire(Box<Firing>),
}

impl Order {
    /// The job that it hands in.
    #[must_use]
    pub fn job(&self) -> Option<&NewJob> {
        if let Self::Submit(job) = self {
            return Some(job);
        }
        if let Self::Fire(firing) = self { firing.job.as_ref().ok() } else { None }
    }

    /// The words of the tasks that it hands in, if it does.
    #[must_use]
    pub fn tasks(&self) -> Option<&[Vec<Vec<u8>>]> {
        if let Self::Append { tasks, .. } = self { Some(tasks) } else { self.job().map(|job| job.tasks.as_slice()) }
    }
}

/// A job that is handed in by the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSchedule {
    /// What it is called: no other one is.
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
    /// Whether it begins paused.
    pub paused: bool,
    /// When it is due for the first time; none: never.
    pub next: Option<SystemTime>,
}

/// What a schedule does while its last job is not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// It hands nothing in.
    #[default]
    Skip,
    /// It hands the next one in.
    Queue,
}

impl Overlap {
    /// As the file says it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Queue => "queue",
        }
    }

    pub(crate) fn of(word: &str) -> Self {
        if word == "queue" { Self::Queue } else { Self::Skip }
    }
}

/// A schedule hands its job in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firing {
    /// The schedule's name.
    pub name: String,
    /// The job, or why there is none.
    pub job: Result<NewJob, String>,
    /// By the clock: when it is due again. By hand: it stays as it is, and what runs does not matter.
    pub next: Next,
}

/// When a schedule that fires is due again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// When it was due before: it fires by hand.
    Unchanged,
    /// Then; none: never.
    At(Option<SystemTime>),
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The job is accepted, or was before.
    Accepted(Accepted),
    /// The tasks are, and the first of them has this number in its job.
    Appended(u64),
    /// It is done, or will be.
    Done,
    /// There is none of what it is about.
    Missing(Missing),
    /// It cannot be done as things are: why.
    Conflict(String),
}

/// A job that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its number.
    pub job: JobId,
    /// How many tasks it has.
    pub tasks: u64,
    /// Whether it was there before, and has the key: nothing was made.
    pub existing: bool,
}

/// What is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A job of the service.
    Job(JobId),
    /// A task, by its number in its job.
    Task(JobId, u64),
    /// A schedule.
    Schedule(String),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(job) => write!(f, "there is no job {}", job.0),
            Self::Task(job, number) => write!(f, "job {} has no task {number}", job.0),
            Self::Schedule(name) => write!(f, "there is no schedule {name:?}"),
        }
    }
}
