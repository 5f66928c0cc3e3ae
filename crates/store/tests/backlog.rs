//! What waits in a store, is claimed, and is over.

use std::io::Write as _;
use std::time::SystemTime;

use ganger_store::{
    Answer, Backlog, Claim, DeadPage, Done, End, Ended, Fate, JobFilter, JobId, NewJob, Order, Policy, QueueId, State,
    Tally, TaskFilter, Turn, Usage,
};

use crate::place::{Killed, Place, as_child, child, eventually};

pub(crate) fn open(place: &Place) -> (Backlog, QueueId) {
    let mut backlog = Backlog::open(place.store()).unwrap();
    let queue = backlog.queue("default").unwrap();
    (backlog, queue)
}

/// So many tasks, each with its number as its only word.
pub(crate) fn job(queue: QueueId, tasks: usize) -> NewJob {
    let tasks = (1..=tasks).map(|number| vec![number.to_string().into_bytes()]).collect();
    NewJob { name: "j".to_owned(), command: vec![b"echo".to_vec()], tasks, ..NewJob::to(queue) }
}

pub(crate) fn accept(backlog: &mut Backlog, job: NewJob) -> JobId {
    let Answer::Accepted(accepted) = order(backlog, Order::Submit(Box::new(job))) else { panic!("not accepted") };
    accepted.job
}

pub(crate) fn order(backlog: &mut Backlog, order: Order) -> Answer {
    backlog.commit(&Turn { orders: vec![order], ..Turn::default() }).unwrap().answers.remove(0)
}

pub(crate) fn claim(backlog: &mut Backlog, queue: QueueId, limit: usize) -> Vec<Claim> {
    backlog.commit(&Turn { wanted: vec![(queue, limit)], ..Turn::default() }).unwrap().claimed
}

pub(crate) fn end(backlog: &mut Backlog, claim: Claim, end: End, fate: Fate) -> Done {
    let attempt = claim.attempt(SystemTime::now(), Usage::default(), end);
    backlog.commit(&Turn { ended: vec![Ended { claim, attempt, fate }], ..Turn::default() }).unwrap()
}

pub(crate) fn succeed(backlog: &mut Backlog, claim: Claim) -> Done {
    end(backlog, claim, End::Exit(0), Fate::Over(State::Succeeded))
}

pub(crate) fn tally(place: &Place, job: JobId) -> Tally {
    place.reader().served(job).unwrap().unwrap().tasks
}

#[test]
fn tasks_are_claimed_by_priority_and_then_as_they_came() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let other = backlog.queue("other").unwrap();
    let first = accept(&mut backlog, job(queue, 2));
    let urgent = accept(&mut backlog, NewJob { priority: 5, ..job(queue, 1) });
    let last = accept(&mut backlog, NewJob { priority: -1, ..job(queue, 1) });
    accept(&mut backlog, NewJob { priority: 9, ..job(other, 1) });
    let claimed = claim(&mut backlog, queue, 3);
    let order: Vec<_> = claimed.iter().map(|claim| (claim.job, claim.args[0].clone())).collect();
    assert_eq!(order, [(urgent, b"1".to_vec()), (first, b"1".to_vec()), (first, b"2".to_vec())]);
    assert_eq!(claimed[0].argv(), [&b"echo"[..], b"1"]);
    assert_eq!(claim(&mut backlog, queue, 9).iter().map(|claim| claim.job).collect::<Vec<_>>(), [last]);
    assert_eq!(claim(&mut backlog, queue, 9), []);
    assert_eq!(backlog.depth(other).unwrap().tasks.waiting, 1);
}

