//! What a run leaves behind, and what it finds of earlier ones.
//!
//! ```text
//!  input ─► known as succeeded? ── yes ─► skipped
//!                │ no
//!                └─► Entry ─► printed … ─► attempted ─► … ─► ended ─┬─► journal   all of it, in a store
//!                                                                  └─► job log   a line
//! ```
//!
//! A task is what its command, its input, the directory and the named variables make it; never its position. What was
//! not committed when everything was killed is not known, and runs again.

mod joblog;
mod journal;
mod results;

pub use joblog::failed as failed_in_joblog;
pub use journal::is_secret;
pub use results::{Format, Results};

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use ganger::{CommandEnd, Stream};
use ganger_store::{self as store, Durability, End, RunEnd, State, Usage};

use crate::dag::Graph;
use crate::error::Error;
use crate::grammar::Grammar;
use crate::input::Task;
use crate::observer::Cause;
use crate::verdict::Verdict;
use crate::work::Work;
use crate::workflow::Job;
use joblog::JobLog;
use journal::Journal;

/// What a run leaves behind. By default nothing.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// All of it, in a store.
    pub store: Option<Storage>,
    /// GNU parallel's job log: a line for each command that has ended.
    pub joblog: Option<PathBuf>,
    /// What each command printed and how it ended, for programs to read.
    pub results: Option<Results>,
    /// Leaves out what has succeeded before, as the store knows it, or without one the job log.
    pub resume: bool,
}

/// How a run is kept in a store.
#[derive(Clone, Debug)]
pub struct Storage {
    /// The store's file. It is made if there is none.
    pub file: PathBuf,
    /// What the job is called.
    pub name: String,
    /// The command, one element a word, before an input is in it.
    pub words: Vec<OsString>,
    /// How it is read.
    pub grammar: Grammar,
    /// What a record survives.
    pub durability: Durability,
    /// The variables that make two tasks different ones, by their values.
    pub variables: Vec<OsString>,
    /// How much of what an attempt prints is kept, in bytes.
    pub output: usize,
    /// Whether a store to which another process writes is waited for.
    pub waits: bool,
    /// How many jobs are left in the store, this one included; the oldest are forgotten.
    pub jobs: Option<NonZeroUsize>,
}

/// The books of one run. Whether it keeps any is its own affair: a run tells it everything.
#[derive(Default)]
pub(crate) struct Ledger {
    journal: Option<Journal>,
    joblog: Option<JobLog>,
    results: Option<results::Book>,
    graph: Graph,
    /// Jobs that begin with nothing known: what one before them has done is not what it was.
    outdated: BTreeSet<usize>,
    /// Jobs of which something was begun.
    begun: BTreeSet<usize>,
}

/// What the books have to know of a job.
#[derive(Debug, Default)]
pub(crate) struct Books {
    /// None: its name is that of the recording.
    name: Option<String>,
    words: Vec<OsString>,
    grammar: Grammar,
    dir: Option<PathBuf>,
    environment: Vec<(OsString, OsString)>,
}

impl From<&Job> for Books {
    fn from(job: &Job) -> Self {
        let Job { name, words, grammar, dir, environment, .. } = job;
        let (name, words, grammar) = (name.clone(), words.clone(), grammar.clone());
        Self { name, words, grammar, dir: dir.clone(), environment: environment.clone() }
    }
}

/// A task in the books, while it runs.
#[derive(Debug)]
pub(crate) struct Entry {
    journal: Option<journal::Entry>,
    results: Option<Box<results::Entry>>,
    /// Of its present attempt: what it printed to standard output and to both, in bytes.
    stdout: u64,
    printed: u64,
    /// When it was handed out.
    since: SystemTime,
    attempts: u32,
}

/// What is to become of an input.
pub(crate) enum Fate {
    /// It has succeeded before.
    Skip,
    Run(Entry),
}

/// How an attempt ended.
pub(crate) struct Attempt<'a> {
    pub(crate) verdict: &'a Verdict,
    /// What its command used, if it ran to an end.
    pub(crate) used: Option<&'a CommandEnd>,
    /// How long its worker took, if that was told.
    pub(crate) took: Option<Duration>,
    pub(crate) slot: u32,
}

