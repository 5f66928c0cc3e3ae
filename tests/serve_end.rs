//! `ganger serve`: how it ends, and what the next one finds.

use std::collections::BTreeMap;
use std::fs;

use ganger_daemon::Client;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, eventually};
use crate::service::{PATIENCE, Service, get, over, submit};

fn tally(client: &mut Client, job: u64, state: &str) -> u64 {
    get(client, &format!("/v1/jobs/{job}"))["tasks"][state].as_u64().expect("a number")
}

#[test]
fn what_runs_may_finish_and_what_waits_is_run_by_the_next() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=1"]);
    let mut client = service.client();
    let script = "echo $1 >>ran; [ $1 = 2 ] || touch begun; until [ -e go ]; do sleep 0.02; done";
    let job = submit(
        &mut client,
        &json!({"command": ["sh", "-c", script, "-"], "tasks": [["1"], ["2"]], "directory": sandbox.path(".")}),
    );
    sandbox.file("begun");
    service.started.signal(Signal::SIGTERM);
    eventually("nothing more is accepted", || {
        let answer = client.post("/v1/jobs", br#"{"command":["true"]}"#).expect("an answer");
        answer.status == 503
    });
    sandbox.write("go", "");
    assert_eq!(service.started.done().code(), 0);
    assert_eq!(fs::read_to_string(sandbox.path("ran")).expect("a file"), "1\n");

    let service = Service::start(&sandbox, &["--queue", "default=1"]);
    let mut client = service.client();
    assert_eq!(over(&mut client, job)["tasks"]["succeeded"], json!(2));
    assert_eq!(fs::read_to_string(sandbox.path("ran")).expect("a file"), "1\n2\n");
    service.stop();
}

#[test]
fn a_stubborn_task_is_ended_in_time_and_counts_no_attempt() {
    let sandbox = Sandbox::new();
    let options = ["--drain", "100ms", "--grace", "200ms"];
    let service = Service::start(&sandbox, &options);
    let mut client = service.client();
    let script = "trap '' TERM INT; touch begun; until [ -e go ]; do sleep 0.02; done";
    let command = json!(["sh", "-c", script]);
    let job = submit(&mut client, &json!({"command": command, "crash_attempts": 1, "directory": sandbox.path(".")}));
    sandbox.file("begun");
    let told = service.stop();
    assert!(told.stderr.contains("what still runs is asked to end: it will be tried again"), "{told:?}");
    sandbox.write("go", "");
    let service = Service::start(&sandbox, &options);
    let mut client = service.client();
    assert_eq!(over(&mut client, job)["state"], json!("succeeded"));
    let story = get(&mut client, &format!("/v1/jobs/{job}/tasks/1"));
    let attempts: Vec<(&Value, &Value)> =
        story["attempts"].as_array().expect("attempts").iter().map(|a| (&a["number"], &a["end"])).collect();
    assert_eq!(attempts, [(&json!(1), &json!("stopped")), (&json!(2), &json!("exit"))], "and it may crash once alone");
    service.stop();
}

