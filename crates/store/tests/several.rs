//! Several jobs that one process runs at a time.

use ganger_store::{Record, RunEnd, Setting, State, Store};

use crate::place::{Place, start, succeed};

/// A new job, and a run of it.
fn job(store: &mut Store, name: &str) -> ganger_store::Run {
    let job = store.create_job(name, "true").unwrap();
    store.begin_run(job.id, Setting::default()).unwrap()
}

#[test]
fn records_go_to_the_run_whose_turn_it_is() {
    let place = Place::new();
    let mut store = place.store();
    let (first, second) = (job(&mut store, "first"), job(&mut store, "second"));
    let mut recorder = store.record_all(&[&first, &second]).unwrap();
    succeed(&mut recorder, 1);
    recorder.turn_to(&second).unwrap();
    succeed(&mut recorder, 2);
    succeed(&mut recorder, 3);
    recorder.turn_to(&first).unwrap();
    start(&mut recorder, 4);
    let reader = place.reader();
    assert!(reader.is_running(&first).unwrap() && reader.is_running(&second).unwrap(), "both go on");
    recorder.finish(RunEnd::Complete, |_| true).unwrap();
    let counts = |run: &ganger_store::Run| reader.counts(run.job).unwrap();
    assert_eq!(counts(&first), [(State::Running, 1), (State::Succeeded, 1)]);
    assert_eq!(counts(&second), [(State::Succeeded, 2)]);
    for run in [&first, &second] {
        let run = reader.last_run(run.job).unwrap();
        assert_eq!(run.how, Some(RunEnd::Complete));
        assert!(!reader.is_running(&run).unwrap());
    }
}

#[test]
fn what_is_outdated_is_to_be_done_again_and_what_never_began_is_forgotten() {
    let place = Place::new();
    let done = place.job("done", 3);
    let mut store = place.store();
    let again = store.begin_run(done, Setting::default()).unwrap();
    let fresh = job(&mut store, "fresh");
    let mut recorder = store.record_all(&[&again, &fresh]).unwrap();
    recorder.send(Record::Outdated(done)).unwrap();
    // In the same group, and later: this one counts.
    succeed(&mut recorder, 4);
    recorder.send(Record::Unbegun { run: fresh.id, job: Some(fresh.job) }).unwrap();
    recorder.finish(RunEnd::Complete, |_| true).unwrap();
    let reader = place.reader();
    assert_eq!(reader.counts(done).unwrap(), [(State::Succeeded, 1), (State::Waiting, 3)]);
    assert_eq!(reader.jobs().unwrap().iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["done"]);
    assert_eq!(reader.runs(done).unwrap().len(), 2, "its earlier run is left alone");
}
