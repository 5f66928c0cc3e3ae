//! What a decision costs: nanoseconds for one task, submitted and finished.
//!
//! `cargo run --release -p ganger-machine --example cost`

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement reads the clock and prints")]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ganger_machine::{Action, Event, Machine, Moment};
use ganger_proto::message::Verdict;
use ganger_proto::policy::{PoolPolicy, TaskPolicy};
use ganger_proto::{TaskId, WorkerId};

/// A driver whose workers take a microsecond for everything, one after the other.
struct Bench {
    machine: Machine,
    policy: Arc<TaskPolicy>,
    actions: Vec<Action>,
    sent: VecDeque<(WorkerId, TaskId)>,
    free: Vec<TaskId>,
    next: u32,
    now: u64,
}

impl Bench {
    fn new(workers: u32) -> Self {
        let machine = Machine::new(PoolPolicy { workers, ..PoolPolicy::default() }, 1);
        let policy = Arc::new(TaskPolicy::default());
        let (actions, sent, free) = (Vec::new(), VecDeque::new(), Vec::new());
        let mut bench = Self { machine, policy, actions, sent, free, next: 0, now: 1 };
        bench.machine.start(Moment::default(), &mut bench.actions);
        for action in std::mem::take(&mut bench.actions) {
            if let Action::Start { worker, .. } = action {
                bench.feed(Event::Ready { worker });
            }
        }
        bench
    }

    fn feed(&mut self, event: Event) {
        self.now += 100;
        self.machine.on(Moment::new(Duration::from_nanos(self.now)), event, &mut self.actions);
        for action in self.actions.drain(..) {
            match action {
                Action::Send { worker, task, .. } => self.sent.push_back((worker, task)),
                Action::Settle { task, .. } => self.free.push(task),
                Action::TakeBack { .. }
                | Action::Start { .. }
                | Action::AskToStop { .. }
                | Action::Retire { .. }
                | Action::Terminate { .. }
                | Action::Kill { .. }
                | Action::Understaffed { .. }
                | Action::Failed(_)
                | Action::Closed => unreachable!("{action:?}"),
            }
        }
    }

    fn submit(&mut self) {
        let task =
            self.free.pop().map_or_else(|| self.fresh(), |old| TaskId::new(old.index() as u32, old.generation() + 1));
        self.feed(Event::Submitted { task, policy: Arc::clone(&self.policy) });
    }

    fn fresh(&mut self) -> TaskId {
        self.next += 1;
        TaskId::new(self.next - 1, 0)
    }

    fn finish(&mut self) {
        let Some((worker, task)) = self.sent.pop_front() else { return };
        let took = Duration::from_micros(1);
        self.feed(Event::Finished { worker, task, verdict: Verdict::Returned, took });
    }
}

/// Nanoseconds a task while `window` are open.
fn steady(workers: u32, window: u32, tasks: u32) -> f64 {
    let mut bench = Bench::new(workers);
    (0..window).for_each(|_| bench.submit());
    let begin = Instant::now();
    for _ in 0..tasks {
        bench.finish();
        bench.submit();
    }
    begin.elapsed().as_nanos() as f64 / f64::from(tasks)
}

/// Nanoseconds a task to fill a queue and to work it off.
fn deep(workers: u32, tasks: u32) -> (f64, f64) {
    let mut bench = Bench::new(workers);
    let begin = Instant::now();
    (0..tasks).for_each(|_| bench.submit());
    let filled = begin.elapsed();
    while !bench.sent.is_empty() {
        bench.finish();
    }
    let all = begin.elapsed();
    (filled.as_nanos() as f64 / f64::from(tasks), (all - filled).as_nanos() as f64 / f64::from(tasks))
}

fn main() {
    println!("submitted + finished, ns a task, with so many tasks open a worker");
    for workers in [1, 2, 10, 100, 1000] {
        let by_window = [1, 64, 1024].map(|window| steady(workers, workers * window, 2_000_000));
        println!(
            "{workers:>5} workers: {:6.1} at 1, {:6.1} at 64, {:6.1} at 1024",
            by_window[0], by_window[1], by_window[2]
        );
    }
    println!("a queue filled and worked off by 2 workers, ns a task");
    for tasks in [1_000, 100_000, 10_000_000] {
        let (filled, worked) = deep(2, tasks);
        println!("{tasks:>9} tasks: {filled:6.1} submitted, {worked:6.1} finished, {:6.1} in all", filled + worked);
    }
}
