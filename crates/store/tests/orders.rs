//! What clients want of jobs, tasks, queues and schedules.

use std::time::{Duration, SystemTime};

use ganger_store::{
    Answer, Backlog, DeadPage, Done, End, Fate, Firing, How, JobFilter, JobId, JobState, Missing, Needs, NewJob,
    NewSchedule, Next, Order, Overlap, QueueId, State, Stream, TaskFilter, Turn, Unique, Until,
};

use rusqlite::Connection;

use crate::backlog::{accept, claim, end, job, open, order, succeed, tally};
use crate::place::{Place, eventually};

const SECOND: Duration = Duration::from_secs(1);

fn at(backlog: &mut Backlog, now: SystemTime, orders: Vec<Order>) -> Done {
    backlog.commit(&Turn { now: Some(now), orders, ..Turn::default() }).unwrap()
}

fn state(place: &Place, job: JobId) -> JobState {
    place.reader().served(job).unwrap().unwrap().state()
}

fn keyed(queue: QueueId, until: Until) -> NewJob {
    NewJob { unique: Some(Unique { key: "nightly".to_owned(), until }), ..job(queue, 2) }
}

/// Turns until nothing is left to do.
fn drain(backlog: &mut Backlog) {
    eventually("all is done", || !backlog.commit(&Turn::default()).unwrap().more);
}

#[test]
fn what_is_handed_in_for_later_begins_then() {
    let (place, now) = (Place::new(), SystemTime::now());
    let (mut backlog, queue) = open(&place);
    let later = NewJob { due: Some(now + 60 * SECOND), ..job(queue, 1) };
    let done = at(&mut backlog, now, vec![Order::Submit(Box::new(later))]);
    assert_eq!(done.due.unwrap().duration_since(now).unwrap().as_secs_f64().round(), 60.0);
    assert_eq!((claim(&mut backlog, queue, 1).len(), state(&place, JobId(1))), (0, JobState::Delayed));
    let done = at(&mut backlog, now + 61 * SECOND, Vec::new());
    assert_eq!((done.due, done.lines.get(&queue)), (None, Some(&true)));
    assert_eq!(claim(&mut backlog, queue, 1).len(), 1);
}

#[test]
fn a_task_that_is_tried_later_keeps_nobody_from_beginning() {
    let (place, now) = (Place::new(), SystemTime::now());
    let (mut backlog, queue) = open(&place);
    let id = accept(&mut backlog, job(queue, 2));
    let first = claim(&mut backlog, queue, 1).remove(0);
    let done = end(&mut backlog, first.clone(), End::Exit(1), Fate::Later(now + 60 * SECOND));
    assert_eq!((done.depths[&queue].delayed, tally(&place, id).delayed), (1, 1));
    assert!(place.reader().delayed_until(first.task).unwrap().is_some());
    let second = claim(&mut backlog, queue, 9).remove(0);
    assert_ne!(second.task, first.task);
    assert!(succeed(&mut backlog, second).over.is_empty(), "one is tried again");
    at(&mut backlog, now + 61 * SECOND, Vec::new());
    let again = claim(&mut backlog, queue, 9).remove(0);
    assert_eq!((again.task, again.number), (first.task, 2));
    assert_eq!(succeed(&mut backlog, again).over, [id]);
}

#[test]
fn a_job_comes_after_those_that_it_needs() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let needed = accept(&mut backlog, job(queue, 1));
    let after = |how| NewJob { needs: Needs { jobs: vec![needed], how }, ..job(queue, 1) };
    let (well, any) = (accept(&mut backlog, after(How::Succeeded)), accept(&mut backlog, after(How::Over)));
    assert_eq!((state(&place, well), state(&place, any)), (JobState::Blocked, JobState::Blocked));
    let [only] = claim(&mut backlog, queue, 9).try_into().unwrap();
    end(&mut backlog, only, End::Exit(1), Fate::Over(State::Failed));
    drain(&mut backlog);
    assert_eq!((state(&place, well), state(&place, any)), (JobState::Stopped, JobState::Waiting));
    let reason = place.reader().served(well).unwrap().unwrap().reason.unwrap();
    assert_eq!(reason, "job 1, which it needs, has not succeeded");
    assert_eq!(claim(&mut backlog, queue, 9)[0].job, any);
    let none = NewJob { needs: Needs { jobs: vec![JobId(99)], how: How::Over }, ..job(queue, 1) };
    assert_eq!(order(&mut backlog, Order::Submit(Box::new(none))), Answer::Missing(Missing::Job(JobId(99))));
}

