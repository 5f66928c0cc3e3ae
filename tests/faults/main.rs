//! The catalogue of faults, row by row (`README.md` beside this): each test is named after its row, `fNN_…`, and holds what is
//! promised there, end to end, at the door where users meet it. `scripts/faults` prints the rows with their results.

#![expect(clippy::print_stdout, reason = "a test that fails says where in its table it was")]

#[path = "../sandbox.rs"]
#[expect(dead_code, reason = "it is the end-to-end tests' too")]
mod sandbox;
#[path = "../terminal.rs"]
#[expect(dead_code, reason = "it is the end-to-end tests' too")]
mod terminal;
#[path = "../service.rs"]
#[expect(dead_code, reason = "it is the end-to-end tests' too")]
mod service;
mod catalogue;
mod tools;
mod strace;
mod books;
mod work;
mod channel;
mod supervisor;
mod stopping;
mod machine;
mod clock;
mod disk;
mod torn;
mod crash_points;
mod power;
mod serving;

// This program is the worker of its own pools.
ganger::test_worker!();
