//! Commands as tasks: what they are given, what is told of them, and that nothing of them is left.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may end by a panic, and says what it measured")]

mod shop;

mod told;

mod output;

mod limits;

mod trees;

mod looks;

mod terms;

mod alone;

mod lines;

mod sandbox;

ganger::test_worker!();
