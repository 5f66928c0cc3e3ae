//! Jobs that are forgotten.

use std::time::{Duration, SystemTime};

use ganger_store::{Forget, JobId, State};
use rusqlite::Connection;

use crate::place::{Place, assert_beginning, key, size};

/// How many rows all tables have together that belong to a job.
fn rows(place: &Place) -> i64 {
    let tables = ["job", "run", "task", "attempt", "output", "known", "known_to"];
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
