//! What programs are told, as JSON. The names are stable: a new one may come, none goes or changes its meaning.
//!
//! Moments are ISO 8601 in UTC, durations seconds, sizes bytes. Bytes that are no UTF-8 come in base64, under the same name
//! with `_base64` behind it.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ganger_store::{Attempt, End, Job, Reader, Run, RunEnd, State, StoreError, Task};
use jiff::Timestamp;
use serde::Serialize;

use super::plain;

/// A job, in `ganger ls` and all others.
#[derive(Debug, Serialize)]
pub(crate) struct JobRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) command: String,
    pub(crate) state: JobState,
    pub(crate) tasks: Counts,
    pub(crate) runs: usize,
    /// Of the first run.
    pub(crate) began: Option<String>,
    /// Of the last run.
    pub(crate) ended: Option<String>,
    /// Of all runs.
    pub(crate) seconds: f64,
    #[serde(skip)]
    pub(crate) since: SystemTime,
}

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobState {
    /// A process is at it.
    Running,
    /// It was not brought to its end: by a signal, an error, or since its process was killed.
    Interrupted,
    /// By `--halt`.
    Halted,
    /// It came to its end, and some tasks failed.
    Failed,
    Complete,
}

impl JobState {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Halted => "halted",
            Self::Failed => "failed",
            Self::Complete => "complete",
        }
    }
}

/// How many tasks are in each state.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) total: u64,
    pub(crate) running: u64,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    pub(crate) stopped: u64,
    pub(crate) waiting: u64,
}

impl Counts {
    pub(crate) fn of(reader: &Reader, job: &Job) -> Result<Self, StoreError> {
        let mut counts = Self::default();
        for (state, count) in reader.counts(job.id)? {
            counts.total += count;
            match state {
                State::Running => counts.running = count,
                State::Succeeded => counts.succeeded = count,
                State::Failed => counts.failed = count,
                State::Stopped => counts.stopped = count,
                State::Waiting | State::Delayed => counts.waiting += count,
            }
        }
        Ok(counts)
    }

    /// On a line, without what is nought.
    pub(crate) fn shown(&self) -> String {
        let all = [
            (self.succeeded, "succeeded"),
            (self.failed, "failed"),
            (self.running, "running"),
            (self.stopped, "stopped"),
            (self.waiting, "waiting"),
        ];
        let some: Vec<_> = all.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        if some.is_empty() { "none".to_owned() } else { some.join(", ") }
    }
}

impl JobRow {
    pub(crate) fn of(reader: &Reader, job: Job) -> Result<Self, StoreError> {
        let runs = reader.runs(job.id)?;
        let tasks = Counts::of(reader, &job)?;
        let mut seconds = 0.0;
        let mut ended = None;
        for run in &runs {
            ended = over(reader, run)?;
            seconds +=
                ended.unwrap_or_else(SystemTime::now).duration_since(run.began).unwrap_or_default().as_secs_f64();
        }
        let state = match runs.last() {
            Some(run) if reader.is_running(run)? => JobState::Running,
            last => state(last),
        };
        let Job { id, name, command, created } = job;
        let began = runs.first().map(|run| iso(run.began));
        let (id, runs, ended, since) = (id.0, runs.len(), ended.map(iso), created);
        Ok(Self { id, name, command, state, tasks, runs, began, ended, seconds, since })
    }
}

/// When a run was over; of one that was killed, as far as that is known. None: it goes on.
fn over(reader: &Reader, run: &Run) -> Result<Option<SystemTime>, StoreError> {
    match run.ended {
        Some(ended) => Ok(Some(ended)),
        None if reader.is_running(run)? => Ok(None),
        None => Ok(Some(reader.last_ended(run.id)?.unwrap_or(run.began))),
    }
}

/// Of a job at which no process is: what its last run was. What an earlier one left, with other inputs or another command, is
/// counted among the tasks, and no more.
fn state(last: Option<&Run>) -> JobState {
    match last.and_then(|run| run.how) {
        Some(RunEnd::Halted) => JobState::Halted,
        Some(RunEnd::Failed) => JobState::Failed,
        Some(RunEnd::Complete) => JobState::Complete,
        Some(RunEnd::Interrupted | RunEnd::Quit | RunEnd::OutputClosed | RunEnd::Error) | None => JobState::Interrupted,
    }
}

/// One invocation of a job.
#[derive(Debug, Serialize)]
pub(crate) struct RunRow {
    pub(crate) id: i64,
    pub(crate) began: String,
    pub(crate) ended: Option<String>,
    pub(crate) seconds: f64,
    /// `running`, `killed`, or why it was over.
    pub(crate) end: &'static str,
    pub(crate) pid: u32,
    pub(crate) host: String,
    #[serde(flatten)]
    pub(crate) directory: Bytes<DirectoryName>,
    #[serde(skip)]
    pub(crate) since: SystemTime,
}