impl Ledger {
    /// Opens the books, and notes that a run of these jobs begins.
    pub(crate) fn open(recording: &Recording, jobs: Vec<Books>, graph: Graph) -> Result<Self, Error> {
        let Recording { store, joblog, results, resume } = recording;
        let journal = store.as_ref().map(|storage| Journal::open(storage, *resume, jobs)).transpose()?;
        // What a store knows is known better.
        let from_log = *resume && journal.is_none();
        let joblog = joblog.as_ref().map(|file| JobLog::open(file, *resume, from_log)).transpose()?;
        let results = results.as_ref().map(|results| results::Book::open(results, *resume)).transpose()?;
        Ok(Self { journal, joblog, results, graph, ..Self::default() })
    }

    /// Whether an input is to be run; if so, it has begun.
    pub(crate) fn begin(&mut self, task: &Task, work: &Work) -> Result<Fate, Error> {
        let anew = self.outdated.contains(&task.job);
        let log_knows = self.joblog.as_mut().is_some_and(|log| log.takes(|| work.line(task)));
        let journal = match self.journal.as_mut().map(|journal| journal.begin(task, anew)).transpose()? {
            Some(None) => return Ok(Fate::Skip),
            Some(entry) => entry,
            None if log_knows && !anew => return Ok(Fate::Skip),
            None => None,
        };
        self.note_begun(task.job)?;
        let results = self.results.as_ref().map(|_| Box::default());
        Ok(Fate::Run(Entry { journal, results, stdout: 0, printed: 0, since: SystemTime::now(), attempts: 0 }))
    }

    /// When something of a job is done, all that was done behind it was done with what this one left the last time. It is
    /// noted before: whatever is killed from now on, the next resume does it again.
    fn note_begun(&mut self, job: usize) -> Result<(), Error> {
        let keeps_any = self.journal.is_some() || self.joblog.is_some();
        if !keeps_any || !self.begun.insert(job) {
            return Ok(());
        }
        for later in self.graph.all_after(job) {
            if self.outdated.insert(later) {
                self.journal.as_mut().map_or(Ok(()), |journal| journal.outdate(later))?;
            }
        }
        Ok(())
    }

    /// A command has printed something.
    pub(crate) fn printed(
        &mut self,
        entry: &mut Entry,
        task: &Task,
        stream: Stream,
        bytes: &[u8],
    ) -> Result<(), Error> {
        if let (Some(book), Some(results)) = (&mut self.results, &mut entry.results) {
            book.printed(results, task, stream, bytes)?;
        }
        entry.printed += bytes.len() as u64;
        entry.stdout += if stream == Stream::Stdout { bytes.len() as u64 } else { 0 };
        match (&mut self.journal, &mut entry.journal) {
            (Some(journal), Some(entry)) => Ok(journal.printed(entry, stream, bytes)?),
            _ => Ok(()),
        }
    }

    /// An attempt is over, and another follows.
    pub(crate) fn attempted(&mut self, entry: &mut Entry, attempt: &Attempt<'_>) -> Result<(), Error> {
        self.write_attempt(entry, attempt, State::Running)?;
        if let (Some(book), Some(results)) = (&mut self.results, &mut entry.results) {
            book.void(results)?;
        }
        (entry.stdout, entry.printed, entry.since) = (0, 0, SystemTime::now());
        if let (Some(journal), Some(entry)) = (&mut self.journal, &mut entry.journal) {
            journal.again(entry);
        }
        Ok(())
    }

    /// A task has ended, for this run.
    pub(crate) fn ended(
        &mut self,
        entry: &mut Entry,
        task: &Task,
        work: &Work,
        attempt: &Attempt<'_>,
        state: State,
    ) -> Result<(), Error> {
        self.write_attempt(entry, attempt, state)?;
        let (verdict, stdout) = (attempt.verdict, entry.stdout);
        let results = self.results.as_mut().zip(entry.results.as_mut());
        if let (Some((book, results)), State::Succeeded | State::Failed) = (results, state) {
            let row = results::Row { task, work, verdict, times: attempt.times(entry.since), stdout };
            book.ended(results, &row)?;
        }
        if let (Some(log), State::Succeeded | State::Failed) = (&mut self.joblog, state) {
            let times = attempt.times(entry.since);
            let sent = task.block.as_ref().map_or(0, |block| block.length);
            let line = joblog::Line { number: task.turn, verdict, times, sent, stdout };
            log.write(&line, &work.line(task))?;
        }
        Ok(())
    }

