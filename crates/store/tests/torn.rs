//! A log that was cut off or hit.

use std::fs;
use std::path::PathBuf;

use crate::place::{Place, assert_beginning, begin, eventually, size, succeed};

const TASKS: u64 = 600;
const GROUP: u64 = 20;

/// A store whose records are all in its log still, and its two files.
fn with_log() -> (Place, Vec<u8>, Vec<u8>) {
    let place = Place::new();
    let (job, mut recorder) = begin(place.store(), "j");
    for number in 1..=TASKS {
        succeed(&mut recorder, number);
        if number % GROUP == 0 {
            recorder.flush().unwrap();
            eventually("the group is there", || {
                place.reader().counts(job).unwrap().iter().map(|(_, count)| count).sum::<u64>() == number
            });
        }
    }
    let files = (fs::read(place.file()).unwrap(), fs::read(log(&place)).unwrap());
    drop(recorder);
    (place, files.0, files.1)
}

fn log(place: &Place) -> PathBuf {
    place.dir().join("s.db-wal")
}

#[test]
fn a_torn_log_leaves_a_beginning_of_the_groups() {
    let (_before, database, whole) = with_log();
    let mut random = fastrand::Rng::with_seed(7);
    let mut found = Vec::new();
    for _ in 0..120 {
        let place = Place::new();
        let mut torn = whole.clone();
        match random.bool() {
            true => torn.truncate(random.usize(..whole.len())),
            false => (0..random.usize(1..9)).for_each(|_| torn[random.usize(..whole.len())] ^= random.u8(1..)),
        }
        fs::write(place.file(), &database).unwrap();
        fs::write(log(&place), torn).unwrap();
        found.push(assert_beginning(&place.file()) as u64);
        // Who writes goes on behind it.
        place.job("next", 3);
        assert_eq!(place.tasks().len(), 3);
    }
    assert!(found.iter().all(|tasks| tasks % GROUP == 0 && *tasks <= TASKS), "whole groups: {found:?}");
    found.sort_unstable();
    found.dedup();
    assert!(found.len() > 5, "the log was hit in many places: {found:?}");
}

#[test]
fn an_untouched_log_loses_nothing() {
    let (_before, database, whole) = with_log();
    let place = Place::new();
    fs::write(place.file(), &database).unwrap();
    fs::write(log(&place), whole).unwrap();
    assert_eq!(assert_beginning(&place.file()), TASKS as usize);
    assert!(size(&place.file()) > 0);
}
