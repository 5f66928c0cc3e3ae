//! Pools of each start method: tasks that return, panic, crash, take too long and are called off, while workers are killed; and
//! pools that are ended in each way. Each task is told one outcome, and it is the one that it ought to have.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use ganger::{Bytes, Future, Pool, StartMethod, TaskError, TaskOptions};

use super::killer::while_killing;
use super::{Act, Round, dogged, eventually};
use crate::PATIENCE;
use crate::chance::Chance;

pub(super) const ACT: Act = Act { name: "pools", prepare, round };

/// For the first backtrace of this process, that of a task that panics in a thread, std reads the program's symbols, and keeps them.
fn prepare() {
    drop(std::backtrace::Backtrace::force_capture().to_string());
}

type Answer = (u64, Bytes);

/// What a task will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Returns,
    Panics,
    Crashes,
    IsLate,
    IsCalledOff,
}

#[ganger::task]
fn returns(id: u64, rounds: u64, ballast: Bytes) -> Answer {
    let mixed = (0..rounds).fold(id, |mixed, _| std::hint::black_box(mixed.wrapping_mul(31).rotate_left(7)));
    (id + u64::from(mixed == id.wrapping_sub(1)), ballast)
}

#[ganger::task]
fn panics(id: u64) -> Answer {
    panic!("as it should: {id}")
}

#[ganger::task]
fn crashes(_id: u64) -> Answer {
    std::process::abort()
}

#[ganger::task]
fn is_late(_id: u64) -> Answer {
    loop {
        std::thread::park();
    }
}

/// A task that was handed in.
struct Handed {
    id: u64,
    fate: Fate,
    ballast: usize,
    future: Future<Answer>,
}

/// Mostly a few bytes; now and then more than a ring holds.
fn ballast(chance: &mut Chance) -> usize {
    match chance.below(1000) {
        0 => 12 << 20,
        1..20 => 100_000,
        20..200 => 1000,
        _ => chance.below(20),
    }
}

fn fate(chance: &mut Chance, method: StartMethod) -> Fate {
    match chance.below(100) {
        0..85 => Fate::Returns,
        85..90 => Fate::Panics,
        // A thread takes the program with it, and cannot be ended.
        90.. if method == StartMethod::Thread => Fate::Panics,
        90..92 => Fate::Crashes,
        92..94 => Fate::IsLate,
        _ => Fate::IsCalledOff,
    }
}

/// Counts itself when it is told an outcome.
fn hand_in(pool: &Pool, id: u64, fate: Fate, chance: &mut Chance, told: &Arc<AtomicU64>) -> Handed {
    let ballast = if fate == Fate::Returns { ballast(chance) } else { 0 };
    let dogged = TaskOptions::new().crash_attempts(10_000);
    let future = match fate {
        Fate::Returns => pool.submit(returns, (id, chance.below(5000) as u64, vec![id as u8; ballast].into())),
        Fate::Panics => Ok(pool.submit(panics, id).expect("it is open")),
        Fate::Crashes => Ok(pool.submit_with(&TaskOptions::new().crash_attempts(2), crashes, id).expect("it is open")),
        Fate::IsLate => {
            Ok(pool.submit_with(&dogged.timeout(Duration::from_millis(20)), is_late, id).expect("it is open"))
        }
        Fate::IsCalledOff => Ok(pool.submit(is_late, id).expect("it is open")),
    };
    let future = future.expect("it is open");
    let told = Arc::clone(told);
    future.add_done_callback(move |_| _ = told.fetch_add(1, Relaxed));
    Handed { id, fate, ballast, future }
}

/// Whether that is what had to come of it. `stopped`: its pool was not left to finish.
fn is_right(task: &Handed, outcome: Result<Answer, TaskError>, stopped: bool) -> bool {
    let Handed { id, fate, ballast, .. } = task;
    match outcome {
        Ok((said, bytes)) => {
            *fate == Fate::Returns
                && said == *id
                && bytes.len() == *ballast
                && bytes.iter().all(|byte| *byte == *id as u8)
        }
        Err(error) if error.is_cancelled() || error.is_not_started() => stopped || *fate == Fate::IsCalledOff,
        Err(error) => match fate {
            Fate::Panics => error.panic().is_some_and(|panic| panic.message == format!("as it should: {id}")),
            Fate::Crashes => error.crashes().is_some_and(|exits| exits.len() == 2),
            Fate::IsLate => error.is_timed_out(),
            Fate::Returns | Fate::IsCalledOff => false,
        },
    }
}

fn outcome(task: &Handed) -> Result<Answer, TaskError> {
    match task.future.result_timeout(PATIENCE) {
        Ok(answer) => Ok(answer),
        Err(error) => {
            Err(error.task().unwrap_or_else(|| panic!("task {} ({:?}): {error}", task.id, task.fate)).clone())
        }
    }
}

/// The ways in which a pool ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Close,
    Interrupt,
    Terminate,
    Kill,
    Drop,
}

fn end(pool: Pool, ending: Ending) {
    match ending {
        Ending::Close => pool.close(),
        Ending::Interrupt => pool.interrupt(),
        Ending::Terminate => pool.terminate(),
        Ending::Kill => pool.kill(),
        Ending::Drop => return drop(pool),
    }
    pool.join(Some(PATIENCE)).expect("its end is bounded");
}

fn round(round: &mut Round<'_>) {
    let method =
        round.chance.pick(&[StartMethod::Zygote, StartMethod::Zygote, StartMethod::Spawn, StartMethod::Thread]);
    let endings = [Ending::Close, Ending::Close, Ending::Interrupt, Ending::Terminate, Ending::Kill, Ending::Drop];
    let (ending, workers) = (round.chance.pick(&endings), 1 + round.chance.below(8));
    let pool = dogged(workers).start_method(method).build().expect("a pool");
    let (tasks, told) = (round.some(5000) as u64, Arc::new(AtomicU64::new(0)));
    let (chance, tally) = (&mut round.chance, round.tally);
    let hand_in_all = |chance: &mut Chance| -> Vec<Handed> {
        (0..tasks).map(|id| hand_in(&pool, id, fate(chance, method), chance, &told)).collect()
    };
    let work = |chance: &mut Chance| {
        let handed = hand_in_all(chance);
        handed.iter().filter(|task| task.fate == Fate::IsCalledOff).for_each(|task| _ = task.future.cancel());
        let heard = if ending == Ending::Close { handed.len() } else { chance.below(handed.len()) };
        handed[..heard].iter().for_each(|task| assert_right(task, false));
        (handed, heard)
    };
    let (handed, heard) = match method {
        StartMethod::Thread | StartMethod::Inline => work(chance),
        StartMethod::Zygote | StartMethod::Spawn => {
            while_killing(&pool, || told.load(Relaxed), chance.fork(), tally, || work(chance))
        }
    };
    tally.restarts(pool.worker_starts().saturating_sub(workers as u64));
    end(pool, ending);
    handed[heard..].iter().for_each(|task| assert_right(task, true));
    eventually("each was told one outcome", || told.load(Relaxed) == tasks);
    tally.tasks(handed.len());
}

#[track_caller]
fn assert_right(task: &Handed, stopped: bool) {
    let outcome = outcome(task);
    let shown = format!("{:?}", outcome.as_ref().map(|(id, bytes)| (id, bytes.len())));
    assert!(is_right(task, outcome, stopped), "task {} ({:?}): {shown}", task.id, task.fate);
}
