//! A typed function over a million inputs: with progress while it runs, and all at once.
//!
//! ```text
//! cargo run --release -p ganger --example primes [HOW MANY] [FROM]
//! ```
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that tells what it found")]

use std::time::{Duration, Instant};

use ganger::{Error, Pool};

/// The smallest factor of a number above 1: the number itself, if it is a prime.
#[ganger::task]
fn smallest_factor(n: u64) -> u64 {
    (2..).take_while(|factor| factor * factor <= n).find(|factor| n.is_multiple_of(*factor)).unwrap_or(n)
}

fn main() -> Result<(), Error> {
    ganger::init();
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let many: u64 = numbers.next().unwrap_or(1_000_000);
    let from = numbers.next().unwrap_or(1_000_000).max(2);
    let range = from..from + many;

    let pool = Pool::builder().name("primes").build()?;
    println!("{many} numbers from {from} on, {} workers", pool.workers());

    let (found, took) = timed(|| with_progress(&pool, range.clone()))?;
    tell("imap", found, took);

    let (factors, took) = timed(|| pool.map(smallest_factor, range.clone()))?;
    tell("map", primes(factors, range.clone()), took);

    // What is registered is still a function.
    let (factors, took) = timed(|| Ok(range.clone().map(smallest_factor).collect::<Vec<_>>()))?;
    tell("a loop", primes(factors, range), took);
    Ok(())
}

/// Results are given out as they come, in the order of the inputs, so that a caller can tell how far it is.
fn with_progress(pool: &Pool, range: std::ops::Range<u64>) -> Result<usize, Error> {
    let step = (range.end - range.start).div_ceil(10).max(1) as usize;
    let mut found = 0;
    for (done, (n, factor)) in range.clone().zip(pool.imap(smallest_factor, range)?).enumerate() {
        found += usize::from(factor? == n);
        if (done + 1) % step == 0 {
            eprintln!("  {} done, {found} primes", done + 1);
        }
    }
    Ok(found)
}

fn primes(factors: Vec<u64>, range: std::ops::Range<u64>) -> usize {
    factors.into_iter().zip(range).filter(|(factor, n)| factor == n).count()
}

fn timed<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<(T, Duration), Error> {
    let start = Instant::now();
    Ok((work()?, start.elapsed()))
}

fn tell(how: &str, found: usize, took: Duration) {
    println!("{how:>8}: {found} primes in {took:.2?}");
}