    /// A task was handed out, and never began.
    pub(crate) fn unbegun(&mut self, entry: &Entry) -> Result<(), Error> {
        match (&mut self.journal, &entry.journal) {
            (Some(journal), Some(entry)) => Ok(journal.unbegun(entry)?),
            _ => Ok(()),
        }
    }

    fn write_attempt(&mut self, entry: &mut Entry, attempt: &Attempt<'_>, state: State) -> Result<(), Error> {
        entry.attempts += 1;
        match (&mut self.journal, &entry.journal) {
            (Some(journal), Some(kept)) => {
                let Times { began, ended, wall } = attempt.times(entry.since);
                let used = Usage { wall, ..attempt.usage() };
                let (number, printed, slot) = (entry.attempts, entry.printed, attempt.slot);
                Ok(journal.attempt(kept, state, |id, task| store::Attempt {
                    id,
                    task,
                    number,
                    slot,
                    began,
                    ended,
                    used,
                    printed,
                    end: attempt.end(),
                })?)
            }
            _ => Ok(()),
        }
    }

    /// Sends on its way what was told: for a run that has nothing to do for a moment.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.journal.as_mut().map_or(Ok(()), Journal::flush)?;
        self.joblog.as_mut().map_or(Ok(()), JobLog::flush)
    }

    /// What keeps the books from being written at the moment: no more should begin.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.journal.as_ref().and_then(Journal::trouble)
    }

    /// Closes the books. While they cannot be written, `gives_up` is asked now and then, with the reason.
    pub(crate) fn close(mut self, how: RunEnd, gives_up: impl FnMut(&str) -> bool) -> Result<(), Error> {
        self.joblog.as_mut().map_or(Ok(()), JobLog::flush)?;
        self.journal.map_or(Ok(()), |journal| journal.close(&self.begun, how, gives_up))
    }
}

/// When an attempt was made.
pub(crate) struct Times {
    pub(crate) began: SystemTime,
    pub(crate) ended: SystemTime,
    pub(crate) wall: Duration,
}

impl Attempt<'_> {
    /// A command is handed out before its worker is free: where it tells how long it took, that counts.
    fn times(&self, since: SystemTime) -> Times {
        let ended = SystemTime::now();
        let since_then = || ended.duration_since(since).unwrap_or(Duration::ZERO);
        let wall = self.used.map(|end| end.wall).or(self.took).unwrap_or_else(since_then);
        Times { began: ended.checked_sub(wall).unwrap_or(since), ended, wall }
    }

    fn usage(&self) -> Usage {
        self.used.map_or_else(Usage::default, |end| Usage {
            wall: end.wall,
            user: end.user,
            system: end.system,
            max_rss: end.max_rss,
            peak: end.peak.unwrap_or(0),
        })
    }

    fn end(&self) -> End {
        match self.verdict {
            Verdict::Succeeded(_) => End::Exit(0),
            Verdict::Failed(cause) => end_of(cause),
            Verdict::Stopped | Verdict::PoolFailed(_) => End::Stopped,
        }
    }
}

/// What ends a command that was cancelled.
const SIGKILL: i32 = 9;

fn end_of(cause: &Cause) -> End {
    use ganger::Exit;
    match cause {
        Cause::Exit(Exit::Code(code)) => End::Exit(*code),
        Cause::Exit(Exit::Signal { number, .. }) => End::Signal(*number),
        Cause::Exit(Exit::OutOfMemory) | Cause::OutOfMemory { .. } => End::OutOfMemory,
        Cause::TimedOut(_) => End::TimeLimit,
        Cause::CpuTime(_) => End::CpuLimit,
        Cause::Killed => End::Signal(SIGKILL),
        Cause::Crashed(exits) if exits.last() == Some(&Exit::OutOfMemory) => End::OutOfMemory,
        Cause::Exit(Exit::Misbehaved) | Cause::Crashed(_) => End::Crashed(cause.to_string()),
        Cause::Program(why) => End::Crashed(why.clone()),
        Cause::Error(why) => End::Error(why.clone()),
        Cause::NotStarted(why) => End::NotStarted(why.clone()),
    }
}
