//! Everything about a run's tasks, in a store.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::thread;
use std::time::Duration;

use ganger::Stream;
use ganger_store as store;
use ganger_store::{
    AttemptId, Key, Known, NewTask, Record, Recorder, Run, RunEnd, Setting, State, Store, StoreError, TaskId,
};

use super::{Books, Storage};
use crate::agenda::JOB;
use crate::error::Error;
use crate::input::{InputError, Task};

/// One run's.
pub(super) struct Journal {
    recorder: Recorder,
    jobs: Vec<Pages>,
    output: usize,
}

/// One job's.
struct Pages {
    run: Run,
    /// Whether this run has made the job.
    is_new: bool,
    /// What the job's earlier runs have left, where that is taken up.
    known: Option<Known>,
    /// What all its tasks have in common.
    common: Vec<Vec<u8>>,
}

/// A task in the store, while it runs.
#[derive(Debug)]
pub(super) struct Entry {
    job: usize,
    task: TaskId,
    attempt: AttemptId,
    /// How much of its output may still be kept.
    room: usize,
}

impl Journal {
    /// Opens the store, takes the jobs up or makes them, and notes that a run of each begins.
    pub(super) fn open(storage: &Storage, resume: bool, jobs: Vec<Books>) -> Result<Self, StoreError> {
        let mut store = open(storage)?;
        let open = |job| Pages::open(&mut store, storage, resume, job);
        let jobs: Vec<Pages> = jobs.into_iter().map(open).collect::<Result<_, _>>()?;
        let ours: Vec<_> = jobs.iter().map(|pages| pages.run.job).collect();
        storage.jobs.map_or(Ok(()), |most| store.keep(most.get(), &ours))?;
        let runs: Vec<&Run> = jobs.iter().map(|pages| &pages.run).collect();
        Ok(Self { recorder: store.record_all(&runs)?, jobs, output: storage.output })
    }

    /// Begins a task, unless it has succeeded before and is not to be done anew.
    pub(super) fn begin(&mut self, task: &Task, anew: bool) -> Result<Option<Entry>, Error> {
        let unreadable = |source| InputError::Read { name: format!("block {}", task.number), source };
        let read = task.block.as_ref().map(|block| block.bytes()).transpose().map_err(unreadable)?;
        let input = task.args.iter().filter(|_| read.is_none()).chain(read.as_deref());
        let pages = &mut self.jobs[task.job];
        let key = Key::of(pages.common.iter().map(Vec::as_slice).chain(input));
        let id = match pages.known.as_mut().map(|known| known.take(key)).transpose()?.flatten() {
            Some((_, State::Succeeded)) if !anew => return Ok(None),
            Some((id, _)) => {
                self.recorder.send(Record::Again(id))?;
                id
            }
            None => self.note(task, key)?,
        };
        let attempt = self.recorder.fresh_attempt();
        Ok(Some(Entry { job: task.job, task: id, attempt, room: self.output }))
    }

    /// What has succeeded in a job before does not count any more.
    pub(super) fn outdate(&mut self, job: usize) -> Result<(), Error> {
        let Pages { run, is_new, .. } = &self.jobs[job];
        if *is_new { Ok(()) } else { Ok(self.recorder.send(Record::Outdated(run.job))?) }
    }

    fn note(&mut self, task: &Task, key: Key) -> Result<TaskId, StoreError> {
        let id = self.recorder.fresh_task();
        self.recorder.turn_to(&self.jobs[task.job].run)?;
        let input = task.block.as_ref().map(|block| block.describe(task.number).into_bytes());
        let input = input.unwrap_or_else(|| task.args.to_stored());
        self.recorder.send(Record::Begun(NewTask { id, number: task.number, key, input }))?;
        Ok(id)
    }

    /// Keeps what was printed, as far as there is room.
    pub(super) fn printed(&mut self, entry: &mut Entry, stream: Stream, bytes: &[u8]) -> Result<(), StoreError> {
        let kept = &bytes[..bytes.len().min(entry.room)];
        entry.room -= kept.len();
        if kept.is_empty() {
            return Ok(());
        }
        let stream = match stream {
            Stream::Stdout => store::Stream::Stdout,
            Stream::Stderr => store::Stream::Stderr,
        };
        self.recorder.send(Record::Printed { attempt: entry.attempt, stream, bytes: kept.to_vec() })
    }

    /// An attempt is over; `state` is what that makes of its task.
    pub(super) fn attempt(
        &mut self,
        entry: &Entry,
        state: State,
        attempt: impl FnOnce(AttemptId, TaskId) -> store::Attempt,
    ) -> Result<(), StoreError> {
        self.recorder.turn_to(&self.jobs[entry.job].run)?;
        self.recorder.send(Record::Ended { attempt: attempt(entry.attempt, entry.task), state })
    }

