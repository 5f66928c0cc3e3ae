//! `ganger run --store` that is killed again and again and resumed: in the end each task is recorded once, and has had its effect.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::records::{assert_recorded_once, effects};
use super::{Act, Round, eventually};
use crate::sandbox::Sandbox;

pub(super) const ACT: Act = Act { name: "runs", prepare: || {}, round };

/// Each command notes that it was there. Now and then one kills its own worker, the first time that it runs.
const SCRIPT: &str =
    "echo {} >>effects; case {} in *7) mkdir seen-{} 2>/dev/null && kill -9 $PPID && sleep 60;; esac; echo {}";

fn round(round: &mut Round<'_>) {
    let sandbox = Sandbox::new();
    let tasks = 10 + round.some(1000);
    let list: String = (0..tasks).map(|task| format!("{task}\n")).collect();
    sandbox.write("list", &list);
    let jobs = format!("-j{}", 1 + round.chance.below(8));
    let mut kills = round.chance.below(6);
    let mut resumed = 0;
    loop {
        let options = ["--store", "s.db", "--resume", &jobs, "-a", "list", SCRIPT];
        let run = sandbox.run(options).start();
        if kills == 0 {
            let done = run.done();
            assert_eq!(done.code(), 0, "{done:#?}");
            break;
        }
        let before = effects(&sandbox).len();
        let wanted = (before + round.chance.below(tasks)).min(tasks);
        eventually("so many have run", || effects(&sandbox).len() >= wanted);
        round.chance.moment(Duration::from_millis(30));
        run.signal(Signal::SIGKILL);
        run.done();
        kills -= 1;
        resumed += 1;
        round.tally.kills(1);
    }
    sandbox.forget_temporary_files();
    assert_eq!(effects(&sandbox).len(), tasks, "each has had its effect");
    assert_recorded_once(&sandbox, tasks);
    round.tally.tasks(tasks);
    round.tally.restarts(resumed);
}
