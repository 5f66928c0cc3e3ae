//! Workers that run commands come past the same points.

use std::collections::HashMap;
use std::time::Duration;

use ganger::testing::{Deed, Fault, Point, counts};
use ganger::{Command, Outcome, Pool, Report, Reports, StartMethod, TaskId, TaskOptions};

use crate::bench::{PATIENCE, builder, end};
use crate::pairs::{IN_TASK, pairs};

const STRUCK: usize = 2;

fn echo(pool: &Pool, reports: &Reports, options: &TaskOptions, n: usize) -> TaskId {
    let argv = ["echo".to_owned(), n.to_string()].map(|word| word.into_bytes().into()).into();
    pool.run_command(Command { argv, ..Command::default() }, options, reports).unwrap()
}

/// What each command printed in its last attempt, and how it ended.
fn all_told(what: &str, reports: &Reports, tasks: &[TaskId]) -> Vec<(String, Outcome)> {
    let (mut printed, mut ended) = (HashMap::<TaskId, Vec<u8>>::new(), HashMap::new());
    while ended.len() < tasks.len() {
        match reports.recv(Some(PATIENCE)).unwrap_or_else(|| panic!("{what}: no report any more")) {
            Report::Output { task, bytes, .. } => printed.entry(task).or_default().extend(bytes),
            Report::Again { task, .. } => drop(printed.remove(&task)),
            Report::Ended { task, outcome, .. } => {
                assert!(ended.insert(task, outcome).is_none(), "{what}: {task} has ended twice");
            }
            Report::Progress { .. }
            | Report::Fault { .. }
            | Report::Interrupted { .. }
            | Report::Asked(_)
            | Report::Understaffed { .. } => {}
        }
    }
    let text = |task| String::from_utf8(printed.remove(task).unwrap_or_default()).unwrap();
    tasks.iter().map(text).zip(tasks.iter().map(|task| ended.remove(task).unwrap())).collect()
}

fn strike(fault: Fault) {
    let what = format!("commands: {fault}");
    let hangs = fault.deed.hangs() || fault.deed == Deed::SlowReader;
    let options = if hangs { TaskOptions::new().timeout(Duration::from_secs(1)) } else { TaskOptions::new() };
    let pool = builder(StartMethod::Zygote, [fault.clone().task(STRUCK as u64 + 1)]).for_commands().build().unwrap();
    let reports = Reports::new(1 << 20);
    let tasks: Vec<_> = (0..4).map(|n| echo(&pool, &reports, &options, n)).collect();
    for (n, (printed, outcome)) in all_told(&what, &reports, &tasks).into_iter().enumerate() {
        let suffers = match outcome {
            Outcome::Panicked(_) => n == STRUCK && fault.deed == Deed::Panic && fault.point == Point::Begin,
            Outcome::TimedOut(_) if fault.deed == Deed::SlowReader => n > STRUCK,
            Outcome::TimedOut(_) => n == STRUCK && fault.deed.hangs(),
            // Its worker can start no command any more, and lives on.
            Outcome::Failed(_) => n >= STRUCK && fault.deed == Deed::NoDescriptors,
            Outcome::Returned(_) | Outcome::Crashed(_) | Outcome::Cancelled | Outcome::NotStarted(_) => false,
        };
        let succeeds = matches!(outcome, Outcome::Returned(_)) && printed == format!("{n}\n");
        assert!(succeeds || suffers, "{what}: command {n} printed {printed:?} and ended so: {outcome:?}");
    }
    assert_eq!(counts(&pool).settled(), 4, "{what}");
    end(&what, pool);
}

#[test]
fn a_command_is_run_again_if_it_must_be_and_told_once() {
    pairs(&IN_TASK).for_each(strike);
}