/// A thousand tasks come in while the service and its workers are killed again and again: what it has accepted is all there
/// in the end, and each task is recorded once. `scripts/soak` has it with a hundred thousand.
#[test]
fn nothing_that_was_accepted_is_lost_by_kills() {
    let jobs = if std::env::var_os("GANGER_SOAK").is_some() { 5_000 } else { 50 };
    let sandbox = Sandbox::new();
    let mut accepted: BTreeMap<u64, usize> = BTreeMap::new();
    let mut seed = 0x9e37_79b9_u64;
    while accepted.len() < jobs {
        let service = Service::start(&sandbox, &["--queue", "default=4"]);
        let mut client = service.client();
        for _ in 0..=random(&mut seed) % 4 * jobs / 100 {
            accepted.insert(submit_some(&sandbox, &mut client, accepted.len()), accepted.len());
        }
        if let Some(worker) = workers(&sandbox).first() {
            // It may have gone by itself since.
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(*worker), Signal::SIGKILL);
        }
        let (all, before) = (accepted.len() * TASKS, ran(&sandbox));
        let wanted = (before + random(&mut seed) % 64).min(all);
        eventually("so many have run", || ran(&sandbox) >= wanted);
        service.started.signal(Signal::SIGKILL);
        assert_eq!(service.started.done().code(), 128 + 9);
    }
    sandbox.forget_temporary_files();
    let service = Service::start(&sandbox, &["--queue", "default=4"]);
    let mut client = service.client();
    for (job, number) in &accepted {
        assert_eq!(over(&mut client, *job)["tasks"]["succeeded"], json!(TASKS), "job {job}");
        let last = client.get(&format!("/v1/jobs/{job}/tasks/{TASKS}/stdout")).expect("an answer").body;
        assert_eq!(last, format!("{}\n", (number + 1) * TASKS - 1).into_bytes());
    }
    let effects = fs::read_to_string(sandbox.path("effects")).expect("a file");
    let seen: std::collections::BTreeSet<usize> = effects.lines().filter_map(|line| line.parse().ok()).collect();
    assert_eq!(seen.len(), accepted.len() * TASKS, "each was run");
    service.stop();
    assert_once(&sandbox, accepted.len() * TASKS);
}

/// How many tasks a job of that test has.
const TASKS: usize = 20;

/// A job whose tasks write down that they ran.
fn submit_some(sandbox: &Sandbox, client: &mut Client, number: usize) -> u64 {
    let tasks: Vec<_> = (number * TASKS..(number + 1) * TASKS).map(|task| [task.to_string()]).collect();
    let command = json!(["sh", "-c", "echo $1; echo $1 >>effects", "-"]);
    // That it is killed under a task is not the task's fault.
    let directory = sandbox.path(".");
    submit(client, &json!({"command": command, "tasks": tasks, "crash_attempts": 100, "directory": directory}))
}

fn random(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    (*seed >> 33) as usize
}

/// How many attempts have had their effect, one that was killed right after it included.
fn ran(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.path("effects")).map_or(0, |effects| effects.lines().count())
}

/// Each task has one attempt that succeeded, and nothing waits or runs.
fn assert_once(sandbox: &Sandbox, tasks: usize) {
    let reader = ganger_store::Reader::open(&sandbox.path("s.db")).expect("a store");
    let jobs = reader.jobs().expect("jobs");
    let all: Vec<_> =
        jobs.iter().flat_map(|job| reader.tasks(job.id, &ganger_store::Filter::default()).expect("tasks")).collect();
    assert_eq!(all.len(), tasks);
    for task in all {
        let ends = reader.attempts(task.id).expect("attempts").into_iter().map(|attempt| attempt.end);
        assert_eq!(ends.filter(|end| *end == ganger_store::End::Exit(0)).count(), 1, "{task:?}");
    }
}

#[test]
fn another_signal_hastens_the_end() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--drain", "1d", "--grace", "100ms"]);
    let mut client = service.client();
    let job = submit(&mut client, &json!({"command": ["sleep", "600"]}));
    eventually("it runs", || tally(&mut client, job, "running") == 1);
    service.started.signal(Signal::SIGINT);
    eventually("nothing more is accepted", || {
        client.post("/v1/jobs", br#"{"command":["true"]}"#).expect("an answer").status == 503
    });
    assert_eq!(tally(&mut client, job, "running"), 1);
    service.stop();
}

