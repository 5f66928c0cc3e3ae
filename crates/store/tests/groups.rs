//! A group is there whole or not at all.

use ganger_store::{Attempt, End, Filter, Reader, Record, RunEnd, Setting, State, Stream, Usage};

use crate::place::{Killed, Place, assert_beginning, begin, child, end, eventually, start, succeed};

#[test]
fn after_sigkill_there_is_a_beginning_of_what_was_recorded() {
    let mut last = 0;
    for kill in 0..20 {
        let place = Place::new();
        let wanted = fastrand::usize(..3_000);
        let mut writer = Killed(child("lock::writes_until_it_is_killed", &place.file()).spawn().unwrap());
        eventually("some tasks are recorded", || {
            let reader = Reader::open(&place.file());
            let counted = reader.and_then(|reader| reader.counts(reader.newest_job()?.id));
            counted.is_ok_and(|counts| counts.iter().map(|(_, count)| *count as usize).sum::<usize>() > wanted)
        });
        writer.0.kill().unwrap();
        writer.0.wait().unwrap();
        let tasks = assert_beginning(&place.file());
        assert!(tasks > wanted, "kill {kill}: what was seen is kept: {tasks} of {wanted}");
        last = tasks;
    }
    assert!(last > 0);
}

#[test]
fn a_task_that_begins_and_ends_in_one_group_or_in_two_is_the_same() {
    let place = Place::new();
    let (_, mut recorder) = begin(place.store(), "j");
    let slow = start(&mut recorder, 1);
    recorder.flush().unwrap();
    eventually("the first group is there", || {
        let reader = place.reader();
        reader.newest_job().and_then(|job| reader.tasks(job.id, &Filter::default())).is_ok_and(|tasks| tasks.len() == 1)
    });
    assert_eq!(place.tasks()[0].state, State::Running);
    succeed(&mut recorder, 2);
    end(&mut recorder, slow, 1, End::Signal(9));
    let (again, stopped) = (start(&mut recorder, 3), start(&mut recorder, 4));
    recorder.send(Record::Waits(stopped)).unwrap();
    recorder.send(Record::Again(again)).unwrap();
    recorder.finish(RunEnd::Complete, |_| true).unwrap();
    let states: Vec<_> = place.tasks().iter().map(|task| task.state).collect();
    assert_eq!(states, [State::Failed, State::Succeeded, State::Running, State::Waiting]);
}

#[test]
fn what_is_written_is_read() {
    let place = Place::new();
    let (job, mut recorder) = begin(place.store(), "j");
    let ends = [
        End::Exit(0),
        End::Exit(255),
        End::Signal(11),
        End::OutOfMemory,
        End::TimeLimit,
        End::CpuLimit,
        End::Crashed("how".into()),
        End::Error("why ü".into()),
        End::NotStarted(String::new()),
        End::Stopped,
    ];
    let written: Vec<Attempt> = ends.into_iter().map(|end| attempted(&mut recorder, end)).collect();
    recorder.finish(RunEnd::Halted, |_| true).unwrap();
    let reader = place.reader();
    let read: Vec<Attempt> =
        reader.each_attempt(reader.last_run(job).unwrap().id).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(read, written);
    for attempt in &written {
        assert_eq!(reader.attempts(attempt.task).unwrap(), std::slice::from_ref(attempt));
        let output = reader.output(attempt.id).unwrap();
        assert_eq!(output, [(Stream::Stderr, vec![0, 255, b'\n']), (Stream::Stdout, b"out".to_vec())]);
        assert_eq!(reader.beginning(attempt.id, Stream::Stderr, 2).unwrap(), [0, 255]);
    }
}

fn attempted(recorder: &mut ganger_store::Recorder, end: End) -> Attempt {
    use std::time::{Duration, UNIX_EPOCH};
    let (task, id) = (start(recorder, 1), recorder.fresh_attempt());
    for (stream, bytes) in [(Stream::Stderr, vec![0, 255, b'\n']), (Stream::Stdout, b"out".to_vec())] {
        recorder.send(Record::Printed { attempt: id, stream, bytes }).unwrap();
    }
    let began = UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_001);
    let used = Usage {
        wall: Duration::from_micros(7),
        user: Duration::from_secs(8),
        system: Duration::from_micros(9),
        max_rss: 1 << 40,
        peak: 1 << 41,
    };
    let attempt =
        Attempt { id, task, number: 3, slot: 2, began, ended: began + used.wall, used, printed: 1 << 41, end };
    recorder.send(Record::Ended { attempt: attempt.clone(), state: State::Failed }).unwrap();
    attempt
}

/// It has no row, and may have output: who comes after it must not be taken for it.
#[test]
fn the_id_of_an_attempt_that_was_killed_is_not_given_out_again() {
    let place = Place::new();
    let (job, mut recorder) = begin(place.store(), "j");
    let task = start(&mut recorder, 1);
    let killed = recorder.fresh_attempt();
    recorder.send(Record::Printed { attempt: killed, stream: Stream::Stdout, bytes: b"half a li".to_vec() }).unwrap();
    recorder.finish(RunEnd::Error, |_| true).unwrap();

    let mut store = place.store();
    let run = store.begin_run(job, Setting::default()).unwrap();
    let mut recorder = store.record(&run).unwrap();
    end(&mut recorder, task, 1, End::Exit(0));
    recorder.finish(RunEnd::Complete, |_| true).unwrap();
    assert_eq!(assert_beginning(&place.file()), 1);
}
