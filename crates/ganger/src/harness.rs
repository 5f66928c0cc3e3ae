//! Pools in `#[test]` functions: the test program is the worker program, though its `main` is not ours.
//!
//! The harness runs tests on threads beside its main thread, and a zygote must not have any. So a worker of a test program
//! becomes one before `main`, in the entrance that [`test_worker!`](crate::test_worker) makes.

/// Lets the `#[test]` functions of this crate (or file under `tests/`) use pools. Write it once, at the top level.
///
/// ```
/// ganger::test_worker!();
///
/// #[ganger::task]
/// fn square(n: u64) -> u64 { n * n }
///
/// #[test]
/// fn squares_come_back() {
///     let pool = ganger::Pool::new(2).unwrap();
///     assert_eq!(pool.map(square, 0..4).unwrap(), [0, 1, 4, 9]);
/// }
/// # fn main() {}
/// ```
#[expect(clippy::test_attr_in_doctest, reason = "the example shows a test")]
#[macro_export]
macro_rules! test_worker {
    () => {
        #[cfg(test)]
        $crate::__private::before_main!($crate::init);
    };
}

/// A test that needs worker processes: as `#[test]`, with a process of its own, a deadline, and an eye on what it leaves.
///
/// The test program executes itself once more for this one test, and waits for that. So nothing that the test kills, stops
/// or exhausts is another test's, a test that dies of a signal is one that failed, and nothing of it outlives it:
/// - It is what a worker must be: neither [`init`](crate::init) nor [`test_worker!`](crate::test_worker) is needed.
/// - What it leaves behind in its process is a failure, as [`Leaks`](crate::testing::Leaks) finds it; so is a process that it, or what
///   it started, has left anywhere.
/// - It has a minute, or as long as `timeout` says (`"500ms"`, `"30s"`, `"2m"`). Then it is a failure that tells what its
///   threads, its workers and all its other processes are doing, and all of them are killed.
///
/// `TMPDIR` is an empty directory of its own. What it prints is shown as that of any test; a `Result` and `#[should_panic]`
/// mean what they always do.
///
/// ```
/// #[ganger::task]
/// fn square(n: u64) -> u64 { n * n }
///
/// #[ganger::test(timeout = "30s")]
/// fn squares_come_back() -> Result<(), ganger::Error> {
///     let pool = ganger::Pool::new(2)?;
///     assert_eq!(pool.map(square, 0..4)?, [0, 1, 4, 9]);
///     Ok(())
/// }
/// # fn main() {}
/// ```
pub use ganger_macros::test;
