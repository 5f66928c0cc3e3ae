//! The clock of the wall is put forward and back while things run.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::sandbox::{Cmd, GANGER, Sandbox, eventually};
use crate::service::{get, over, submit, value};
use crate::tools::{FAKETIME, Need, can_run};
use nix::sys::signal::Signal;

/// A clock that can be put anywhere, for a program and those that it starts.
struct Clock<'a>(&'a Sandbox);

impl<'a> Clock<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        let clock = Self(sandbox);
        clock.put("+0");
        clock
    }

    /// By so much from the true time: `+2d`, `-1h`.
    fn put(&self, by: &str) {
        // In one piece: who looks just now sees one or the other.
        fs::write(self.0.path("clock.new"), by).expect("a file");
        fs::rename(self.0.path("clock.new"), self.0.path("clock")).expect("a file");
    }

    fn ganger(&self, arguments: &[&str]) -> Cmd<'a> {
        let library = FAKETIME.into_iter().find(|library| Path::new(library).exists()).expect("looked for before");
        let mut cmd = self.0.cmd(GANGER).args(arguments);
        cmd.command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", self.0.path("clock"));
        // What counts time in the kernel's own way keeps it.
        cmd.command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        cmd
    }
}

#[test]
fn f29_a_clock_that_jumps_ends_no_task_and_hurries_none() {
    if !can_run("f29", &[Need::Faketime]) {
        return;
    }
    let sandbox = Sandbox::new();
    let clock = Clock::new(&sandbox);
    let script = "date +%s >>began; until [ -e go-{} ]; do sleep 0.01; done; [ {} != 3 ] || sleep 1000";
    let run = ["run", "--store", "s.db", "-j1", "--timeout", "2s", script, ":::", "1", "2", "3"];
    let run = clock.ganger(&run).start();
    let begun = |tasks| {
        eventually("it has begun", || {
            fs::read_to_string(sandbox.path("began")).is_ok_and(|b| b.lines().count() == tasks)
        });
    };
    begun(1);
    clock.put("+2d");
    sandbox.write("go-1", "");
    begun(2);
    clock.put("-1d");
    sandbox.write("go-2", "");
    begun(3);
    sandbox.write("go-3", "");
    run.done().told(1, "input 3 (\"3\") failed: stopped, since it ran for longer than 2s");
    let began = fs::read_to_string(sandbox.path("began")).expect("a file");
    let began: Vec<u64> = began.lines().map(|line| line.parse().expect("a number")).collect();
    assert!(began[1] > began[0] + 80_000 && began[2] < began[0], "the clock did jump: {began:?}");
}

#[test]
fn f29_a_service_whose_clock_jumps_goes_on_and_a_schedule_fires_once() {
    if !can_run("f29", &[Need::Faketime]) {
        return;
    }
    let sandbox = Sandbox::new();
    let clock = Clock::new(&sandbox);
    let serve = ["serve", "--store", "s.db", "--listen", "unix:s.sock", "--queue", "default=2"];
    let started = clock.ganger(&serve).start();
    let connect = || ganger_daemon::Client::connect(&sandbox.path("s.sock"), crate::service::PATIENCE);
    eventually("the service answers", || connect().is_ok_and(|mut client| client.get("/").is_ok()));
    let mut client = connect().expect("it listens");
    let daily =
        json!({"name": "daily", "cron": "0 0 * * *", "job": {"command": ["true"], "name": "daily"}}).to_string();
    assert_eq!(client.post("/v1/schedules", daily.as_bytes()).expect("an answer").status, 201);
    let held = json!(["sh", "-c", "until [ -e go ]; do sleep 0.02; done"]);
    let held = submit(&mut client, &json!({"command": held, "timeout": 60, "directory": sandbox.path(".")}));
    let later = submit(&mut client, &json!({"command": ["true"], "delay": 3_600}));
    eventually("it runs", || get(&mut client, &format!("/v1/jobs/{held}"))["tasks"]["running"] == json!(1));
    let fired = |client: &mut ganger_daemon::Client| {
        let jobs = get(client, "/v1/jobs?limit=1000");
        jobs.as_array().expect("jobs").iter().filter(|job| job["name"] == json!("daily")).count()
    };

    clock.put("+5d");
    assert_eq!(over(&mut client, later)["state"], json!("succeeded"), "its hour is over");
    eventually("five days are one time", || fired(&mut client) == 1);
    clock.put("+1d");
    let next = submit(&mut client, &json!({"command": ["true"]}));
    assert_eq!(over(&mut client, next)["state"], json!("succeeded"), "what is not delayed does not wait for the clock");
    assert_eq!(fired(&mut client), 1, "no day comes twice");
    assert_eq!(get(&mut client, &format!("/v1/jobs/{held}"))["tasks"]["running"], json!(1), "its minute is not over");
    sandbox.write("go", "");
    assert_eq!(over(&mut client, held)["state"], json!("succeeded"));
    let schedules = client.get("/v1/schedules").expect("an answer");
    assert_eq!(value(&schedules)[0]["name"], json!("daily"));
    started.signal(Signal::SIGTERM);
    assert_eq!(started.done().code(), 0);
}
