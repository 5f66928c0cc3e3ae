//! Files of the versions that were released: each is read by every later program.
//!
//! `GANGER_GOLDEN=1 cargo test -p ganger-store golden` writes the file of this version, once, when it is released.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ganger_store::{
    Attempt, Backlog, Claim, Durability, End, Ended, Fate, Filter, JobId, Key, NewJob, NewTask, Order, Policy, Reader,
    Record, RunEnd, Setting, State, Store, Stream, Tally, Turn, Usage,
};
use rusqlite::Connection;

use crate::place::Place;

const INPUTS: [&[u8]; 4] = [b"a.log", b"b\xff", b"two\0arguments", b""];

/// The file of a version.
fn golden(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{version}.db"))
}

/// The version that this program writes.
const VERSION: u32 = 4;

fn setting() -> Setting {
    Setting {
        words: vec![b"gzip".to_vec(), b"-9".to_vec(), b"{}".to_vec()],
        grammar: r#"{"plus":true}"#.to_owned(),
        variables: vec![b"LEVEL".to_vec()],
        directory: b"/srv/logs".to_vec(),
        environment: vec![b"LEVEL=9".to_vec(), b"PATH=/bin".to_vec()],
    }
}

fn ends() -> [(End, State); 3] {
    [
        (End::Exit(0), State::Succeeded),
        (End::Signal(9), State::Failed),
        (End::Error("no such table".into()), State::Failed),
    ]
}

fn used() -> Usage {
    let (wall, user, system) =
        (Duration::from_millis(1_500), Duration::from_micros(1_250_001), Duration::from_millis(3));
    Usage { wall, user, system, max_rss: 12 << 20, peak: 1 << 40 }
}

fn key(input: &[u8]) -> Key {
    Key::of([&b"gzip"[..], b"-9", b"{}", input])
}

/// A job of the service with a task in each state, and one that waits without words of its own.
fn serve(file: &Path) {
    let mut backlog = Backlog::open(Store::open(file, Durability::Process).unwrap()).unwrap();
    let queue = backlog.queue("nightly").unwrap();
    let policy = Policy { timeout: Some(Duration::from_millis(2_500)), failures: 2, losses: 5, ..Policy::default() };
    let tasks = (1..=3).map(|number: u8| vec![vec![b'0' + number], b"\xff".to_vec()]).collect();
    let words = NewJob {
        name: "words".to_owned(),
        priority: -3,
        policy,
        command: vec![b"cp".to_vec()],
        tasks,
        ..NewJob::to(queue)
    };
    let bare = NewJob {
        name: "bare".to_owned(),
        priority: -9,
        tasks: vec![Vec::new()],
        command: vec![b"ls".to_vec()],
        ..NewJob::to(queue)
    };
    let directory = NewJob { directory: b"/srv".to_vec(), environment: vec![b"A=1".to_vec()], ..words };
    let orders = [directory, bare].map(|job| Order::Submit(Box::new(job))).to_vec();
    backlog.commit(&Turn { orders, ..Turn::default() }).unwrap();
    let claimed = backlog.commit(&Turn { wanted: vec![(queue, 2)], ..Turn::default() }).unwrap().claimed;
    let claim = claimed[0].clone();
    let attempt = claim.attempt(SystemTime::now(), used(), End::Exit(0));
    let ended = vec![Ended { claim, attempt, fate: Fate::Over(State::Succeeded) }];
    backlog.commit(&Turn { ended, ..Turn::default() }).unwrap();
}

/// What `serve` has written is read, and worked off.
#[track_caller]
fn served(file: &Path) {
    let words = Reader::open(file).unwrap().served(JobId(2)).unwrap().unwrap();
    assert_eq!((words.queue.as_str(), words.priority, words.job.name.as_str()), ("nightly", -3, "words"));
    assert_eq!(words.tasks, Tally { waiting: 1, running: 1, succeeded: 1, ..Tally::default() });
    let mut backlog = Backlog::open(Store::open(file, Durability::Process).unwrap()).unwrap();
    let queue = backlog.queue("nightly").unwrap();
    assert_eq!((backlog.interrupted(), backlog.depth(queue).unwrap().tasks.waiting), (1, 3));
    let claimed = backlog.commit(&Turn { wanted: vec![(queue, 9)], ..Turn::default() }).unwrap().claimed;
    let seen: Vec<_> = claimed.iter().map(|claim| (claim.number, claim.argv())).collect();
    assert_eq!(seen, [(2, vec![&b"cp"[..], b"2", b"\xff"]), (1, vec![b"cp", b"3", b"\xff"]), (1, vec![b"ls"])]);
    let Claim { policy, directory, environment, .. } = &claimed[0];
    assert_eq!(
        *policy,
        Policy { timeout: Some(Duration::from_millis(2_500)), failures: 2, losses: 5, ..Policy::default() }
    );
    assert_eq!((directory.as_slice(), &environment[..]), (&b"/srv"[..], &[b"A=1".to_vec()][..]));
}

