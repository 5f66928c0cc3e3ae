//! The most frequent words of some files: an executor, results as they come with a progress bar, a value that each worker
//! gets once, and a time limit for every task.
//!
//! ```text
//! cargo run --release -p ganger --example words [FILE…]
//! ```
#![expect(clippy::print_stdout, reason = "a program that tells what it found")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ganger::{Error, Executor, ProcessPoolExecutor, Shared, TaskOptions, as_completed};
use indicatif::ProgressBar;

type Counts = BTreeMap<String, u64>;

/// Counts the words of a file, but for those that are in every text.
#[ganger::task]
fn count(ignored: Shared<BTreeSet<String>>, path: String) -> Result<Counts, String> {
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 2).map(str::to_lowercase);
    let mut counts = Counts::new();
    for word in words.filter(|word| !ignored.contains(word)) {
        *counts.entry(word).or_default() += 1;
    }
    Ok(counts)
}

/// Never comes to an end.
#[ganger::task]
fn brood() -> u64 {
    loop {
        std::thread::park();
    }
}

fn main() -> Result<(), Error> {
    ganger::init();
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        files = ["src/lib.rs", "Cargo.toml"].map(|file| format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).into();
    }
    let executor = ProcessPoolExecutor::new(ganger::cpu_count())?;
    report(&count_all(&executor, files)?);
    give_up(&executor)
}

fn count_all(executor: &ProcessPoolExecutor, files: Vec<String>) -> Result<Counts, Error> {
    let pool = executor.pool();
    let ignored = pool.share(["the", "and", "for", "that"].map(str::to_owned).into_iter().collect::<BTreeSet<_>>())?;
    let limited = TaskOptions::new().timeout(Duration::from_secs(10)).failure_attempts(2);
    let mut futures = Vec::new();
    for file in files {
        // The set itself crosses once a worker; the task carries its name.
        futures.push(pool.submit_with(&limited, count, (ignored.clone(), file))?);
    }
    let mut all = Counts::new();
    // It is drawn on a terminal alone.
    let bar = ProgressBar::new(futures.len() as u64);
    for future in as_completed(futures) {
        match future.result()? {
            Ok(counts) => counts.into_iter().for_each(|(word, n)| *all.entry(word).or_default() += n),
            Err(unread) => bar.suspend(|| println!("left out: {unread}")),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(all)
}

fn report(counts: &Counts) {
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    for (word, n) in sorted.into_iter().take(10) {
        println!("{n:>6} {word}");
    }
}

/// What a task may not do to its pool: take it up for ever. Its worker is killed, and another one takes its place.
fn give_up(executor: &ProcessPoolExecutor) -> Result<(), Error> {
    let hasty = TaskOptions::new().timeout(Duration::from_millis(100)).name("brood");
    match executor.pool().submit_with(&hasty, brood, ())?.result() {
        Ok(_) => println!("it has come to an end after all"),
        Err(error) if error.is_timed_out() => println!("as was to be expected: {error}"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
