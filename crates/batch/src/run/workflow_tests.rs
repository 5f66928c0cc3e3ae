//! Several jobs over the made-up engine.

use super::tests::{Fake, Seen, counts, inputs, plan, seen_of, settings};
use super::*;
use crate::dag::{Graph, OnFailure};
use crate::workflow::{Job, Planning, Workflow};

/// A job called after its first input, which waits for others.
fn job(words: &str) -> Job {
    let job = Workflow::from(plan(inputs(words))).jobs.remove(0);
    Job { name: words.split_whitespace().next().map(str::to_owned), ..job }
}

fn seen(slots: usize, halt: &str, jobs: Vec<Job>, before: Vec<Vec<usize>>) -> Seen {
    let graph = Graph::new(before).expect("no circle");
    let settings = Settings { ahead: 0, ..settings(slots, halt) };
    seen_of(settings, Agenda::new(jobs, graph), Fake::default())
}

#[test]
fn a_job_begins_when_all_of_those_before_it_has_succeeded() {
    let jobs = vec![job("a3 a4"), job("a1 a2"), job("a5")];
    let seen = seen(8, "never", jobs, vec![vec![1], vec![], vec![0, 1]]);
    assert_eq!(seen.fake.given, ["a1", "a2", "a3", "a4", "a5"]);
    assert_eq!(seen.fake.most_at_once, 2);
    assert_eq!(counts(&seen), (5, 0, 0, End::Complete));
    // In the order in which they were handed out, whosever they are.
    assert_eq!(seen.printed, "a1\tx\na2\tx\na3\tx\na4\tx\na5\tx\n");
}

#[test]
fn a_failure_skips_what_waits_and_nothing_else() {
    let cleaning = Job { on_failure: OnFailure::Run, ..job("c") };
    let jobs = vec![job("ok f"), job("b"), cleaning, job("d"), job("e")];
    let seen = seen(1, "never", jobs, vec![vec![], vec![0], vec![0, 1], vec![2], vec![]]);
    assert_eq!(seen.fake.given, ["ok", "f", "c", "d", "e"]);
    assert_eq!(seen.told, ["ok 2 f exit code 1 1", "b skipped because of ok"]);
    assert_eq!(counts(&seen), (4, 1, 0, End::Complete));
    assert_eq!(seen.summary.expect("a summary").counts.unreached, 1);
}

#[test]
fn no_more_of_a_job_run_than_it_says_while_others_take_the_rest() {
    let jobs = vec![Job { most: Some(1), ..job("a a a") }, job("b b b")];
    let seen = seen(3, "never", jobs, vec![vec![], vec![]]);
    assert_eq!(seen.fake.given[..3], ["a", "b", "b"]);
    assert_eq!(seen.fake.most_at_once, 3);
    assert_eq!(counts(&seen).0, 6);
}

#[test]
fn a_job_that_cannot_begin_has_failed() {
    let planning = Planning::Later(Box::new(|| Err("there is no list".to_owned())));
    let jobs = vec![job("a"), Job { planning, ..job("b") }, job("c")];
    let seen = seen(2, "never", jobs, vec![vec![], vec![0], vec![1]]);
    assert_eq!(seen.told, ["b failed: there is no list", "c skipped because of b"]);
    assert_eq!(counts(&seen), (1, 1, 0, End::Complete));
}

#[test]
fn jobs_without_inputs_are_over_at_once() {
    let jobs = vec![job(""), job(""), job("a")];
    assert_eq!(seen(2, "never", jobs, vec![vec![], vec![0], vec![1]]).fake.given, ["a"]);
    let jobs = vec![job(""), job("")];
    assert_eq!(counts(&seen(2, "never", jobs, vec![vec![], vec![0]])), (0, 0, 0, End::Complete));
}

#[test]
fn a_halt_counts_the_commands_of_all_jobs() {
    let jobs = vec![job("f a"), job("f a"), job("c")];
    let seen = seen(1, "soon,fail=2", jobs, vec![vec![], vec![0], vec![1]]);
    assert_eq!(counts(&seen), (1, 1, 0, End::Complete), "the second is skipped, and its failure never comes");

    let jobs = vec![job("f f a"), job("a"), job("c")];
    let seen = self::seen(1, "soon,fail=2", jobs, vec![vec![], vec![], vec![0, 1]]);
    assert_eq!(counts(&seen), (0, 2, 0, End::Halted));
    assert_eq!(seen.summary.expect("a summary").counts.unreached, 2);
}