/// Three tasks that ended, one that runs, two runs of one job; and what the service has.
fn write(file: &Path) {
    let mut store = Store::open(file, Durability::Process).unwrap();
    let job = store.create_job("compress", "gzip -9 {}").unwrap();
    let run = store.begin_run(job.id, setting()).unwrap();
    let mut recorder = store.record(&run).unwrap();
    let began = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    for (input, number) in INPUTS.into_iter().zip(1..) {
        let id = recorder.fresh_task();
        recorder.send(Record::Begun(NewTask { id, number, key: key(input), input: input.to_vec() })).unwrap();
        let Some((end, state)) = ends().get(number as usize - 1).cloned() else { continue };
        let attempt = recorder.fresh_attempt();
        recorder.send(Record::Printed { attempt, stream: Stream::Stdout, bytes: input.to_vec() }).unwrap();
        recorder.send(Record::Printed { attempt, stream: Stream::Stderr, bytes: b"\0\xfe".to_vec() }).unwrap();
        let (used, printed) = (used(), 1 << 33);
        let ended = began + used.wall;
        let attempt = Attempt { id: attempt, task: id, number: 1, slot: 2, began, ended, used, printed, end };
        recorder.send(Record::Ended { attempt, state }).unwrap();
    }
    recorder.finish(RunEnd::Interrupted, |_| true).unwrap();
    let mut store = Store::open(file, Durability::Process).unwrap();
    store.known(job.id).unwrap();
    store.begin_run(job.id, setting()).unwrap();
    drop(store);
    serve(file);
    // Small pages make a small file.
    let sql = "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM;";
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

/// What `write` has written is read, and can be gone on with.
#[track_caller]
fn read(file: &Path) {
    let reader = Reader::open(file).unwrap();
    let job = reader.job("compress").unwrap();
    assert_eq!((job.id.0, job.command.as_str()), (1, "gzip -9 {}"));
    let runs = reader.runs(job.id).unwrap();
    assert_eq!(runs.iter().map(|run| run.how).collect::<Vec<_>>(), [Some(RunEnd::Interrupted), None]);
    assert!(runs.iter().all(|run| run.setting == setting()) && runs[0].ended.is_some());
    let tasks = reader.tasks(job.id, &Filter::default()).unwrap();
    assert_eq!(tasks.iter().map(|task| task.input.as_slice()).collect::<Vec<_>>(), INPUTS);
    assert!(tasks.iter().all(|task| task.key == key(&task.input)));
    for (task, (end, state)) in tasks.iter().zip(ends()) {
        let attempt = reader.last_attempt(task.id).unwrap().unwrap();
        assert_eq!((task.state, &attempt.end, attempt.used, attempt.printed), (state, &end, used(), 1 << 33));
        assert_eq!(attempt.began, UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let output = reader.output(attempt.id).unwrap();
        assert_eq!(output, [(Stream::Stdout, task.input.clone()), (Stream::Stderr, b"\0\xfe".to_vec())]);
    }
    assert_eq!((tasks[3].state, reader.attempts(tasks[3].id).unwrap()), (State::Running, Vec::new()));
    let mut store = Store::open(file, Durability::Process).unwrap();
    let found = store.known(job.id).unwrap().take(key(INPUTS[0])).unwrap();
    assert_eq!(found, Some((tasks[0].id, State::Succeeded)));
}

#[test]
fn the_files_of_all_versions_are_read_as_they_were_written() {
    if std::env::var_os("GANGER_GOLDEN").is_some() {
        assert!(!golden(VERSION).exists(), "a released version's file is never written again");
        write(&golden(VERSION));
    }
    for version in 1..=VERSION {
        let place = Place::new();
        fs::copy(golden(version), place.file()).unwrap();
        read(&place.file());
        if version > 1 {
            served(&place.file());
        }
    }
}

#[test]
fn what_this_version_writes_is_the_same() {
    let place = Place::new();
    write(&place.file());
    read(&place.file());
    served(&place.file());
    let schema = |file: &Path| {
        let connection = Connection::open(file).unwrap();
        let mut all = connection.prepare("SELECT name, sql FROM sqlite_master ORDER BY name").unwrap();
        let rows = all.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    assert_eq!(
        schema(&place.file()),
        schema(&golden(VERSION)),
        "a change of the schema is a new version with a new file"
    );
}
