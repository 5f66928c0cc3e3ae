//! A program whose `main` forgets `ganger::init()`: its workers get an error that says so, and nobody becomes a bomb.
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]
#![expect(clippy::print_stdout, reason = "what the harness would say")]

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::parent_id;
use std::path::PathBuf;

use ganger::{Backoff, Pool, PoolFailure, Restart, StartMethod};

#[ganger::task]
fn square(n: u64) -> u64 {
    n * n
}

/// Where the workers of a supervisor write what they were told.
fn log(supervisor: u32) -> PathBuf {
    std::env::temp_dir().join(format!("ganger-uninitialised-{supervisor}"))
}

fn build(method: StartMethod) -> Result<Pool, ganger::Error> {
    let restart = Restart { backoff: Backoff::NONE, ..Restart::default() };
    Pool::builder().workers(2).start_method(method).restart(restart).build()
}

/// As this program runs when it is meant to be a worker.
fn told_to_be_a_worker() {
    let told = build(StartMethod::Zygote).map_or_else(|error| error.to_string(), |_| "a bomb".to_owned());
    let mut log = File::options().append(true).open(log(parent_id())).unwrap();
    writeln!(log, "{told}").unwrap();
}

fn supervise(method: StartMethod) {
    let log = log(std::process::id());
    File::create(&log).unwrap();
    let pool = build(method).unwrap();
    let told = pool
        .submit(square, 3)
        .map_or_else(|refused| refused.error.to_string(), |f| f.result().unwrap_err().to_string());
    assert!(told.contains("does its main call ganger::init() first?"), "{told}");
    let refused = pool.submit(square, 3).unwrap_err();
    assert!(matches!(refused.error.pool_failure(), Some(PoolFailure::Start { .. })), "{refused}");
    pool.join(None).unwrap();
    let lines = fs::read_to_string(&log).unwrap();
    fs::remove_file(log).unwrap();
    assert!((1..=30).contains(&lines.lines().count()), "{lines}");
    assert!(lines.lines().all(|line| line.contains("call ganger::init() first in main")), "{lines}");
}

fn main() {
    if std::env::var_os("GANGER_BOOTSTRAP").is_some() {
        return told_to_be_a_worker();
    }
    for method in [StartMethod::Zygote, StartMethod::Spawn] {
        supervise(method);
        println!("test a_main_without_init_is_told ({method:?}) ... ok");
    }
}
