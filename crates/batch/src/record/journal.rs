//! Everything about a run's tasks, in a store.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use ganger::Stream;
use ganger_store as store;
use ganger_store::{
    AttemptId, Key, Known, NewTask, Record, Recorder, RunEnd, Setting, State, Store, StoreError, TaskId,
};

use super::Storage;
use crate::error::Error;
use crate::input::Task;

/// One run's.
pub(super) struct Journal {
    recorder: Recorder,
    /// What the job's earlier runs have left, where that is taken up.
    known: Option<Known>,
    /// What all tasks of the run have in common.
    common: Vec<Vec<u8>>,
    output: usize,
}

/// A task in the store, while it runs.
#[derive(Debug)]
pub(super) struct Entry {
    task: TaskId,
    attempt: AttemptId,
    /// How much of its output may still be kept.
    room: usize,
}

impl Journal {
    /// Opens the store, takes the job up or makes it, and notes that a run of it begins.
    pub(super) fn open(storage: &Storage, resume: bool, dir: Option<&Path>) -> Result<Self, StoreError> {
        let mut store = Store::open(&storage.file, storage.durability)?;
        let earlier = if resume { store.last_job(&storage.name)? } else { None };
        let known = earlier.as_ref().map(|job| store.known(job.id)).transpose()?;
        let job = match earlier {
            Some(job) => job,
            None => store.create_job(&storage.name, &typed(&storage.words))?,
        };
        if let Some(jobs) = storage.jobs {
            store.keep(jobs.get(), job.id)?;
        }
        let setting = setting(storage, dir);
        let common = common(&setting);
        let run = store.begin_run(job.id, setting)?;
        Ok(Self { recorder: store.record(&run)?, known, common, output: storage.output })
    }

    /// Begins a task, unless it has succeeded before.
    pub(super) fn begin(&mut self, task: &Task) -> Result<Option<Entry>, StoreError> {
        let key = Key::of(self.common.iter().map(Vec::as_slice).chain(task.args.iter()));
        let id = match self.known.as_mut().map(|known| known.take(key)).transpose()?.flatten() {
            Some((_, State::Succeeded)) => return Ok(None),
            Some((id, State::Failed | State::Running | State::Stopped)) => {
                self.recorder.send(Record::Again(id))?;
                id
            }
            None => self.note(task, key)?,
        };
        Ok(Some(Entry { task: id, attempt: self.recorder.fresh_attempt(), room: self.output }))
    }

    fn note(&mut self, task: &Task, key: Key) -> Result<TaskId, StoreError> {
        let id = self.recorder.fresh_task();
        self.recorder.send(Record::Begun(NewTask { id, number: task.number, key, input: task.args.to_stored() }))?;
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
        self.recorder.send(Record::Ended { attempt: attempt(entry.attempt, entry.task), state })
    }

    /// Another attempt at the same task.
    pub(super) fn again(&mut self, entry: &mut Entry) {
        (entry.attempt, entry.room) = (self.recorder.fresh_attempt(), self.output);
    }

    pub(super) fn unbegun(&mut self, entry: &Entry) -> Result<(), StoreError> {
        self.recorder.send(Record::Stopped(entry.task))
    }

    pub(super) fn flush(&mut self) -> Result<(), Error> {
        Ok(self.recorder.flush()?)
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.recorder.trouble()
    }

    pub(super) fn close(self, how: RunEnd, gives_up: impl FnMut(&str) -> bool) -> Result<(), Error> {
        self.recorder.finish(how, gives_up).map_err(Error::unrecorded)
    }
}

/// The command as a person would have typed it, on one line.
fn typed(words: &[OsString]) -> String {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

fn setting(storage: &Storage, dir: Option<&Path>) -> Setting {
    let here = || std::env::current_dir().unwrap_or_default();
    Setting {
        words: bytes(&storage.words),
        grammar: storage.grammar.to_stored(),
        variables: bytes(&storage.variables),
        directory: dir.map_or_else(here, PathBuf::from).into_os_string().into_vec(),
        environment: std::env::vars_os().filter(|(name, _)| !is_secret(name)).map(assignment).collect(),
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

/// What goes into the key of each task before its input.
fn common(setting: &Setting) -> Vec<Vec<u8>> {
    let words = [setting.words.len().to_string().into_bytes()].into_iter().chain(setting.words.iter().cloned());
    let named = setting.variables.iter().map(|name| {
        let name = OsString::from_vec(name.clone());
        let value = std::env::var_os(&name).unwrap_or_default();
        assignment((name, value))
    });
    words.chain([setting.directory.clone()]).chain(named).collect()
}
