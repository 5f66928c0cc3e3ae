//! What a resume knows.

use ganger_store::{End, JobId, RunEnd, Setting, State, Store};
use rusqlite::Connection;

use crate::place::{Place, begin, end, key, start, succeed};

/// A run that has so many tasks of the same input, the first of which succeed.
fn equal(place: &Place, tasks: u64, succeeded: u64) -> JobId {
    let (job, mut recorder) = begin(place.store(), "j");
    for at in 0..tasks {
        let task = start(&mut recorder, 1);
        end(&mut recorder, task, 1, End::Exit(i32::from(at >= succeeded)));
    }
    recorder.finish(RunEnd::Complete, |_| true).unwrap();
    job
}

fn states(store: &mut Store, job: JobId, input: &[u8]) -> Vec<State> {
    let mut known = store.known(job).unwrap();
    std::iter::from_fn(|| known.take(key(input)).unwrap()).map(|(_, state)| state).collect()
}

#[test]
fn of_equal_tasks_each_is_given_out_once() {
    let place = Place::new();
    let job = equal(&place, 10, 7);
    let mut store = place.store();
    let states = states(&mut store, job, b"1");
    assert_eq!(states.len(), 10);
    assert_eq!(states.iter().filter(|state| **state == State::Succeeded).count(), 7);
}

#[test]
fn of_very_many_equal_tasks_as_well() {
    let place = Place::new();
    let job = equal(&place, 3_000, 3_000);
    let mut store = place.store();
    let mut known = store.known(job).unwrap();
    let mut given: Vec<_> = std::iter::from_fn(|| known.take(key(b"1")).unwrap()).map(|(task, _)| task).collect();
    let all = given.len();
    given.dedup();
    assert_eq!((all, given.len()), (3_000, 3_000), "each once, in order");
}

#[test]
fn another_jobs_tasks_are_not_known() {
    let place = Place::new();
    let (first, second) = (place.job("a", 5), place.job("b", 3));
    let mut store = place.store();
    assert_eq!(states(&mut store, first, b"4").len(), 1);
    assert_eq!(states(&mut store, second, b"4").len(), 0);
}

#[test]
fn what_was_added_since_is_known_too_and_nothing_twice() {
    let place = Place::new();
    let job = place.job("a", 5);
    for run in 1..4 {
        let mut store = place.store();
        assert_eq!(states(&mut store, job, b"4").len(), 1, "run {run}");
        assert_eq!(states(&mut store, job, b"100").len(), run - 1);
        let run = store.begin_run(job, Setting::default()).unwrap();
        let mut recorder = store.record(&run).unwrap();
        succeed(&mut recorder, 100);
        recorder.finish(RunEnd::Complete, |_| true).unwrap();
    }
}

/// What a file says of its ids is no size for a table in memory, and no place in one.
#[test]
fn ids_that_nobody_gave_are_no_reason_to_end() {
    for id in [-7, 1 << 62, i64::MAX] {
        let place = Place::new();
        let job = place.job("j", 3);
        let sql = format!("PRAGMA foreign_keys = OFF; UPDATE task SET id = {id} WHERE number = 2");
        Connection::open(place.file()).unwrap().execute_batch(&sql).unwrap();
        let mut store = place.store();
        assert_eq!(states(&mut store, job, b"2").len(), usize::from(id > 0), "{id}");
        assert_eq!(states(&mut store, job, b"3"), [State::Succeeded], "{id}");
        let (_, mut recorder) = begin(store, "k");
        (1..=3).for_each(|number| succeed(&mut recorder, number));
        let added = recorder.finish(RunEnd::Complete, |_| true);
        assert_eq!(added.is_err(), id == i64::MAX, "{id}: {added:?}");
    }
}