    /// Another attempt at the same task.
    pub(super) fn again(&mut self, entry: &mut Entry) {
        (entry.attempt, entry.room) = (self.recorder.fresh_attempt(), self.output);
    }

    pub(super) fn unbegun(&mut self, entry: &Entry) -> Result<(), StoreError> {
        self.recorder.send(Record::Waits(entry.task))
    }

    pub(super) fn flush(&mut self) -> Result<(), Error> {
        Ok(self.recorder.flush()?)
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.recorder.trouble()
    }

    /// Closes it. Of a job that has not begun nothing is left.
    pub(super) fn close(
        mut self,
        begun: &BTreeSet<usize>,
        how: RunEnd,
        gives_up: impl FnMut(&str) -> bool,
    ) -> Result<(), Error> {
        let unbegun = self.jobs.iter().enumerate().filter(|(job, _)| self.jobs.len() > 1 && !begun.contains(job));
        for (_, Pages { run, is_new, .. }) in unbegun {
            self.recorder.send(Record::Unbegun { run: run.id, job: is_new.then_some(run.job) })?;
        }
        self.recorder.finish(how, gives_up).map_err(Error::unrecorded)
    }
}

impl Pages {
    fn open(store: &mut Store, storage: &Storage, resume: bool, books: Books) -> Result<Self, StoreError> {
        let name = &match &books.name {
            None => storage.name.clone(),
            Some(name) if storage.name.is_empty() => name.clone(),
            Some(name) => format!("{}/{name}", storage.name),
        };
        let earlier = if resume { store.last_job(name)? } else { None };
        let known = earlier.as_ref().map(|job| store.known(job.id)).transpose()?;
        let is_new = earlier.is_none();
        let job = match earlier {
            Some(job) => job,
            None => store.create_job(name, &typed(&books.words))?,
        };
        let environment = books.environment.iter().cloned().map(assignment).collect();
        let setting = setting(&storage.variables, books);
        let common = common(&setting, environment);
        let run = store.begin_run(job.id, setting)?;
        Ok(Self { run, is_new, known, common })
    }
}

/// Opens the store; while another process writes to it, again and again if that is to be waited for.
fn open(storage: &Storage) -> Result<Store, StoreError> {
    const AGAIN: Duration = Duration::from_millis(100);
    loop {
        match Store::open(&storage.file, storage.durability) {
            Err(error) if storage.waits && error.is_locked() => thread::sleep(AGAIN),
            opened => return opened,
        }
    }
}

/// The command as a person would have typed it, on one line.
fn typed(words: &[OsString]) -> String {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

fn setting(variables: &[OsString], books: Books) -> Setting {
    let Books { name, words, grammar, dir, environment } = books;
    let here = || std::env::current_dir().unwrap_or_default();
    // Of a job file we may be a command ourselves, but then it is another's.
    let ours = std::env::vars_os().filter(|(name, _)| name != JOB);
    let job = name.map(|name| (JOB.into(), name.into()));
    let all = ours.chain(job).chain(environment);
    Setting {
        words: bytes(&words),
        grammar: grammar.to_stored(),
        variables: bytes(variables),
        directory: dir.unwrap_or_else(here).into_os_string().into_vec(),
        environment: all.filter(|(name, _)| !is_secret(name)).map(assignment).collect(),
    }
}

fn bytes(strings: &[OsString]) -> Vec<Vec<u8>> {
    strings.iter().map(|string| string.as_bytes().to_vec()).collect()
}

fn assignment((name, value): (OsString, OsString)) -> Vec<u8> {
    [name.as_bytes(), b"=", value.as_bytes()].concat()
}

/// Whether a variable's value is none for a file, going by its name: then it is not recorded.
///
/// ```
/// assert!(ganger_batch::is_secret("GITHUB_TOKEN".as_ref()) && !ganger_batch::is_secret("PATH".as_ref()));
/// ```
#[must_use]
pub fn is_secret(name: &OsStr) -> bool {
    const SIGNS: [&str; 6] = ["SECRET", "TOKEN", "PASSW", "CREDENTIAL", "PRIVATE", "API_KEY"];
    let name = name.to_string_lossy().to_ascii_uppercase();
    SIGNS.iter().any(|sign| name.contains(sign))
}

/// What goes into the key of each task before its input. Each group begins with its number, so that none is taken for another.
fn common(setting: &Setting, environment: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let named = setting.variables.iter().map(|name| {
        let name = OsString::from_vec(name.clone());
        let value = std::env::var_os(&name).unwrap_or_default();
        assignment((name, value))
    });
    let groups = [setting.words.clone(), vec![setting.directory.clone()], named.collect(), environment];
    groups.into_iter().flat_map(|group| [vec![group.len().to_string().into_bytes()], group].concat()).collect()
}
