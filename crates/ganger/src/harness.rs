//! Pools in `#[test]` functions: the test program is the worker program, though its `main` is not ours.
//!
//! A worker of a test program runs one test of it, [`test_worker!`](crate::test_worker)'s, which calls
//! [`init`](crate::init) and so never returns.

use std::ffi::OsString;

/// The tests that are entrances for workers. At most one a program.
#[linkme::distributed_slice]
pub static ENTRANCES: [&str];

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
#[macro_export]
macro_rules! test_worker {
    () => {
        #[cfg(test)]
        #[test]
        fn ganger_test_worker() {
            #[$crate::__private::linkme::distributed_slice($crate::__private::ENTRANCES)]
            #[linkme(crate = $crate::__private::linkme)]
            static ENTRANCE: &str = ::core::concat!(::core::module_path!(), "::ganger_test_worker");
            $crate::init();
        }
    };
}

/// The arguments with which a test program runs its entrance alone, on its main thread; none for other programs.
pub(crate) fn worker_arguments() -> Vec<OsString> {
    let Some(entrance) = ENTRANCES.first() else { return Vec::new() };
    // libtest names tests without the crate.
    let test = entrance.split_once("::").map_or(*entrance, |(_, path)| path);
    [test, "--exact", "--nocapture", "--quiet", "--test-threads=1"].map(OsString::from).to_vec()
}