#[test]
fn a_key_is_one_jobs_as_long_as_it_says() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let submit = |backlog: &mut Backlog, until| {
        let answer = order(backlog, Order::Submit(Box::new(keyed(queue, until))));
        let Answer::Accepted(accepted) = answer else { panic!("{answer:?}") };
        (accepted.job.0, accepted.tasks, accepted.existing)
    };
    assert_eq!(submit(&mut backlog, Until::Over), (1, 2, false));
    assert_eq!(submit(&mut backlog, Until::Over), (1, 2, true), "nothing new is made");
    claim(&mut backlog, queue, 2).into_iter().for_each(|claim| drop(succeed(&mut backlog, claim)));
    assert_eq!(submit(&mut backlog, Until::Forgotten), (2, 2, false), "the first one is over");
    claim(&mut backlog, queue, 2).into_iter().for_each(|claim| drop(succeed(&mut backlog, claim)));
    assert_eq!(submit(&mut backlog, Until::Over), (2, 2, true), "the second one is remembered");
    assert_eq!(order(&mut backlog, Order::Forget(JobId(2))), Answer::Done);
    assert_eq!(submit(&mut backlog, Until::Over), (3, 2, false));
}

#[test]
fn tasks_are_added_to_a_job_until_it_is_closed() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let id = accept(&mut backlog, NewJob { open: true, ..job(queue, 0) });
    let add = |backlog: &mut Backlog, words: &[&str], close| {
        let tasks = words.iter().map(|word| vec![word.as_bytes().to_vec()]).collect();
        order(backlog, Order::Append { job: id, command: None, tasks, close })
    };
    assert_eq!(add(&mut backlog, &["a", "b"], false), Answer::Appended(1));
    // Another job's tasks stand between them.
    accept(&mut backlog, job(queue, 3));
    assert_eq!(add(&mut backlog, &["c"], false), Answer::Appended(3));
    claim(&mut backlog, queue, 2).into_iter().for_each(|claim| drop(succeed(&mut backlog, claim)));
    assert!(!place.reader().served(id).unwrap().unwrap().is_over());
    assert_eq!(add(&mut backlog, &["d"], true), Answer::Appended(4));
    assert!(matches!(add(&mut backlog, &["e"], false), Answer::Conflict(_)));
    let elsewhere = accept(&mut backlog, NewJob { open: true, ..job(queue, 0) });
    let tasks = || vec![vec![b"f".to_vec()]];
    let as_it = |command| Order::Append { job: elsewhere, command, tasks: tasks(), close: false };
    let other = order(&mut backlog, as_it(Some(vec![b"other".to_vec()])));
    assert!(matches!(other, Answer::Conflict(why) if why.contains("other")));
    assert_eq!(order(&mut backlog, as_it(Some(job(queue, 0).command))), Answer::Appended(1));
    let (reader, filter) = (place.reader(), TaskFilter { from: 2, state: None, limit: 9 });
    let served = reader.served(id).unwrap().unwrap();
    let seen = reader.served_tasks(&served, &filter).unwrap();
    assert_eq!(
        seen.iter().map(|task| (task.number, &task.input[..])).collect::<Vec<_>>(),
        [(2, &b"b"[..]), (3, b"c"), (4, b"d")]
    );
    let waiting = reader.served_tasks(&served, &TaskFilter { from: 4, state: Some(State::Waiting), limit: 9 }).unwrap();
    assert_eq!(waiting.iter().map(|task| task.number).collect::<Vec<_>>(), [4]);
    assert_eq!(reader.served_task(&served, 5).unwrap(), None);
}

#[test]
fn who_is_paused_begins_nothing_and_that_is_kept() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let (held, other) = (accept(&mut backlog, job(queue, 1)), accept(&mut backlog, job(queue, 1)));
    order(&mut backlog, Order::Pause(held));
    assert_eq!(state(&place, held), JobState::Held);
    assert_eq!(claim(&mut backlog, queue, 9)[0].job, other);
    order(&mut backlog, Order::PauseQueue(queue));
    order(&mut backlog, Order::Resume(held));
    drop(backlog);
    let (mut backlog, queue) = open(&place);
    assert!(backlog.depth(queue).unwrap().paused && claim(&mut backlog, queue, 9).is_empty());
    order(&mut backlog, Order::ResumeQueue(queue));
    assert_eq!(claim(&mut backlog, queue, 9).len(), 2);
}

