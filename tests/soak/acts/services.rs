//! `ganger serve` under SIGKILL: of itself and of its workers, while jobs come in. What it has accepted is all there in the end, each
//! task recorded once, with its output.

use std::collections::BTreeMap;
use std::time::Duration;

use ganger_client::{Client, State};
use nix::sys::signal::Signal;
use serde_json::json;

use super::records::{assert_recorded_once, effects};
use super::{Act, Round, eventually};
use crate::PATIENCE;
use crate::sandbox::{GANGER, Sandbox, Started};

pub(super) const ACT: Act = Act { name: "services", prepare: || {}, round };

/// How many tasks a job has.
const TASKS: usize = 20;

/// The fifth of each job kills its worker, the first time that it runs.
const SCRIPT: &str =
    "echo $1 >>effects; case $1 in *5) mkdir seen-$1 2>/dev/null && kill -9 $PPID && sleep 60;; esac; echo $1";

fn round(round: &mut Round<'_>) {
    let sandbox = Sandbox::new();
    let slots = format!("default={}", 1 + round.chance.below(6));
    let (mut accepted, jobs) = (BTreeMap::new(), 2 + round.some(30));
    let mut services = 0;
    while accepted.len() < jobs {
        let service = start(&sandbox, &slots);
        let mut client = client(&sandbox);
        for _ in 0..=round.chance.below(jobs - accepted.len()) {
            accepted.insert(submit(&sandbox, &mut client, accepted.len()), accepted.len());
        }
        let wanted = (effects(&sandbox).len() + round.chance.below(60)).min(accepted.len() * TASKS);
        eventually("so many have run", || effects(&sandbox).len() >= wanted);
        round.chance.moment(Duration::from_millis(30));
        service.signal(Signal::SIGKILL);
        assert_eq!(service.done().code(), 128 + 9);
        services += 1;
    }
    sandbox.forget_temporary_files();
    let service = start(&sandbox, &slots);
    let mut client = client(&sandbox);
    for (job, number) in &accepted {
        assert_done(&mut client, *job, *number);
    }
    service.signal(Signal::SIGTERM);
    assert_eq!(service.done().code(), 0);
    let tasks = accepted.len() * TASKS;
    assert_eq!(effects(&sandbox).len(), tasks, "each has had its effect");
    assert_recorded_once(&sandbox, tasks);
    round.tally.tasks(tasks);
    round.tally.kills(services);
    round.tally.restarts(services as u64);
}

fn start<'a>(sandbox: &'a Sandbox, slots: &str) -> Started<'a> {
    let options = ["serve", "--store", "s.db", "--listen", "unix:s.sock", "--queue", slots, "--grace", "200ms"];
    let service = sandbox.cmd(GANGER).args(options).start();
    eventually("it answers", || {
        Client::connect(&sandbox.path("s.sock"), PATIENCE).is_ok_and(|mut client| client.get("/").is_ok())
    });
    service
}

fn client(sandbox: &Sandbox) -> Client {
    Client::connect(&sandbox.path("s.sock"), PATIENCE).expect("it listens")
}

fn submit(sandbox: &Sandbox, client: &mut Client, number: usize) -> u64 {
    let tasks: Vec<_> = (number * TASKS..(number + 1) * TASKS).map(|task| [task.to_string()]).collect();
    let command = json!(["sh", "-c", SCRIPT, "-"]);
    let directory = sandbox.path(".");
    let job = json!({"command": command, "tasks": tasks, "crash_attempts": 100, "directory": directory});
    let answer = client.post("/v1/jobs", job.to_string().as_bytes()).expect("an answer");
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    let receipt: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    receipt["id"].as_u64().expect("a number")
}

fn assert_done(client: &mut Client, job: u64, number: usize) {
    let over = client.wait(job, PATIENCE).expect("an answer");
    assert_eq!((over.state, over.tasks.succeeded), (State::Succeeded, TASKS as u64), "{over:?}");
    let last = client.stdout(job, TASKS as u64).expect("an answer");
    assert_eq!(last, format!("{}\n", (number + 1) * TASKS - 1).into_bytes());
}