#[test]
fn what_is_accepted_is_as_it_was_handed_in() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let policy =
        Policy { timeout: Some(std::time::Duration::from_millis(1_500)), failures: 4, losses: 2, ..Policy::default() };
    let words = vec![b"a b".to_vec(), Vec::new(), b"\xff\n".to_vec()];
    let new = NewJob {
        policy,
        tasks: vec![words.clone(), vec![Vec::new()]],
        directory: b"/srv".to_vec(),
        environment: vec![b"A=1=2".to_vec()],
        ..job(queue, 0)
    };
    accept(&mut backlog, new);
    let claimed = claim(&mut backlog, queue, 9);
    assert_eq!(claimed.iter().map(|claim| &claim.args).collect::<Vec<_>>(), [&words, &vec![Vec::new()]]);
    let Claim { policy: kept, directory, environment, number: 1, .. } = &claimed[0] else { panic!("{claimed:?}") };
    assert_eq!((kept, directory.as_slice(), environment.as_slice()), (&policy, &b"/srv"[..], &[b"A=1=2".to_vec()][..]));
    accept(&mut backlog, NewJob { tasks: vec![Vec::new(); 2], ..job(queue, 0) });
    assert!(
        claim(&mut backlog, queue, 9).iter().all(|claim| claim.argv() == [&b"echo"[..]]),
        "without words of their own"
    );
}

#[test]
fn a_job_is_over_with_its_last_task() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let id = accept(&mut backlog, job(queue, 2));
    assert_eq!(tally(&place, id), Tally { waiting: 2, ..Tally::default() });
    let [one, two] = <[Claim; 2]>::try_from(claim(&mut backlog, queue, 2)).unwrap();
    assert_eq!(succeed(&mut backlog, one).over, []);
    assert_eq!(backlog.is_over(id).unwrap(), Some(false));
    assert_eq!(end(&mut backlog, two, End::Exit(3), Fate::Over(State::Failed)).over, [id]);
    assert_eq!(backlog.is_over(id).unwrap(), Some(true));
    assert_eq!(backlog.is_over(JobId(99)).unwrap(), None);
    assert_eq!(tally(&place, id), Tally { succeeded: 1, failed: 1, ..Tally::default() });
    assert!(place.reader().last_run(id).unwrap().ended.is_some());
}

#[test]
fn a_task_that_waits_again_keeps_its_place_and_its_count() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    accept(&mut backlog, job(queue, 3));
    let first = claim(&mut backlog, queue, 1).remove(0);
    end(&mut backlog, first.clone(), End::Exit(1), Fate::Again);
    let again = claim(&mut backlog, queue, 1).remove(0);
    assert_eq!((again.task, again.number), (first.task, 2));
    end(&mut backlog, again, End::Stopped, Fate::Back);
    let back = claim(&mut backlog, queue, 1).remove(0);
    assert_eq!((back.task, back.number), (first.task, 2), "what was given back was no attempt");
    let ends: Vec<_> = place.reader().attempts(first.task).unwrap().into_iter().map(|a| a.end).collect();
    assert_eq!(ends, [End::Exit(1), End::Stopped]);
}

#[test]
fn what_ran_when_the_service_was_killed_is_tried_again_within_its_attempts() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let policy = Policy { losses: 2, ..Policy::default() };
    let id = accept(&mut backlog, NewJob { policy, ..job(queue, 1) });
    let task = claim(&mut backlog, queue, 1).remove(0).task;
    drop(backlog);

    let (mut backlog, _) = open(&place);
    assert_eq!((backlog.interrupted(), tally(&place, id).waiting), (1, 1));
    let again = claim(&mut backlog, queue, 1).remove(0);
    assert_eq!((again.task, again.number), (task, 2));
    drop(backlog);

    let (backlog, _) = open(&place);
    assert_eq!((backlog.interrupted(), tally(&place, id).failed), (1, 1));
    let attempts = place.reader().attempts(task).unwrap();
    assert!(attempts.iter().all(|attempt| matches!(attempt.end, End::Crashed(_))));
    assert_eq!(attempts.iter().map(|attempt| attempt.number).collect::<Vec<_>>(), [1, 2]);
    drop(backlog);
    assert_eq!(open(&place).0.interrupted(), 0, "it is told once");
}

