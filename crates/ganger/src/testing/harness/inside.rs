//! The test itself, in its own process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{ExitCode, Termination, exit};
use std::thread;
use std::time::Duration;

use super::BEGINNING;
use crate::testing::leaks::{Leaks, PATIENCE, threads};

/// The exit status of a Rust program that panicked.
const PANICKED: i32 = 101;

/// Runs the body, and exits.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the other side takes it down")]
pub(super) fn run<R: Termination>(name: &str, timeout: Duration, body: fn() -> R) -> ! {
    println!("{BEGINNING}");
    watch_over(name, timeout);
    let leaks = Leaks::watch().patience(timeout.min(PATIENCE));
    let ended = catch_unwind(AssertUnwindSafe(|| body().report()));
    exit(match ended {
        Err(_) => PANICKED,
        Ok(code) if code != ExitCode::SUCCESS => 1,
        Ok(_) => match leaks.check() {
            Ok(()) => 0,
            Err(leaked) => {
                eprintln!("{name}: {leaked}");
                1
            }
        },
    })
}

/// Tells after the deadline in what the test hangs. It is killed by its other side.
#[expect(clippy::print_stderr, reason = "the other side takes it down")]
fn watch_over(name: &str, timeout: Duration) {
    let name = name.to_owned();
    let watchdog = thread::Builder::new().name("ganger-watchdog".to_owned());
    let watching = watchdog.spawn(move || {
        thread::sleep(timeout);
        eprintln!("{name} hangs, after {timeout:?}. Its threads:\n{}", threads());
    });
    watching.expect("one more thread in a process that has two");
}
