//! Commands that run again, and runs that wait for the machine: over the same made-up engine as the other tests.

use std::cell::RefCell;
use std::collections::VecDeque;

use ganger::Exit;

use super::tests::{Fake, Told, agenda, inputs, plan, settings};
use super::*;
use crate::gauges::{Gauges, machine_memory};
use crate::limits::{Growth, Limits};
use crate::observer::Cause;
use crate::plan::Plan;
use crate::throttle::{Load, Throttle};
use crate::verdict::Verdict;

const GIB: u64 = 1 << 30;

/// A machine whose memory, looked at again and again, is as the test has laid down; the last figure stays.
struct Memory(RefCell<VecDeque<u64>>);

impl Gauges for Memory {
    fn runnable(&self) -> Option<u64> {
        Some(9)
    }

    fn available(&self) -> Option<u64> {
        let mut left = self.0.borrow_mut();
        if left.len() > 1 { left.pop_front() } else { left.front().copied() }
    }
}

fn valve(load: Option<Load>, available: &[u64]) -> Option<Valve> {
    let memfree = Some(2 * GIB).filter(|_| !available.is_empty());
    Valve::new(Throttle { load, memfree }, Box::new(Memory(RefCell::new(available.iter().copied().collect()))))
}

/// A command of a plan with these limits, and so many attempts.
fn running(story: &Story, limits: &Limits, attempts: u32) -> Running {
    let plan = Plan { limits: limits.clone(), attempts, ..plan(inputs("a")) };
    let Ok(Next::Task(task, common)) = agenda(plan).next() else { panic!("there is one") };
    let (since, story) = (Instant::now(), story.clone());
    let Ok(Fate::Run(entry)) = Ledger::default().begin(&task, &common.work) else { panic!("no books") };
    let (limit, doom, tail, place, fault) = (None, None, Tail::default(), None, None);
    Running { task, common, entry, since, story, limit, doom, tail, place, fault }
}

fn out_of_memory(limit: u64) -> Verdict {
    Verdict::Failed(Cause::OutOfMemory { limit, peak: limit + 1, before: Vec::new() })
}

#[test]
fn memory_grows_up_to_what_the_machine_has_and_every_limit_is_told() {
    let most = machine_memory().expect("/proc");
    let limits = Limits { memory: Some(most / 2), retry_memory: Some(Growth::Times(1.5)), ..Limits::default() };
    let mut told = Told::default();
    let run =
        Run::new(settings(1, "never"), Fake::default(), agenda(plan(inputs(""))), None, Ledger::default(), &mut told);
    let mut story = Story::default();
    for limit in [most / 2, most / 2 + most / 4, most] {
        let next = run.another(&running(&story, &limits, 1), &out_of_memory(limit));
        let Some((grown, pause)) = next else {
            assert_eq!(limit, most);
            break;
        };
        assert!(pause.is_zero() && grown.memory.expect("a limit") > limit);
        story = grown;
    }
    let shown = Cause::OutOfMemory { limit: 4 * GIB, peak: 5 * GIB, before: vec![GIB, 2 * GIB] }.to_string();
    assert_eq!(shown, "out of memory: it had 5G, and may have 4G (tried before with 1G, 2G)");
    assert_eq!(story.too_little, [most / 2, most / 2 + most / 4]);
}

#[test]
fn other_failures_are_counted_beside_those_of_memory() {
    let limits = Limits { memory: Some(1000), retry_memory: Some(Growth::Plus(1000)), ..Limits::default() };
    let mut told = Told::default();
    let run =
        Run::new(settings(1, "never"), Fake::default(), agenda(plan(inputs(""))), None, Ledger::default(), &mut told);
    let failed = Verdict::Failed(Cause::Exit(Exit::Code(1)));
    let (story, _) = run.another(&running(&Story::default(), &limits, 2), &failed).expect("a second attempt");
    let (story, _) = run.another(&running(&story, &limits, 2), &out_of_memory(1000)).expect("more memory");
    assert_eq!(story.memory, Some(2000));
    assert!(run.another(&running(&story, &limits, 2), &failed).is_none(), "two failures are all that was asked for");
    assert!(run.another(&running(&story, &limits, 2), &Verdict::Succeeded(None)).is_none());
}

#[test]
fn the_youngest_makes_room_and_runs_again() {
    // Two starts; then it is scarce, and better when the one that was killed has ended.
    let valve = valve(None, &[4 * GIB, 4 * GIB, GIB / 2, 4 * GIB]);
    let fake = Fake::interrupted(&[6, 7]);
    let mut told = Told::default();
    let run = Run::new(settings(2, "never"), fake, agenda(plan(inputs("h1 h2"))), None, Ledger::default(), &mut told)
        .throttled(valve);
    let (summary, fake) = run.drive();
    assert_eq!(fake.given, ["h1", "h2", "h2"]);
    assert_eq!((fake.cancelled.len(), summary.expect("a summary").counts.stopped), (1, 2));
}

#[test]
fn the_only_one_is_left_alone_however_scarce_memory_is() {
    let fake = Fake::interrupted(&[4, 5]);
    let mut told = Told::default();
    let run = Run::new(settings(1, "never"), fake, agenda(plan(inputs("h1"))), None, Ledger::default(), &mut told);
    let (_, fake) = run.throttled(valve(None, &[4 * GIB, 0])).drive();
    assert!(fake.cancelled.is_empty());
}

#[test]
fn a_machine_that_is_busy_is_waited_for_and_that_is_told_once() {
    let mut told = Told::default();
    let fake = Fake::interrupted(&[4]);
    let run = Run::new(settings(2, "never"), fake, agenda(plan(inputs("a b"))), None, Ledger::default(), &mut told);
    let (summary, fake) = run.throttled(valve(Some(Load::Threads(2.0)), &[])).drive();
    assert!(fake.given.is_empty() && summary.expect("a summary").end == End::Interrupted);
    assert_eq!(told.0, ["waiting for the load: 9 threads run (--load 2)", "interrupt 1 0"]);
}

#[test]
fn places_are_given_back() {
    let mut told = Told::default();
    let places = Places::new(vec!["GPU=0,1".parse().expect("a list")], None, &[]);
    let run = Run::new(
        settings(2, "never"),
        Fake::default(),
        agenda(plan(inputs("a f b c d"))),
        None,
        Ledger::default(),
        &mut told,
    )
    .placed(places);
    let (summary, fake) = run.drive();
    assert_eq!((summary.expect("a summary").counts.succeeded, fake.most_at_once), (4, 2));
}