#[test]
fn a_cancelled_job_is_stopped_in_turns_and_also_by_the_next_service() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let id = accept(&mut backlog, job(queue, 5_000));
    let running = claim(&mut backlog, queue, 1).remove(0);
    let orders = vec![Order::Cancel(id)];
    let done = backlog.commit(&Turn { orders, wanted: vec![(queue, 1)], ..Turn::default() }).unwrap();
    let stopped = -done.depths[&queue].total();
    assert!(done.more && stopped > 0 && stopped < 4_999, "{done:?}");
    let raced = done.claimed;
    drop(backlog);

    let (mut backlog, _) = open(&place);
    eventually("all of it is stopped", || !backlog.commit(&Turn::default()).unwrap().more);
    let tally = tally(&place, id);
    assert_eq!((tally.waiting, tally.running, tally.total()), (0, 0, 5_000), "what ran does not wait again");
    assert!(place.reader().served(id).unwrap().unwrap().cancelled);
    assert_eq!(claim(&mut backlog, queue, 1), []);
    assert_eq!((running.job, raced.len()), (id, 0), "nothing of it begins in the turn that cancels it");
}

#[test]
fn a_forgotten_job_waits_nowhere() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let first = accept(&mut backlog, job(queue, 5_000));
    let second = accept(&mut backlog, job(queue, 2));
    claim(&mut backlog, queue, 3);
    drop(backlog);
    assert_eq!(place.store().forget(first).unwrap(), 5_000);
    let (mut backlog, _) = open(&place);
    assert_eq!((backlog.interrupted(), backlog.depth(queue).unwrap().tasks.waiting), (0, 2));
    assert_eq!(claim(&mut backlog, queue, 9).iter().map(|claim| claim.job).collect::<Vec<_>>(), [second; 2]);
    assert_eq!(place.reader().served(first).unwrap(), None);
}

#[test]
fn what_is_salvaged_can_be_worked_off() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let id = accept(&mut backlog, job(queue, 10));
    let [_running, failing, done] = <[Claim; 3]>::try_from(claim(&mut backlog, queue, 3)).unwrap();
    end(&mut backlog, failing, End::Exit(1), Fate::Again);
    succeed(&mut backlog, done);
    drop(backlog);
    let new = place.dir().join("new.db");
    ganger_store::salvage(&place.file(), &new).unwrap();
    std::fs::rename(&new, place.file()).unwrap();
    let (mut backlog, _) = open(&place);
    assert_eq!((backlog.interrupted(), backlog.depth(queue).unwrap().tasks.waiting), (1, 9));
    assert_eq!(tally(&place, id), Tally { waiting: 9, succeeded: 1, ..Tally::default() });
    let numbers: Vec<_> = claim(&mut backlog, queue, 3).iter().map(|claim| claim.number).collect();
    assert_eq!(numbers, [2, 2, 1], "what ran, what had failed, and what had not begun");
}

