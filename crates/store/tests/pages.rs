//! Looking through many.

use ganger_store::{End, Filter, RunEnd, Setting, State};

use crate::place::{Place, begin, end, start, succeed};

#[test]
fn tasks_come_in_order_and_each_once_whatever_lies_between() {
    let place = Place::new();
    let (first, mut recorder) = begin(place.store(), "a");
    for number in 1..=1_203 {
        let task = start(&mut recorder, number);
        end(&mut recorder, task, number, End::Exit(i32::from(number % 3 == 0)));
    }
    recorder.finish(RunEnd::Complete, |_| true).unwrap();
    let second = place.job("b", 700);
    // The first job goes on behind the second.
    let mut store = place.store();
    let run = store.begin_run(first, Setting::default()).unwrap();
    let mut recorder = store.record(&run).unwrap();
    (1_204..=1_300).for_each(|number| succeed(&mut recorder, number));
    recorder.finish(RunEnd::Complete, |_| true).unwrap();

    let reader = place.reader();
    let numbers = |job, state| reader.each_task(job, state).map(|task| task.unwrap().number).collect::<Vec<_>>();
    assert!(numbers(first, None).into_iter().eq(1..=1_300));
    assert!(numbers(second, None).into_iter().eq(1..=700));
    assert!(numbers(first, Some(State::Failed)).into_iter().eq((3..=1_203).step_by(3)));
    assert_eq!(numbers(first, Some(State::Running)), [0; 0]);
    let some = reader.tasks(first, &Filter { limit: Some(2), after: None, state: None }).unwrap();
    assert_eq!(some.iter().map(|task| task.number).collect::<Vec<_>>(), [1, 2]);

    let attempts = |run| reader.each_attempt(run).unwrap().map(|attempt| attempt.unwrap().id.0).collect::<Vec<_>>();
    let runs = reader.runs(first).unwrap();
    assert!(attempts(runs[0].id).into_iter().eq(1..=1_203));
    assert!(attempts(runs[1].id).into_iter().eq(1_904..=2_000));
    assert_eq!(reader.tasks_numbered(first, 1_204).unwrap().len(), 1);
    assert_eq!(reader.run_of(reader.tasks_numbered(first, 1_204).unwrap()[0].id, first).unwrap().id, runs[1].id);
}

#[test]
fn who_follows_sees_each_attempt_once_when_it_is_over() {
    let place = Place::new();
    place.job("before", 10);
    let (job, mut recorder) = begin(place.store(), "j");
    let reader = place.reader();
    let run = reader.last_run(job).unwrap().id;
    let mut cursor = reader.cursor(run).unwrap();
    let (mut seen, slow) = (Vec::new(), start(&mut recorder, 1));
    for number in 2..=2_500 {
        succeed(&mut recorder, number);
        if number % 500 == 0 {
            seen.extend(reader.follow(&mut cursor).unwrap());
        }
    }
    end(&mut recorder, slow, 1, End::Exit(0));
    recorder.finish(RunEnd::Complete, |_| true).unwrap();
    loop {
        let more = reader.follow(&mut cursor).unwrap();
        if more.is_empty() {
            break;
        }
        seen.extend(more);
    }
    assert_eq!(seen.len(), 2_500);
    let mut ids: Vec<_> = seen.iter().map(|attempt| attempt.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2_500, "none twice");
}
