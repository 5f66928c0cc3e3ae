//! The classic race: two processes put money into an account and take as much out of it. Without a lock some of it gets lost,
//! or comes from nowhere.
//!
//! ```text
//! cargo run --release -p ganger --example balance [TRANSACTIONS]
//! ```
#![expect(clippy::print_stdout, reason = "a program that tells what it found")]

use std::error::Error;

use ganger::state::RawValue;
use ganger::sync::Lock;
use ganger::{Exit, Process};

const BEGINNING: i64 = 200;
const TRIALS: usize = 5;

/// Books `amount` so many times: looks what there is, and writes down what there is then. Between the two somebody else may
/// have written, and what that one has written is lost; unless one has to hold the lock for it.
#[ganger::task]
fn book(balance: RawValue<i64>, lock: Option<Lock>, amount: i64, times: u32) {
    for _ in 0..times {
        let _held = lock.as_ref().map(|lock| lock.lock().expect("nobody dies with it"));
        let there_is = balance.get();
        balance.set(there_is + amount);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    ganger::init();
    let times = std::env::args().nth(1).map_or(Ok(100_000), |times| times.parse())?;
    println!("{BEGINNING} in the account, {times} times 1 in and 1 out");
    for (how, lock) in [("without a lock", None), ("with the lock", Some(Lock::new()?))] {
        for _ in 0..TRIALS {
            println!("{how:>15}: {:>8}", balance_after(lock.as_ref(), times)?);
        }
    }
    Ok(())
}

fn balance_after(lock: Option<&Lock>, times: u32) -> Result<i64, Box<dyn Error>> {
    let balance = RawValue::new(BEGINNING)?;
    // Both have the same number and the same lock: what crosses is where to find them.
    let booking = |amount| Process::new(book, (balance.clone(), lock.cloned(), amount, times));
    let (deposits, withdrawals) = (booking(1)?, booking(-1)?);
    deposits.start()?;
    withdrawals.start()?;
    for process in [deposits, withdrawals] {
        let exit = process.join(None)?;
        assert_eq!(exit, Some(Exit::Code(0)), "{process:?}");
    }
    Ok(balance.get())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    ganger::test_worker!();

    #[test]
    fn with_the_lock_nothing_is_lost() {
        let lock = Lock::new().unwrap();
        assert_eq!(balance_after(Some(&lock), 20_000).unwrap(), BEGINNING);
        assert!(!lock.locked());
    }

    #[test]
    fn without_it_something_is() {
        let lost = || balance_after(None, 1_000_000).unwrap() != BEGINNING;
        // With one processor they may take turns for a long time.
        assert!((0..100).any(|_| lost()), "100 times two processes have not met");
    }
}
