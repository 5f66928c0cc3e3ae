//! What tasks of commands have done, and what the store says of them.

use std::collections::BTreeSet;
use std::fs;

use ganger_store::{End, Filter, Reader};

use crate::sandbox::Sandbox;

/// Which tasks have run at least once: each writes its number down.
pub(super) fn effects(sandbox: &Sandbox) -> BTreeSet<usize> {
    let effects = fs::read_to_string(sandbox.path("effects")).unwrap_or_default();
    effects.lines().filter_map(|line| line.parse().ok()).collect()
}

/// In all jobs of the store there are so many tasks, each of its own, and each has one attempt that succeeded.
#[track_caller]
pub(super) fn assert_recorded_once(sandbox: &Sandbox, tasks: usize) {
    let reader = Reader::open(&sandbox.path("s.db")).expect("a store");
    let jobs = reader.jobs().expect("jobs");
    let all: Vec<_> = jobs.iter().flat_map(|job| reader.tasks(job.id, &Filter::default()).expect("tasks")).collect();
    let inputs: BTreeSet<_> = all.iter().map(|task| task.input.clone()).collect();
    assert_eq!((all.len(), inputs.len()), (tasks, tasks), "as many as there were, each once");
    for task in all {
        let ends = reader.attempts(task.id).expect("attempts").into_iter().map(|attempt| attempt.end);
        assert_eq!(ends.filter(|end| *end == End::Exit(0)).count(), 1, "{task:?}");
    }
}