#[test]
fn what_has_failed_is_retried_with_fresh_attempts_and_its_story() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let id = accept(&mut backlog, job(queue, 5_000));
    assert!(matches!(order(&mut backlog, Order::Retry(id)), Answer::Conflict(_)));
    let failed = claim(&mut backlog, queue, 3);
    for claim in &failed {
        end(&mut backlog, claim.clone(), End::Exit(7), Fate::Over(State::Failed));
    }
    order(&mut backlog, Order::Cancel(id));
    drain(&mut backlog);
    assert_eq!(state(&place, id), JobState::Stopped);
    assert_eq!(order(&mut backlog, Order::Retry(id)), Answer::Done);
    assert_eq!(state(&place, id), JobState::Waiting, "it is not over though most of it is still stopped");
    drop(backlog);
    let (mut backlog, queue) = open(&place);
    drain(&mut backlog);
    assert_eq!(tally(&place, id).waiting, 5_000, "what was noted survives the service");
    let again = claim(&mut backlog, queue, 1).remove(0);
    assert_eq!((again.task, again.number), (failed[0].task, 1));
    let (reader, task, running) = (place.reader(), again.task, again.attempt);
    assert_eq!(reader.attempt_numbered(task, 2).unwrap(), Some(running), "the second that there was");
    succeed(&mut backlog, again);
    let story = reader.attempts(task).unwrap().into_iter().map(|attempt| (attempt.number, attempt.end));
    assert_eq!(story.collect::<Vec<_>>(), [(1, End::Exit(7)), (2, End::Exit(0))]);
    assert_eq!(reader.attempt_numbered(task, 2).unwrap(), Some(running));
}

#[test]
fn one_task_is_cancelled_and_retried() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let id = accept(&mut backlog, job(queue, 3));
    let running = claim(&mut backlog, queue, 1).remove(0);
    assert_eq!(order(&mut backlog, Order::CancelTask(id, 2)), Answer::Done);
    let done = backlog.commit(&Turn { orders: vec![Order::CancelTask(id, 1)], ..Turn::default() }).unwrap();
    assert_eq!(done.cancelled, [ganger_store::Cancelled::Task(running.task)]);
    end(&mut backlog, running, End::Stopped, Fate::Back);
    assert_eq!((tally(&place, id).stopped, tally(&place, id).waiting), (2, 1));
    assert_eq!(order(&mut backlog, Order::CancelTask(id, 9)), Answer::Missing(Missing::Task(id, 9)));
    assert!(matches!(order(&mut backlog, Order::RetryTask(id, 3)), Answer::Conflict(_)));
    order(&mut backlog, Order::RetryTask(id, 1));
    assert_eq!(claim(&mut backlog, queue, 9).len(), 2);
}

