//! Every deed at every point of a worker's way where it makes sense, on each start method whose workers are processes:
//! each task has one outcome, the others do not suffer, the cause is named, and the pool's end is bounded.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use ganger::testing::{Deed, Fault, Point, counts};
use ganger::{Exit, StartMethod, TaskError, TaskOptions};

use crate::bench::{Diary, PROCESSES, builder, end, outcome, square};

/// The task that is struck, of so many.
const STRUCK: u64 = 3;
const TASKS: u64 = 6;

/// So many pools at a time.
const AT_A_TIME: usize = 6;

/// A worker comes past these while it has a task in hand.
pub(crate) const IN_TASK: [Point; 3] = [Point::Begin, Point::Write, Point::Written];
/// And past these without one.
const OUTSIDE: [Point; 4] = [Point::Start, Point::Init, Point::Idle, Point::Retire];

pub(crate) fn pairs(points: &[Point]) -> impl Iterator<Item = Fault> + '_ {
    let all = points.iter().flat_map(|point| Deed::ALL.map(|deed| deed.at(*point)));
    all.filter(|fault| fault.check().is_ok())
}

/// Several at a time: most of them wait for something.
fn on_each(points: &[Point], test: fn(StartMethod, Fault)) {
    let all: Vec<_> = pairs(points).flat_map(|fault| PROCESSES.map(|method| (method, fault.clone()))).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((method, fault)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            test(*method, fault.clone());
        }
    };
    thread::scope(|scope| (0..AT_A_TIME).for_each(|_| drop(scope.spawn(work))));
}

/// What a task is told that is struck on every attempt.
#[derive(Debug, PartialEq)]
enum End {
    Returned,
    Panicked,
    TimedOut,
    Crashed(Exit),
}

fn expected(fault: &Fault) -> End {
    let signal = |number| End::Crashed(Exit::Signal { number, core: false });
    match (fault.point, fault.deed) {
        (Point::Written, _) => End::Returned,
        (_, Deed::Kill) => signal(9),
        (_, Deed::Segv) => signal(11),
        (_, Deed::Abort | Deed::OutOfMemory) => signal(6),
        (_, Deed::Exit(status)) => End::Crashed(Exit::Code(status.into())),
        (Point::Begin, Deed::Panic) => End::Panicked,
        (_, Deed::Panic) => End::Crashed(Exit::Code(101)),
        (_, Deed::Stop | Deed::Stubborn) => End::TimedOut,
        (_, Deed::Garbage | Deed::Oversized | Deed::Close) => End::Crashed(Exit::Misbehaved),
        (_, Deed::NoDescriptors | Deed::SlowReader | Deed::Grandchild) => End::Returned,
    }
}

fn told(result: Result<u64, TaskError>) -> End {
    match result {
        Ok(square) => {
            assert_eq!(square, STRUCK * STRUCK);
            End::Returned
        }
        Err(error) if error.is_timed_out() => End::TimedOut,
        Err(error) if error.panic().is_some() => End::Panicked,
        Err(error) => match error.crashes() {
            Some(exits) if exits.iter().all(|exit| *exit == exits[0]) => End::Crashed(exits[0]),
            _ => panic!("told otherwise: {error}"),
        },
    }
}

/// Only what hangs runs into it.
fn in_time(fault: &Fault) -> TaskOptions {
    let options = TaskOptions::new();
    if fault.deed.hangs() || fault.deed == Deed::SlowReader { options.timeout(Duration::from_secs(1)) } else { options }
}

