//! A directory for a store, what is written there, and processes that write and are killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use ganger_store::{
    Attempt, Durability, End, Filter, JobId, Key, NewTask, Reader, Record, Recorder, RunEnd, Setting, State, Store,
    Stream, Task, TaskId, Usage,
};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(30);

/// Where a process that is started by a test finds its store.
const CHILD: &str = "GANGER_STORE_CHILD";

#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "still not: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A store's place.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("s.db")
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.file(), Durability::Process).unwrap()
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.file()).unwrap()
    }

    /// All tasks of the newest job.
    pub(crate) fn tasks(&self) -> Vec<Task> {
        let reader = self.reader();
        let job = reader.newest_job().unwrap();
        reader.tasks(job.id, &Filter::default()).unwrap()
    }

    /// A job of so many tasks that succeeded, whole in the file.
    pub(crate) fn job(&self, name: &str, tasks: u64) -> JobId {
        let (job, mut recorder) = begin(self.store(), name);
        (1..=tasks).for_each(|number| succeed(&mut recorder, number));
        recorder.finish(RunEnd::Complete, |_| true).unwrap();
        job
    }
}

/// A job and its first run.
pub(crate) fn begin(mut store: Store, name: &str) -> (JobId, Recorder) {
    let job = store.create_job(name, "echo {}").unwrap();
    let setting = Setting { words: vec![b"echo".to_vec(), b"{}".to_vec()], ..Setting::default() };
    let run = store.begin_run(job.id, setting).unwrap();
    (job.id, store.record(&run).unwrap())
}

pub(crate) fn key(input: &[u8]) -> Key {
    Key::of([&b"echo"[..], input])
}

/// A task is begun, with its number as its input.
pub(crate) fn start(recorder: &mut Recorder, number: u64) -> TaskId {
    let (id, input) = (recorder.fresh_task(), number.to_string().into_bytes());
    recorder.send(Record::Begun(NewTask { id, number, key: key(&input), input })).unwrap();
    id
}

/// It has printed its number, and is over.
pub(crate) fn end(recorder: &mut Recorder, task: TaskId, number: u64, end: End) {
    let (id, bytes) = (recorder.fresh_attempt(), format!("{number}\n").into_bytes());
    let (printed, now) = (bytes.len() as u64, SystemTime::now());
    recorder.send(Record::Printed { attempt: id, stream: Stream::Stdout, bytes }).unwrap();
    let state = if end == End::Exit(0) { State::Succeeded } else { State::Failed };
    let used = Usage { wall: Duration::from_millis(number), ..Usage::default() };
    let attempt = Attempt { id, task, number: 1, slot: 1, began: now, ended: now, used, printed, end };
    recorder.send(Record::Ended { attempt, state }).unwrap();
}

pub(crate) fn succeed(recorder: &mut Recorder, number: u64) {
    let task = start(recorder, number);
    end(recorder, task, number, End::Exit(0));
}

/// What is in the file is a beginning of what was recorded: tasks without a gap, and each that succeeded with what says so.
#[track_caller]
pub(crate) fn assert_beginning(file: &Path) -> usize {
    match ganger_store::check(file) {
        Err(error) if error.is_nothing_yet() => return 0,
        faults => assert_eq!(faults.unwrap(), [""; 0], "whole"),
    }
    let reader = Reader::open(file).unwrap();
    let Ok(job) = reader.newest_job() else { return 0 };
    let tasks: Vec<Task> = reader.each_task(job.id, None).collect::<Result<_, _>>().unwrap();
    assert!(tasks.iter().map(|task| task.number).eq(1..=tasks.len() as u64), "a task is missing");
    for task in tasks.iter().filter(|task| task.state == State::Succeeded) {
        let last = reader.last_attempt(task.id).unwrap().expect("the attempt that says so");
        assert_eq!(last.end, End::Exit(0));
        assert_eq!(reader.output(last.id).unwrap(), [(Stream::Stdout, format!("{}\n", task.number).into_bytes())]);
    }
    tasks.len()
}

/// The store of a test that is run by another one in a process of its own. None: it is run as all others, and does nothing.
pub(crate) fn as_child() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// A command that runs one test of this program in a process of its own.
pub(crate) fn child(test: &str, file: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(CHILD, file).stdin(Stdio::null());
    command
}

/// The same, by a shell that does something before: `"$@"` is the test.
pub(crate) fn child_in(script: &str, test: &str, file: &Path) -> Command {
    let inner = child(test, file);
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(inner.get_program()).args(inner.get_args()).env(CHILD, file);
    command
}

/// Ends with its test.
pub(crate) struct Killed(pub(crate) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }
}

/// Whether file systems can be mounted here.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Says so, past the harness.
pub(crate) fn skipped(test: &str, why: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}

pub(crate) fn size(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |data| data.len())
}
