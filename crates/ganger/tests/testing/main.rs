//! What the library offers to tests: faults on order, a watch over leaks, tests in processes of their own.
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

mod leaks;

mod harness;

/// What tasks there are for all.
mod tasks {
    #[ganger::task]
    pub(crate) fn square(n: u64) -> u64 {
        n * n
    }
}