#[test]
fn the_cause_is_named_and_nobody_else_suffers() {
    on_each(&IN_TASK, |method, fault| {
        let fault = fault.task(STRUCK).any_attempt().always();
        let what = format!("{method:?}: {fault}");
        let pool = builder(method, [fault.clone()]).task_defaults(in_time(&fault)).build().unwrap();
        let futures: Vec<_> = (1..=TASKS).map(|n| pool.submit(square, n).unwrap()).collect();
        let mut told_of = futures.iter().map(|future| outcome(&what, future));
        for (n, result) in (1..).zip(&mut told_of) {
            match result {
                result if n == STRUCK => assert_eq!(told(result), expected(&fault), "{what}"),
                Ok(square) => assert_eq!(square, n * n, "{what}"),
                // Handed to one that hears nothing any more, and says nothing of that.
                Err(error) => assert!(fault.deed == Deed::SlowReader && error.is_timed_out(), "{what}: {error}"),
            }
        }
        assert_eq!(counts(&pool).settled(), TASKS, "{what}");
        end(&what, pool);
    });
}

/// How often the struck task runs in all, if it may be tried again.
fn runs(fault: &Fault) -> u64 {
    let before = u64::from(fault.point == Point::Write);
    let after = u64::from(!matches!((fault.point, fault.deed), (Point::Begin, Deed::Panic)));
    let meanwhile = u64::from(fault.point == Point::Begin && fault.deed.lies());
    if fault.deed.hangs() && fault.deed != Deed::Close { before } else { before + after + meanwhile }
}

#[test]
fn a_first_attempt_is_struck_once_and_a_result_is_not_made_twice() {
    on_each(&IN_TASK, |method, fault| {
        let fault = fault.task(STRUCK);
        let what = format!("{method:?}: {fault}");
        let (diary, pool) =
            (Diary::new(), builder(method, [fault.clone()]).task_defaults(in_time(&fault)).build().unwrap());
        let futures: Vec<_> = (1..=TASKS).map(|n| diary.submit(&pool, n)).collect();
        for (n, future) in (1..).zip(&futures) {
            let result = outcome(&what, future);
            if n == STRUCK && matches!(expected(&fault), End::Panicked | End::TimedOut) {
                assert_eq!(told(result), expected(&fault), "{what}");
            } else if !matches!(fault.deed, Deed::SlowReader | Deed::NoDescriptors) {
                assert_eq!(result.map_err(|error| error.to_string()), Ok(n * n), "{what}");
                // What has lied may begin what comes next before it is killed for it.
                assert!(
                    n == STRUCK || fault.deed.lies() || diary.runs(n) == 1,
                    "{what}: task {n} ran {} times",
                    diary.runs(n)
                );
            }
        }
        let ran = diary.runs(STRUCK);
        // What has lied is killed, whether it has begun by then or not.
        let may = if fault.point == Point::Begin && fault.deed.lies() { 1..=2 } else { runs(&fault)..=runs(&fault) };
        // Whoever may open nothing cannot keep the diary.
        assert!(fault.deed == Deed::NoDescriptors || may.contains(&ran), "{what}: ran {ran} times, not {may:?}");
        end(&what, pool);
    });
}

#[test]
fn a_pool_outlives_what_strikes_between_tasks() {
    on_each(&OUTSIDE, |method, fault| {
        let what = format!("{method:?}: {fault}");
        let timeout = Duration::from_secs(if fault.deed.hangs() { 2 } else { 30 });
        let builder = builder(method, [fault.clone()]).start_timeout(timeout).task_defaults(in_time(&fault));
        let pool = builder.max_tasks_per_worker(2, 0).build().unwrap();
        let futures: Vec<_> = (1..=TASKS).map(|n| pool.submit(square, n).unwrap()).collect();
        for (n, future) in (1..).zip(&futures) {
            match outcome(&what, future) {
                Ok(square) => assert_eq!(square, n * n, "{what}"),
                Err(error) => {
                    let unheard = fault.point == Point::Idle && (fault.deed.hangs() || fault.deed == Deed::SlowReader);
                    assert!(unheard && error.is_timed_out(), "{what}: {error}");
                }
            }
        }
        assert_eq!(counts(&pool).settled(), TASKS, "{what}");
        end(&what, pool);
    });
}