#[test]
fn dead_letters_are_paged_and_grouped() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    for failures in [3, 0, 2] {
        let id = accept(&mut backlog, job(queue, 4));
        for (claim, number) in claim(&mut backlog, queue, 4).into_iter().zip(0..) {
            let fails = number < failures;
            let (code, state) = if fails { (id.0 as i32, State::Failed) } else { (0, State::Succeeded) };
            end(&mut backlog, claim, End::Exit(code), Fate::Over(state));
        }
    }
    let reader = place.reader();
    let page = |before, limit| {
        let letters = reader.dead_letters(&DeadPage { queue: Some("default".to_owned()), before, limit }).unwrap();
        letters.iter().map(|letter| (letter.served.job.id.0, letter.task.number)).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 3), [(3, 2), (3, 1), (1, 3)]);
    assert_eq!(page(Some((JobId(1), 3)), 9), [(1, 2), (1, 1)]);
    let causes = reader.failures(None).unwrap();
    let seen: Vec<_> = causes.causes.iter().map(|cause| (cause.end.clone(), cause.tasks)).collect();
    assert_eq!((seen, causes.complete), (vec![(End::Exit(1), 3), (End::Exit(3), 2)], true));
    let failed = JobFilter { state: Some(JobState::Failed), limit: 9, ..JobFilter::default() };
    assert_eq!(reader.served_jobs(&failed).unwrap().len(), 2);
    let served = reader.served(JobId(1)).unwrap().unwrap();
    let outcomes = reader.outcomes(&served, 2, 2).unwrap();
    assert_eq!(outcomes.iter().map(|outcome| outcome.task.number).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn jobs_are_forgotten_when_they_were_kept_for_long_enough() {
    let (place, now) = (Place::new(), SystemTime::now());
    let (mut backlog, queue) = open(&place);
    let short = accept(&mut backlog, NewJob { keep: Some(10 * SECOND), ..job(queue, 3_000) });
    let long = accept(&mut backlog, job(queue, 1));
    claim(&mut backlog, queue, 9_999).into_iter().for_each(|claim| drop(succeed(&mut backlog, claim)));
    backlog.remember(queue, Some(3_600 * SECOND)).unwrap();
    let due = backlog.commit(&Turn::default()).unwrap().due.unwrap();
    assert!(due > now + 9 * SECOND && due < now + 600 * SECOND, "{due:?}");
    let mut done = at(&mut backlog, now + 700 * SECOND, Vec::new());
    assert_eq!(place.reader().served(short).unwrap(), None, "it is not shown while it goes");
    while done.more {
        done = at(&mut backlog, now + 700 * SECOND, Vec::new());
    }
    assert_eq!(place.reader().jobs().unwrap().iter().map(|job| job.id).collect::<Vec<_>>(), [long]);
    assert!(matches!(order(&mut backlog, Order::Forget(JobId(99))), Answer::Missing(_)));
    accept(&mut backlog, job(queue, 1));
    assert!(matches!(order(&mut backlog, Order::Forget(JobId(3))), Answer::Conflict(_)));
}

/// What is asked for often is found without looking at all jobs that there were.
#[test]
fn jobs_that_failed_or_were_stopped_have_an_index() {
    let place = Place::new();
    let (_backlog, _) = open(&place);
    let connection = Connection::open(place.file()).unwrap();
    let plan = |condition: &str| {
        let sql =
            format!("EXPLAIN QUERY PLAN SELECT job FROM served s WHERE {condition} ORDER BY s.job DESC LIMIT 100");
        connection.query_row(&sql, [], |row| row.get::<_, String>(3)).unwrap()
    };
    assert!(
        plan("s.job < 9 AND s.ended IS NOT NULL AND (s.cancelled = 1 OR s.stopped > 0)").contains("served_stopped")
    );
    assert!(plan("s.job < 9 AND s.ended IS NOT NULL AND s.failed > 0").contains("served_failed"));
}

/// Tasks that have printed much are deleted a few at a time, so that no turn takes long.
#[test]
fn what_was_printed_goes_in_pieces() {
    const PIECE: usize = 1 << 20;
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let id = accept(&mut backlog, job(queue, 30));
    for claim in claim(&mut backlog, queue, 30) {
        let printed = vec![(claim.attempt, Stream::Stdout, vec![b'x'; PIECE])];
        backlog.commit(&Turn { printed, ..Turn::default() }).unwrap();
        succeed(&mut backlog, claim);
    }
    let connection = Connection::open(place.file()).unwrap();
    let left = || connection.query_row("SELECT count(*) FROM output", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(order(&mut backlog, Order::Forget(id)), Answer::Done);
    // The turn of the order has begun with it.
    let mut before = left();
    assert!(before >= 21, "{before}");
    while backlog.commit(&Turn::default()).unwrap().more {
        assert!(before - left() <= 9, "{before} - {}", left());
        before = left();
    }
    assert_eq!(left(), 0);
}

#[test]
fn a_schedule_hands_in_one_job_at_a_time_unless_it_queues_them() {
    let (place, now) = (Place::new(), SystemTime::now());
    let (mut backlog, queue) = open(&place);
    let schedule = |overlap| {
        let text = |text: &str| text.to_owned();
        let (name, cron, zone, job) = (text("nightly"), text("* * * * *"), text("UTC"), text("{}"));
        let next = Some(now + SECOND);
        let queue = text("default");
        Order::Schedule(Box::new(NewSchedule { name, cron, zone, queue, job, overlap, paused: false, next }))
    };
    let fire = |next| Order::Fire(Box::new(Firing { name: "nightly".to_owned(), job: Ok(job(queue, 1)), next }));
    let by_clock = |after: u32| Next::At(Some(now + after * SECOND));
    let done = at(&mut backlog, now, vec![schedule(Overlap::Skip)]);
    assert!(done.due.is_some() && backlog.due(now).unwrap().is_empty());
    assert_eq!(backlog.due(now + 2 * SECOND).unwrap()[0].name, "nightly");
    let done = at(&mut backlog, now + 2 * SECOND, vec![fire(by_clock(60)), fire(by_clock(120)), fire(Next::Unchanged)]);
    assert!(matches!(done.answers[..], [Answer::Accepted(_), Answer::Conflict(_), Answer::Accepted(_)]), "{done:?}");
    assert!(backlog.due(now + 100 * SECOND).unwrap().is_empty(), "the one that was skipped is done with");
    at(&mut backlog, now, vec![schedule(Overlap::Queue), Order::PauseSchedule("nightly".to_owned())]);
    assert!(matches!(order(&mut backlog, fire(by_clock(60))), Answer::Conflict(_)));
    order(&mut backlog, Order::ResumeSchedule { name: "nightly".to_owned(), next: Some(now) });
    assert!(matches!(order(&mut backlog, fire(by_clock(60))), Answer::Accepted(_)));
    let shown = place.reader().schedule("nightly").unwrap().unwrap();
    assert_eq!((shown.last_job, shown.trouble, shown.overlap), (Some(JobId(3)), None, Overlap::Queue));
    assert_eq!(order(&mut backlog, Order::Unschedule("nightly".to_owned())), Answer::Done);
    assert!(matches!(order(&mut backlog, Order::Unschedule("nightly".to_owned())), Answer::Missing(_)));
}