impl RunRow {
    pub(crate) fn of(reader: &Reader, run: &Run) -> Result<Self, StoreError> {
        let over = over(reader, run)?;
        let seconds = over.unwrap_or_else(SystemTime::now).duration_since(run.began).unwrap_or_default().as_secs_f64();
        let end = match (run.how, over) {
            (Some(how), _) => how.word(),
            (None, None) => "running",
            (None, Some(_)) => "killed",
        };
        Ok(Self {
            id: run.id.0,
            began: iso(run.began),
            ended: over.map(iso),
            seconds,
            end,
            pid: run.pid,
            host: run.host.clone(),
            directory: Bytes::of(&run.setting.directory),
            since: run.began,
        })
    }
}

/// A task with its last attempt.
#[derive(Debug, Serialize)]
pub(crate) struct TaskRow {
    pub(crate) id: i64,
    pub(crate) number: u64,
    #[serde(flatten)]
    pub(crate) input: Bytes<InputName>,
    /// Where there is not exactly one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) arguments: Option<Vec<String>>,
    pub(crate) state: &'static str,
    pub(crate) last_attempt: Option<AttemptRow>,
}

impl TaskRow {
    pub(crate) fn of(task: &Task, last: Option<&Attempt>) -> Self {
        let args = plain::args(&task.input);
        let texts: Option<Vec<String>> = args.iter().map(|arg| String::from_utf8(arg.to_vec()).ok()).collect();
        Self {
            id: task.id.0,
            number: task.number,
            // With base64 the arguments can be told apart by their NUL.
            input: if texts.is_some() { Bytes::of(&args.join(&b' ')) } else { Bytes::of(&task.input) },
            arguments: texts.filter(|texts| texts.len() > 1),
            state: task.state.word(),
            last_attempt: last.map(AttemptRow::of),
        }
    }
}

/// One try at a task.
#[derive(Debug, Serialize)]
pub(crate) struct AttemptRow {
    pub(crate) id: i64,
    /// In its run, from 1.
    pub(crate) number: u32,
    pub(crate) slot: u32,
    pub(crate) began: String,
    pub(crate) ended: String,
    pub(crate) wall_seconds: f64,
    pub(crate) user_seconds: f64,
    pub(crate) system_seconds: f64,
    /// Of the largest process.
    pub(crate) max_rss_bytes: u64,
    /// Of all its processes together; null if nobody watched.
    pub(crate) peak_bytes: Option<u64>,
    pub(crate) printed_bytes: u64,
    /// `exit`, `signal`, `time_limit`, …
    pub(crate) how: String,
    pub(crate) exit_code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) message: String,
}

impl AttemptRow {
    pub(crate) fn of(attempt: &Attempt) -> Self {
        let used = &attempt.used;
        let (exit_code, signal) = match attempt.end {
            End::Exit(code) => (Some(code), None),
            End::Signal(number) => (None, Some(number)),
            End::OutOfMemory
            | End::TimeLimit
            | End::CpuLimit
            | End::Crashed(_)
            | End::Error(_)
            | End::NotStarted(_)
            | End::Stopped => (None, None),
        };
        Self {
            id: attempt.id.0,
            number: attempt.number,
            slot: attempt.slot,
            began: iso(attempt.began),
            ended: iso(attempt.ended),
            wall_seconds: used.wall.as_secs_f64(),
            user_seconds: used.user.as_secs_f64(),
            system_seconds: used.system.as_secs_f64(),
            max_rss_bytes: used.max_rss,
            peak_bytes: Some(used.peak).filter(|peak| *peak > 0),
            printed_bytes: attempt.printed,
            how: attempt.end.kind().replace(' ', "_"),
            exit_code,
            signal,
            message: plain::end(&attempt.end),
        }
    }
}

/// ISO 8601, in UTC.
pub(crate) fn iso(moment: SystemTime) -> String {
    let micros = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_micros() as i64;
    Timestamp::from_microsecond(micros).map_or_else(|_| String::new(), |stamp| format!("{stamp:.6}"))
}

/// What bytes are called in JSON.
pub(crate) trait Name {
    const PLAIN: &'static str;
    const BASE64: &'static str;
}

macro_rules! names {
    ($($type:ident = $plain:literal),*) => {$(
        /// For [`Bytes`].
        #[derive(Debug)]
        pub(crate) struct $type;

        impl Name for $type {
            const PLAIN: &'static str = $plain;
            const BASE64: &'static str = concat!($plain, "_base64");
        }
    )*};
}

names!(InputName = "input", DirectoryName = "directory", TextName = "text");

/// Bytes under a name: as text if they are, else in base64. For `#[serde(flatten)]`.
#[derive(Debug)]
pub(crate) struct Bytes<N>(pub(crate) Vec<u8>, std::marker::PhantomData<N>);

impl<N> Bytes<N> {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec(), std::marker::PhantomData)
    }
}

impl<N: Name> Serialize for Bytes<N> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => to.collect_map([(N::PLAIN, text)]),
            Err(_) => to.collect_map([(N::BASE64, STANDARD.encode(&self.0))]),
        }
    }
}