/// Run by the next one: it accepts one job after the other, says so, and is killed in the middle.
#[test]
fn accept_until_killed() {
    let Some(file) = as_child() else { return };
    let mut backlog =
        Backlog::open(ganger_store::Store::open(&file, ganger_store::Durability::Process).unwrap()).unwrap();
    let queue = backlog.queue("default").unwrap();
    loop {
        writeln!(std::io::stdout(), "{}", accept(&mut backlog, job(queue, 10)).0).unwrap();
        claim(&mut backlog, queue, 3).into_iter().take(2).for_each(|claim| drop(succeed(&mut backlog, claim)));
    }
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    use std::io::{BufRead as _, BufReader};
    let place = Place::new();
    let mut command = child("backlog::accept_until_killed", &place.file());
    let mut killed = Killed(command.stdout(std::process::Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(killed.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told: Vec<i64> = lines.filter_map(|line| line.parse().ok()).take(200).collect();
    drop(killed);
    assert_eq!(ganger_store::check(&place.file()).unwrap(), [""; 0]);
    let (backlog, queue) = open(&place);
    let waiting: u64 = place
        .reader()
        .served_jobs(&JobFilter { limit: 9_999, ..JobFilter::default() })
        .unwrap()
        .iter()
        .map(|job| job.tasks.waiting)
        .sum();
    assert_eq!(backlog.depth(queue).unwrap().tasks.waiting, waiting as i64, "what the jobs count is what waits");
    for job in told {
        assert_eq!(tally(&place, JobId(job)).total(), 10, "job {job}");
    }
}

#[test]
fn the_attempts_of_a_job_are_found_between_those_of_others() {
    let place = Place::new();
    let (mut backlog, queue) = open(&place);
    let jobs = [accept(&mut backlog, job(queue, 3)), accept(&mut backlog, NewJob { priority: 1, ..job(queue, 3) })];
    for _ in 0..3 {
        // The second one's first, and both by turns.
        claim(&mut backlog, queue, 1).into_iter().for_each(|claim| drop(succeed(&mut backlog, claim)));
        for id in jobs {
            order(&mut backlog, Order::Pause(id));
            claim(&mut backlog, queue, 1).into_iter().for_each(|claim| drop(succeed(&mut backlog, claim)));
            order(&mut backlog, Order::Resume(id));
        }
    }
    let reader = place.reader();
    for id in jobs {
        let run = reader.last_run(id).unwrap().id;
        let attempts: Vec<_> = reader.each_attempt(run).unwrap().map(Result::unwrap).collect();
        let tasks: Vec<_> = reader.each_task(id, None).map(|task| task.unwrap().id).collect();
        assert_eq!(attempts.iter().map(|attempt| attempt.task).collect::<Vec<_>>(), tasks, "job {}", id.0);
        assert_eq!(reader.last_ended(run).unwrap(), attempts.iter().map(|attempt| attempt.ended).max());
    }
}

/// Numbers that no program has written, as large as they can be.
#[test]
fn a_crafted_file_is_refused_or_worked_off_and_nobody_panics() {
    let crafted = [
        "UPDATE task SET id = 9223372036854775807 WHERE id = 1",
        "UPDATE task SET number = -9223372036854775807",
        "UPDATE served SET first = 9223372036854775807, waiting = 9223372036854775807, failed = 9223372036854775807",
        "UPDATE served SET rank = -9223372036854775807 - 1, timeout = -9223372036854775807 - 1, due = -1, needs = -1",
        "UPDATE served SET rank = 9223372036854775807, backoff_first = 9223372036854775807, ended = 9223372036854775807",
        "UPDATE running SET attempt = 9223372036854775807",
        "INSERT INTO span VALUES (1, 2, 9223372036854775807), (1, 9223372036854775807, -9223372036854775807)",
        "INSERT INTO delayed VALUES (9223372036854775807, 9223372036854775807), (1, -9223372036854775807)",
        "UPDATE queue SET keep = -9223372036854775807",
        "INSERT INTO chore (job, what, state, after) VALUES (1, 'again', 'running', 9223372036854775807)",
    ];
    for sql in crafted {
        let place = Place::new();
        let (mut backlog, queue) = open(&place);
        let id = accept(&mut backlog, job(queue, 3));
        claim(&mut backlog, queue, 1);
        drop(backlog);
        rusqlite::Connection::open(place.file()).unwrap().execute_batch(sql).unwrap();
        if let Ok(mut backlog) = Backlog::open(place.store()) {
            // Whether it can be done is for the file to say.
            for order in [Order::Submit(Box::new(job(queue, 2))), Order::Cancel(id), Order::CancelTask(id, u64::MAX)] {
                let turn = Turn { orders: vec![order], wanted: vec![(queue, 2)], ..Turn::default() };
                drop(backlog.commit(&turn));
            }
        }
        let reader = place.reader();
        if let Ok(Some(served)) = reader.served(id) {
            let filter = TaskFilter { from: u64::MAX, state: None, limit: usize::MAX };
            drop((served.state(), reader.served_tasks(&served, &filter), reader.served_task(&served, 2)));
            drop(reader.dead_letters(&DeadPage { before: Some((id, u64::MAX)), limit: 9, ..DeadPage::default() }));
        }
    }
}
