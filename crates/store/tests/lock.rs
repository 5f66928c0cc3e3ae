//! One writer at a time.

use std::thread;

use ganger_store::{Durability, RunEnd, Store};

use crate::place::{Killed, Place, as_child, begin, child, eventually, start, succeed};

#[test]
fn a_second_writer_is_refused_until_the_first_is_gone() {
    let place = Place::new();
    let (_, recorder) = begin(place.store(), "j");
    let error = Store::open(&place.file(), Durability::Process).unwrap_err();
    assert!(error.is_locked() && error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    recorder.finish(RunEnd::Complete, |_| true).unwrap();
    drop(place.store());
}

/// Run by others: writes until it is killed.
#[test]
fn writes_until_it_is_killed() {
    let Some(file) = as_child() else { return };
    let (_, mut recorder) = begin(Store::open(&file, Durability::Process).unwrap(), "j");
    for number in 1..50_000_000 {
        succeed(&mut recorder, number);
        if number % 50 == 0 {
            recorder.flush().unwrap();
        }
    }
}

#[test]
fn the_lock_dies_with_its_holder_and_the_run_is_seen_to_be_over() {
    let place = Place::new();
    let mut writer = Killed(child("lock::writes_until_it_is_killed", &place.file()).spawn().unwrap());
    eventually("a job runs", || {
        ganger_store::Reader::open(&place.file()).is_ok_and(|reader| {
            let run = reader.newest_job().and_then(|job| reader.last_run(job.id));
            run.is_ok_and(|run| reader.is_running(&run).unwrap())
        })
    });
    assert!(Store::open(&place.file(), Durability::Process).unwrap_err().is_locked());
    writer.0.kill().unwrap();
    writer.0.wait().unwrap();
    let reader = place.reader();
    let run = reader.last_run(reader.newest_job().unwrap().id).unwrap();
    assert!(run.ended.is_none() && !reader.is_running(&run).unwrap());
    drop(place.store());
}

#[test]
fn who_looks_keeps_no_writer_out() {
    let place = Place::new();
    place.job("j", 1);
    thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let reader = place.reader();
            let mut run = reader.last_run(reader.newest_job().unwrap().id).unwrap();
            // As if it had been killed, so that the lock is looked at.
            run.ended = None;
            (0..20_000).filter(|_| reader.is_running(&run).unwrap()).count()
        });
        while !looks.is_finished() {
            drop(place.store());
        }
        looks.join().unwrap();
    });
}

#[test]
fn a_run_that_is_over_is_not_running_though_another_one_is() {
    let place = Place::new();
    let first = place.job("a", 1);
    let (second, mut recorder) = begin(place.store(), "b");
    start(&mut recorder, 1);
    let reader = place.reader();
    let is_running = |job| reader.is_running(&reader.last_run(job).unwrap()).unwrap();
    assert!(is_running(second) && !is_running(first));
    recorder.finish(RunEnd::Interrupted, |_| true).unwrap();
    assert!(!is_running(second));
    assert_eq!(reader.last_run(second).unwrap().how, Some(RunEnd::Interrupted));
}
