//! Jobs that are forgotten.

use std::fs;
use std::time::{Duration, SystemTime};

use ganger_store::{Durability, Forget, JobId, RunEnd, Setting, State, Store};
use rusqlite::Connection;

use crate::place::{Killed, Place, as_child, assert_beginning, child, eventually, key, size, succeed};

/// How many rows all tables have together that belong to a job.
fn rows(place: &Place) -> i64 {
    let tables = ["job", "run", "task", "attempt", "output", "known", "known_to", "served", "line", "running"];
    let connection = Connection::open(place.file()).unwrap();
    let count = |table| connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0));
    tables.iter().map(|table| count(table).unwrap()).sum()
}

#[test]
fn a_forgotten_job_leaves_nothing_and_takes_nothing_with_it() {
    let place = Place::new();
    let first = place.job("a", 10);
    let before = rows(&place);
    let big = place.job("b", 5_000);
    let mut store = place.store();
    store.known(big).unwrap();
    assert_eq!(store.forget(big).unwrap(), 5_000);
    drop(store);
    assert_eq!(rows(&place), before);
    assert_eq!(assert_beginning(&place.file()), 10);
    // Its number is not another's, and what is known of others is right.
    let next = place.job("c", 4);
    assert!(next > big);
    let mut store = place.store();
    assert_eq!(store.known(next).unwrap().take(key(b"3")).unwrap().unwrap().1, State::Succeeded);
    assert_eq!(store.known(first).unwrap().take(key(b"9")).unwrap().unwrap().1, State::Succeeded);
    assert_eq!(store.forget(big).unwrap(), 0, "twice is no harm");
}

#[test]
fn jobs_are_chosen_by_number_and_by_age() {
    let place = Place::new();
    let jobs: Vec<JobId> = (0..5).map(|_| place.job("j", 1)).collect();
    let store = place.store();
    assert_eq!(store.forgettable(Forget::AllBut(2)).unwrap(), jobs[..3]);
    assert_eq!(store.forgettable(Forget::AllBut(9)).unwrap(), []);
    let now = SystemTime::now();
    assert_eq!(store.forgettable(Forget::Before(now - Duration::from_secs(3600))).unwrap(), []);
    assert_eq!(store.forgettable(Forget::Before(now + Duration::from_secs(1))).unwrap(), jobs);
}

/// Ids at the end of the table are free again, below what was known at the last resume.
#[test]
fn what_comes_after_forgotten_tasks_is_known() {
    let place = Place::new();
    let first = place.job("a", 10);
    let second = place.job("b", 100);
    let mut store = place.store();
    store.known(first).unwrap();
    store.keep(1, &[first]).unwrap();
    assert_eq!(place.reader().jobs().unwrap().len(), 2, "the newest, and the one that is spared");
    store.forget(second).unwrap();
    let run = store.begin_run(first, Setting::default()).unwrap();
    let mut recorder = store.record(&run).unwrap();
    succeed(&mut recorder, 11);
    recorder.finish(RunEnd::Complete, |_| true).unwrap();
    let found = place.store().known(first).unwrap().take(key(b"11")).unwrap();
    assert_eq!(found.map(|(_, state)| state), Some(State::Succeeded));
}

#[test]
fn vacuum_gives_the_room_back() {
    let place = Place::new();
    let big = place.job("a", 5_000);
    place.job("b", 10);
    let mut store = place.store();
    store.forget(big).unwrap();
    store.vacuum().unwrap();
    drop(store);
    let after = size(&place.file());
    assert!(after < 200_000, "{after} bytes");
    assert_eq!(assert_beginning(&place.file()), 10);
}

/// Run by the next one: forgets the big job.
#[test]
fn forgets_until_it_is_killed() {
    let Some(file) = as_child() else { return };
    let mut store = Store::open(&file, Durability::Process).unwrap();
    let big = JobId(2);
    store.forget(big).unwrap();
}

#[test]
fn who_is_killed_while_forgetting_has_harmed_nothing() {
    let original = Place::new();
    let kept = original.job("a", 10);
    let big = original.job("b", 20_000);
    let whole = fs::read(original.file()).unwrap();
    let mut left = Vec::new();
    for _ in 0..8 {
        let place = Place::new();
        fs::write(place.file(), &whole).unwrap();
        let mut child = Killed(child("retention::forgets_until_it_is_killed", &place.file()).spawn().unwrap());
        let reader = place.reader();
        let tasks = || reader.counts(big).unwrap().iter().map(|(_, count)| count).sum::<u64>();
        let wanted = fastrand::u64(1..20_000);
        eventually("some are gone", || tasks() < wanted);
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        assert_eq!(ganger_store::check(&place.file()).unwrap(), [""; 0]);
        assert_eq!(reader.each_task(kept, None).count(), 10);
        left.push(tasks());
        // What is left goes the next time.
        let mut store = place.store();
        assert_eq!(store.forget(big).unwrap(), *left.last().unwrap());
        assert_eq!(reader.jobs().unwrap().len(), 1);
    }
    assert!(left.iter().any(|tasks| *tasks > 0), "some were killed in the middle: {left:?}");
}
