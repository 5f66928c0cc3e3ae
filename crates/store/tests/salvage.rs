//! What can be had of a damaged file.

use std::fs;
use std::path::PathBuf;

use ganger_store::{Filter, Reader, Salvaged, check, salvage};

use crate::place::{Place, size};

/// So many pages at the beginning say which tables there are, or are their first.
const SCHEMA: usize = 40;
const TASKS: u64 = 3_000;
const PAGE: usize = 4_096;

/// The bytes of a store with a job of many tasks.
fn whole() -> Vec<u8> {
    let place = Place::new();
    place.job("j", TASKS);
    fs::read(place.file()).unwrap()
}

fn new(place: &Place) -> PathBuf {
    place.dir().join("new.db")
}

#[test]
fn a_whole_one_is_copied_whole() {
    let place = Place::new();
    place.job("j", TASKS);
    assert_eq!(check(&place.file()).unwrap(), [""; 0]);
    let saved = salvage(&place.file(), &new(&place)).unwrap();
    assert_eq!(saved, Salvaged { jobs: 1, tasks: TASKS, attempts: TASKS, outputs: TASKS, left_out: 0, holes: 0 });
    assert_eq!(check(&new(&place)).unwrap(), [""; 0]);
    assert!(salvage(&place.file(), &new(&place)).unwrap_err().to_string().contains("is left as it is"));
    assert!(salvage(&place.dir().join("none"), &place.dir().join("other")).is_err());
}

/// SQLite itself finds nothing wrong with it.
#[test]
fn a_word_that_is_none_is_told_and_left_out() {
    for bad in [b"\xffxit", b"exot"] {
        let (place, mut bytes) = (Place::new(), whole());
        let at = bytes.windows(4).rposition(|word| word == b"exit").unwrap();
        bytes[at..at + 4].copy_from_slice(bad);
        fs::write(place.file(), &bytes).unwrap();
        let faults = check(&place.file()).unwrap();
        assert!(faults.iter().any(|fault| fault.contains("attempt") && fault.ends_with(": 1")), "{faults:?}");
        let saved = salvage(&place.file(), &new(&place)).unwrap();
        assert_eq!((saved.tasks, saved.attempts, saved.left_out, saved.holes), (TASKS, TASKS - 1, 1, 0));
    }
}

#[test]
fn of_a_damaged_one_most_is_saved_and_it_is_left_as_it_is() {
    let mut saved_all = Vec::new();
    let mut random = fastrand::Rng::with_seed(11);
    let whole = whole();
    for round in 0..25 {
        let (place, mut bytes) = (Place::new(), whole.clone());
        let pages = bytes.len() / PAGE;
        // Behind the tables' own names, in the pages of rows.
        for _ in 0..3 {
            let at = random.usize(SCHEMA..pages) * PAGE;
            bytes[at..at + PAGE].fill(random.u8(..));
        }
        fs::write(place.file(), &bytes).unwrap();
        assert!(!check(&place.file()).unwrap().is_empty(), "round {round}: the damage is seen");
        let saved = salvage(&place.file(), &new(&place)).unwrap();
        assert!(fs::read(place.file()).unwrap() == bytes, "left as it is");
        assert_eq!(check(&new(&place)).unwrap(), [""; 0], "round {round}");
        let reader = Reader::open(&new(&place)).unwrap();
        let job = reader.newest_job().unwrap();
        assert_eq!(reader.tasks(job.id, &Filter::default()).unwrap().len() as u64, saved.tasks);
        let attempts = reader.each_attempt(reader.last_run(job.id).unwrap().id).unwrap();
        let outputs: Vec<_> = attempts.map(|attempt| reader.output(attempt.unwrap().id).unwrap()).collect();
        assert_eq!(outputs.len() as u64, saved.attempts);
        saved_all.push(saved.tasks);
    }
    let most = saved_all.iter().filter(|tasks| **tasks > TASKS * 8 / 10).count();
    assert!(most > saved_all.len() / 2, "{saved_all:?}");
}

#[test]
fn what_single_bytes_were_changed_in_is_read_or_left_out() {
    let mut random = fastrand::Rng::with_seed(13);
    let whole = whole();
    for round in 0..25 {
        let (place, mut bytes) = (Place::new(), whole.clone());
        let pages = bytes.len() / PAGE;
        (0..40).for_each(|_| bytes[random.usize(SCHEMA * PAGE..pages * PAGE)] ^= random.u8(1..));
        fs::write(place.file(), &bytes).unwrap();
        salvage(&place.file(), &new(&place)).unwrap();
        assert_eq!(check(&new(&place)).unwrap(), [""; 0], "round {round}");
        let reader = Reader::open(&new(&place)).unwrap();
        for job in reader.jobs().unwrap() {
            for task in reader.each_task(job.id, None) {
                for attempt in reader.attempts(task.unwrap().id).unwrap() {
                    reader.output(attempt.id).unwrap();
                }
            }
        }
    }
}

#[test]
fn where_there_are_no_tables_any_more_nothing_is_made() {
    let place = Place::new();
    place.job("j", 10);
    let mut bytes = fs::read(place.file()).unwrap();
    bytes[100..PAGE].fill(0xa5);
    fs::write(place.file(), &bytes).unwrap();
    let error = salvage(&place.file(), &new(&place)).unwrap_err();
    assert!(error.is_damaged(), "{error}");
    assert_eq!(size(&new(&place)), 0);
    assert!(Reader::open(&place.file()).unwrap_err().to_string().contains("ganger salvage"));
}
