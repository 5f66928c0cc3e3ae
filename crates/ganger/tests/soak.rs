//! The promise about deaths, at length: workers are killed at random points while tasks of mixed sizes run, and each
//! task has exactly one outcome, nobody hangs, and nothing is left.
//!
//! | variable | means |
//! |---|---|
//! | `GANGER_SOAK=full` | 10,000 kills during 1,000,000 tasks, instead of 500 during 50,000 |
//! | `GANGER_SOAK_KILLS=N` | so many kills |
//! | `GANGER_SOAK_MINUTES=N` | again and again, for so long |
//! | `GANGER_SOAK_SEED=N` | the same choices as in the run that printed it |
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use ganger::{AsCompleted, Backoff, Bytes, Pool, Restart, TaskOptions, as_completed};
use nix::sys::signal::Signal;

#[path = "outside/support/process.rs"]
mod process;

use process::{Holdings, children, lives, signal};

ganger::test_worker!();

const WORKERS: usize = 8;
/// Tasks that are under way at a time.
const BATCH: u64 = 5_000;
/// Without an outcome for so long, something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Computes a little, and gives back who it was and what it was given.
#[ganger::task]
fn work(id: u64, rounds: u32, ballast: Bytes) -> (u64, u64, Bytes) {
    let mixed = (0..rounds).fold(id, |mixed, _| std::hint::black_box(mix(mixed)));
    (id, mixed, ballast)
}

/// A step of splitmix64.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = mix(self.0);
        self.0 % limit
    }

    /// Mostly a few bytes; now and then more than a ring holds.
    fn ballast(&mut self) -> Bytes {
        let len = match self.below(1000) {
            0 => 2 << 20,
            1..20 => 100_000,
            20..200 => 1000,
            _ => self.below(20),
        };
        vec![self.0 as u8; len as usize].into()
    }
}

struct Plan {
    tasks: u64,
    kills: u64,
    seed: u64,
    until: Instant,
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

impl Plan {
    fn from_environment() -> Self {
        let full = std::env::var("GANGER_SOAK").is_ok_and(|size| size == "full");
        let (tasks, kills) = if full { (1_000_000, 10_000) } else { (50_000, 500) };
        let minutes = variable::<u64>("GANGER_SOAK_MINUTES").unwrap_or(0);
        Self {
            tasks,
            kills: variable("GANGER_SOAK_KILLS").unwrap_or(kills),
            seed: variable("GANGER_SOAK_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 20),
            until: Instant::now() + Duration::from_secs(60 * minutes),
        }
    }
}

/// A pool in which no number of deaths is too many.
fn pool() -> Pool {
    let restart = Restart { backoff: Backoff::NONE, intensity: u32::MAX, ..Restart::default() };
    let dogged = TaskOptions::new().crash_attempts(1000);
    Pool::builder().workers(WORKERS).restart(restart).task_defaults(dogged).build().unwrap()
}

/// Kills one worker for each word it hears, a moment later. Gives how many that were.
fn kill_on_demand(pool: &Pool, words: Receiver<()>, mut chance: Chance) -> u64 {
    let mut killed = 0;
    while words.recv().is_ok() {
        (0..chance.below(200)).for_each(|_| thread::yield_now());
        while !kill_one(pool, &mut chance) {
            thread::yield_now();
        }
        killed += 1;
    }
    killed
}

/// False: the chosen one had died already.
fn kill_one(pool: &Pool, chance: &mut Chance) -> bool {
    let workers = pool.worker_pids();
    let Some(victim) = workers.get(chance.below(workers.len().max(1) as u64) as usize) else { return false };
    // A pid may be a stranger's by now; a child of ours is a worker.
    let ours = children(std::process::id()).contains(victim) && lives(*victim);
    if ours {
        signal(*victim, Signal::SIGKILL);
    }
    ours
}

/// How often each task was told an outcome.
type Told = Arc<[AtomicU8]>;

fn hand_in(pool: &Pool, ids: std::ops::Range<u64>, chance: &mut Chance, told: &Told) -> AsCompleted<(u64, u64, Bytes)> {
    as_completed(ids.map(|id| {
        let rounds = chance.below(4) * chance.below(2000);
        let future = pool.submit(work, (id, rounds as u32, chance.ballast())).unwrap();
        let told = Arc::clone(told);
        future.add_done_callback(move |_| _ = told[id as usize].fetch_add(1, Relaxed));
        future
    }))
}

/// One pool's life: all tasks, all kills. Gives the kills.
fn round(plan: &Plan, chance: &mut Chance) -> u64 {
    let (whole, told) = (pool(), (0..plan.tasks).map(|_| AtomicU8::new(0)).collect::<Told>());
    let mut seen = vec![false; plan.tasks as usize];
    let (demand, words) = channel();
    let (pool, seed) = (&whole, plan.seed ^ 1);
    let mut owed = 0;
    let killed = thread::scope(|scope| {
        let killer = scope.spawn(move || kill_on_demand(pool, words, Chance(seed)));
        for first in (0..plan.tasks).step_by(BATCH as usize) {
            let mut batch = hand_in(pool, first..(first + BATCH).min(plan.tasks), chance, &told);
            while let Some(future) = batch.next_timeout(PATIENCE).expect("nobody hangs") {
                let (id, _, _) = future.result().expect("a thousand attempts are enough");
                assert!(!std::mem::replace(&mut seen[id as usize], true), "task {id} has two results");
                owed += plan.kills;
                if owed >= plan.tasks {
                    owed -= plan.tasks;
                    demand.send(()).unwrap();
                }
            }
        }
        drop(demand);
        killer.join().unwrap()
    });
    pool.close();
    pool.join(Some(PATIENCE)).unwrap();
    assert!(seen.iter().all(|seen| *seen), "each task has its result");
    assert_eq!(eventually_all(&told), plan.tasks, "each task was told once");
    assert_eq!(killed, plan.kills);
    killed
}

/// How many were told exactly once, when the callbacks are through.
fn eventually_all(told: &Told) -> u64 {
    let deadline = Instant::now() + PATIENCE;
    while Arc::strong_count(told) > 1 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
    told.iter().map(|times| u64::from(times.load(Relaxed) == 1)).sum()
}

fn eventually_as_before(before: &Holdings) {
    let deadline = Instant::now() + PATIENCE;
    while Holdings::now() != *before {
        assert!(Instant::now() < deadline, "left: {:?}, before: {before:?}", Holdings::now());
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn kills_at_random_lose_nothing_and_leave_nothing() {
    let plan = Plan::from_environment();
    let mut chance = Chance(plan.seed);
    // Before the first pool: after one, a thread of it that is still ending would be counted.
    let before = Holdings::now();
    let (start, mut rounds, mut killed) = (Instant::now(), 0, 0);
    while rounds == 0 || Instant::now() < plan.until {
        killed += round(&plan, &mut chance);
        rounds += 1;
    }
    eventually_as_before(&before);
    let mut line = String::new();
    let (tasks, seconds) = (rounds * plan.tasks, start.elapsed().as_secs_f64());
    writeln!(line, "soak: {killed} kills during {tasks} tasks in {seconds:.1} s, seed {}", plan.seed).unwrap();
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
