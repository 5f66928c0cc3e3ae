//! What a store says, and whether that is what it must say.

use std::collections::BTreeMap;
use std::fs;

use ganger_store::{End, Filter, Reader, State};

use crate::sandbox::Sandbox;

/// The tasks of all jobs: how often each input is recorded as having succeeded, which the task's own state agrees with.
#[track_caller]
pub(crate) fn successes(sandbox: &Sandbox, store: &str) -> BTreeMap<String, usize> {
    let (times, contradicted) = recorded(sandbox, store);
    assert_eq!(contradicted, [""; 0]);
    times
}

/// The same of a store that may have holes, and the tasks whose state their attempts do not bear out.
pub(crate) fn recorded(sandbox: &Sandbox, store: &str) -> (BTreeMap<String, usize>, Vec<String>) {
    let mut contradicted = Vec::new();
    let reader = Reader::open(&sandbox.path(store)).expect("a store that opens");
    let jobs = reader.jobs().expect("jobs");
    let tasks = jobs.iter().flat_map(|job| reader.tasks(job.id, &Filter::default()).expect("tasks"));
    let counted = tasks.map(|task| {
        let ends = reader.attempts(task.id).expect("attempts").into_iter().map(|attempt| attempt.end);
        let times = ends.filter(|end| *end == End::Exit(0)).count();
        if (times > 0) != (task.state == State::Succeeded) {
            contradicted.push(format!("{task:?}"));
        }
        (String::from_utf8_lossy(&task.input).into_owned(), times)
    });
    (counted.collect(), contradicted)
}

/// Each of so many inputs, `1` and so on, is recorded as done, once.
#[track_caller]
pub(crate) fn assert_each_once(sandbox: &Sandbox, store: &str, tasks: usize) {
    let wanted: BTreeMap<String, usize> = (1..=tasks).map(|task| (task.to_string(), 1)).collect();
    assert_eq!(successes(sandbox, store), wanted);
}

/// How often a line was written to a file by the tasks themselves.
pub(crate) fn effects(sandbox: &Sandbox, file: &str) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    let text = fs::read_to_string(sandbox.path(file)).unwrap_or_default();
    text.lines().for_each(|line| *times.entry(line.to_owned()).or_default() += 1);
    times
}

/// `ganger check` finds nothing wrong with it.
#[track_caller]
pub(crate) fn assert_whole(sandbox: &Sandbox, store: &str) {
    let faults = ganger_store::check(&sandbox.path(store)).expect("it can be looked at");
    assert_eq!(faults, [""; 0]);
}
