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
