//! ③ Answering a line with the function that this program registers for that.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ganger_proto::message::Verdict;
use ganger_proto::outcome::{Failure, FailureKind};
use ganger_proto::spec::LineTask;
use ganger_sys::exit_in_fork;

use crate::line::Input;
use crate::registry::LineEntry;
use crate::worker::command::encoded;
use crate::worker::invocation::IN_FORK;
use crate::worker::panic;
use crate::worker::serve::Worker;

/// Answers one; `out` is empty, and takes what there is to tell of it.
pub(super) fn answer(worker: &Worker, entry: &LineEntry, line: &[u8], out: &mut Vec<u8>) -> Verdict {
    let called = catch_unwind(AssertUnwindSafe(|| {
        let task = LineTask::decode(line).ok_or("the supervisor sent no line")?;
        (entry.call)(Input { task: &task }, out)
    }));
    end_fork(worker, entry);
    let (verdict, told) = match called {
        Ok(Ok(())) => return Verdict::Returned,
        Ok(Err(message)) => (Verdict::Failed, encoded(&Failure { kind: FailureKind::Task, message, value: None })),
        Err(payload) => (Verdict::Panicked, encoded(&panic::describe(&*payload))),
    };
    *out = told;
    verdict
}

/// As after any task: what a fork answered would be taken for the worker's answer.
fn end_fork(worker: &Worker, entry: &LineEntry) {
    if worker.outlet.is_in_fork() {
        let (fork, name) = (std::process::id(), entry.name);
        exit_in_fork(
            &format!("ganger: process {fork}, forked by {name}: it must not return from there: end it with _exit\n"),
            IN_FORK,
        );
    }
}