#[test]
fn on_a_full_disk_nothing_is_accepted_and_what_ran_is_kept() {
    let sandbox = Sandbox::new();
    if !crate::sandbox::is_root() {
        let told = "SKIPPED on_a_full_disk_nothing_is_accepted_and_what_ran_is_kept: needs root to mount a file system";
        return std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes()).expect("stderr");
    }
    let script = "mkdir disk; exec unshare -m sh -c 'mount -t tmpfs -o size=2m none disk && \
        exec $GANGER serve --store disk/s.db --listen unix:s.sock --drain 1s'";
    let started = sandbox.script(script).start();
    let socket = sandbox.path("s.sock");
    eventually("the service answers", || Client::connect(&socket, PATIENCE).is_ok_and(|mut c| c.get("/").is_ok()));
    let mut client = Client::connect(&socket, PATIENCE).expect("it listens");
    let here = sandbox.path(".");
    let held = json!(["sh", "-c", "until [ -e go ]; do sleep 0.02; done; rm disk/ballast; echo done"]);
    let held = submit(&mut client, &json!({"command": held, "directory": here}));
    let fill = json!(["sh", "-c", "cat /dev/zero >disk/ballast 2>/dev/null; touch full"]);
    submit(&mut client, &json!({"command": fill, "directory": here}));
    sandbox.file("full");
    let big = json!({"command": ["true"], "tasks": vec![["x".repeat(200)]; 9_000]}).to_string();
    let refused = client.post("/v1/jobs", big.as_bytes()).expect("an answer");
    assert_eq!(refused.status, 507, "{}", String::from_utf8_lossy(&refused.body));
    sandbox.write("go", "");
    assert_eq!(over(&mut client, held)["state"], json!("succeeded"), "it was kept until there was room");
    let next = submit(&mut client, &json!({"command": ["true"]}));
    assert_eq!(over(&mut client, next)["state"], json!("succeeded"));
    started.signal(Signal::SIGTERM);
    assert_eq!(started.done().code(), 0);
}

#[test]
fn nothing_is_accepted_into_a_store_that_was_taken_away() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let job = submit(&mut client, &json!({"command": ["true"]}));
    over(&mut client, job);
    let store = sandbox.path("s.db");
    fs::rename(&store, store.with_extension("aside")).expect("it is there");
    if let Ok(answer) = client.post("/v1/jobs", br#"{"command":["true"]}"#) {
        assert_ne!(answer.status, 201, "nobody would find it");
    }
    let ended = service.started.done();
    assert_eq!(ended.code(), 255);
    assert!(ended.stderr.contains("it was deleted or replaced"), "{ended:?}");
    let left = fs::read_dir(store.parent().expect("a place")).expect("a place").flatten();
    let log = store.file_name().expect("a name").to_string_lossy().into_owned() + "-wal";
    assert!(left.into_iter().all(|entry| entry.file_name() != *log), "it would be laid over the next store");
}

/// The workers of the sandbox's service: they have names of their own, and no environment that can be seen. What a worker has
/// just forked, and what has not become another program yet, still goes by its name, but is no child of the service.
pub(crate) fn workers(sandbox: &Sandbox) -> Vec<i32> {
    let read = |pid: i32, name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let is_worker = |pid: i32| read(pid, "cmdline").starts_with("ganger: worker default-");
    let service: Vec<i32> = sandbox.processes().into_iter().filter(|pid| !is_worker(*pid)).collect();
    let is_ours = |pid: i32| {
        let status = read(pid, "status");
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        parent.and_then(|parent| parent.trim().parse().ok()).is_some_and(|parent: i32| service.contains(&parent))
    };
    let all =
        fs::read_dir("/proc").expect("/proc").flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    all.filter(|pid| is_worker(*pid) && is_ours(*pid)).collect()
}

#[test]
fn the_count_of_what_waits_is_kept_over_a_restart() {
    let sandbox = Sandbox::new();
    let options = ["--queue", "default=1", "--drain", "0s", "--grace", "100ms"];
    let service = Service::start(&sandbox, &options);
    let mut client = service.client();
    let job = submit(&mut client, &json!({"command": ["sleep"], "tasks": vec![["600"]; 30]}));
    eventually("one runs", || tally(&mut client, job, "running") == 1);
    service.stop();
    // How it has ended when it was asked to is no failure of the task.
    let service = Service::start(&sandbox, &options);
    let mut client = service.client();
    eventually("one runs again", || tally(&mut client, job, "running") == 1);
    let queue = &get(&mut client, "/v1/queues")[0];
    assert_eq!((&queue["waiting"], &queue["running"], &queue["slots"]), (&json!(29), &json!(1), &json!(1)));
    service.stop();
    let told = Service::start(&sandbox, &["--queue", "another=1"]).stop();
    assert!(told.stderr.contains("tasks wait in queue \"default\", which nobody works off"), "{told:?}");
}
