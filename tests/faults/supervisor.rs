//! What befalls the supervisor itself: stopped, killed, two of it, another in its place.

use nix::sys::signal::Signal;
use serde_json::json;
use std::time::{Duration, Instant};

use crate::books::{assert_each_once, assert_whole, effects};
use crate::sandbox::{GANGER, Sandbox, eventually};
use crate::service::{Service, get, over, submit};
use crate::tools::{Need, can_run};

const UNTIL_GO: &str = "touch began-{}; until [ -e go ]; do sleep 0.01; done; echo {}";

#[test]
fn f08_the_time_that_a_supervisor_was_stopped_counts_for_no_limit() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(["-k", "-j2", "--timeout", "2s", UNTIL_GO, ":::", "1", "2"]).start();
    sandbox.file("began-1");
    sandbox.file("began-2");
    run.signal(Signal::SIGSTOP);
    let stopped = Instant::now();
    eventually("the limit is long over", || stopped.elapsed() > Duration::from_secs(3));
    run.signal(Signal::SIGCONT);
    sandbox.write("go", "");
    run.done().printed("1\n2\n");
}

#[test]
fn f17_what_a_killed_run_had_is_gone_with_it_and_the_next_goes_on() {
    let sandbox = Sandbox::new();
    let script =
        "echo {} >>effects; [ {} -lt 5 ] || [ -e go ] || { sleep 1000 & setsid sleep 1000 & touch began-{}; wait; }";
    let arguments = ["--store", "s.db", "-j2", script, ":::", "1", "2", "3", "4", "5", "6", "7"];
    let run = sandbox.run(arguments).start();
    let began = |task: &str| sandbox.path(&format!("began-{task}")).exists();
    eventually("two have begun", || ["5", "6", "7"].into_iter().filter(|task| began(task)).count() == 2);
    // They are committed at the latest when nothing else is to be done.
    eventually("what has ended is recorded", || crate::books::successes(&sandbox, "s.db").values().sum::<usize>() == 4);
    run.signal(Signal::SIGKILL);
    assert_eq!(run.done().code(), 128 + 9);
    eventually("nothing outlives it", || sandbox.processes().is_empty());
    sandbox.forget_temporary_files();

    sandbox.write("go", "");
    let again = sandbox.run(["--resume"].iter().chain(&arguments)).done();
    assert_eq!(again.code(), 0, "{again:?}");
    assert_each_once(&sandbox, "s.db", 7);
    let times = effects(&sandbox, "effects");
    assert!(["1", "2", "3", "4"].iter().all(|done| times[*done] == 1), "what was done is not done again: {times:?}");
}

#[test]
fn f17_a_killed_service_loses_nothing_that_it_accepted() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=2"]);
    let mut client = service.client();
    let script = "touch began-$1; until [ -e go ]; do sleep 0.01; done; echo $1 >>effects";
    let tasks: Vec<_> = (1..=20).map(|task| [task.to_string()]).collect();
    let job = json!({"command": ["sh", "-c", script, "-"], "tasks": tasks, "directory": sandbox.path(".")});
    let job = submit(&mut client, &job);
    sandbox.file("began-1");
    service.started.signal(Signal::SIGKILL);
    assert_eq!(service.started.done().code(), 128 + 9);
    eventually("nothing outlives it", || sandbox.processes().is_empty());
    sandbox.forget_temporary_files();

    sandbox.write("go", "");
    let service = Service::start(&sandbox, &["--queue", "default=2"]);
    let shown = over(&mut service.client(), job);
    assert_eq!(shown["tasks"]["succeeded"], json!(20), "{shown}");
    service.stop();
    assert_whole(&sandbox, "s.db");
    assert_eq!(effects(&sandbox, "effects").len(), 20);
}

#[test]
fn f18_the_second_supervisor_of_a_store_is_refused_and_the_first_unharmed() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(["--store", "s.db", "-j1", UNTIL_GO, ":::", "1", "2"]).start();
    sandbox.file("began-1");
    let second = |store: &str| {
        sandbox.run(["--store", store, "echo", ":::", "x"]).done().told(255, "writes to it; one can at a time");
        sandbox.run(["--store", store, "--resume", "echo", ":::", "x"]).done().told(255, "writes to it");
        let serve = sandbox.cmd(GANGER).args(["serve", "--store", store, "--listen", "unix:t.sock"]);
        serve.done().told(255, "writes to it");
    };
    second("s.db");
    sandbox.write("go", "");
    run.done().printed("1\n2\n");
    assert_each_once(&sandbox, "s.db", 2);

    let service = Service::start(&sandbox, &["--queue", "default=1"]);
    second("s.db");
    let job = submit(&mut service.client(), &json!({"command": ["true"]}));
    assert_eq!(over(&mut service.client(), job)["state"], json!("succeeded"));
    service.stop();
}

/// A pid can be had again at will where one is the only one who starts processes.
#[test]
fn f19_a_stranger_with_the_pid_of_a_dead_supervisor_is_no_obstacle_and_not_harmed() {
    if !can_run("f19", &[Need::Namespaces]) {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write(
        "script",
        "die_and_be_followed() {
            kill -9 $1; wait $1
            for _ in $(seq 50); do
                echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid; sleep 1000 & stranger=$!
                [ $stranger != $1 ] || return 0
                kill -9 $stranger
            done
        }
        $GANGER serve --store s.db --listen unix:s.sock & service=$!
        until $GANGER submit --connect unix:s.sock true; do sleep 0.02; done >submitted 2>&1
        die_and_be_followed $service; [ $stranger = $service ] && echo followed
        $GANGER serve --store s.db --listen unix:s.sock & next=$!
        until $GANGER submit --connect unix:s.sock --wait true; do sleep 0.02; done >submitted 2>&1
        kill $next; wait $next; echo service $?
        $GANGER run --store s.db -j1 'touch begun; sleep 1000' ::: 1 & run=$!
        until [ -e begun ]; do sleep 0.01; done
        die_and_be_followed $run; [ $stranger = $run ] && echo followed
        GANGER_STORE=s.db $GANGER ls | grep -c interrupted
        $GANGER run --store s.db --resume 'echo {}' ::: 1; echo run $?
        kill -0 $service && kill -0 $run && echo unharmed
        kill $service $run",
    );
    let done = sandbox.script("exec unshare --pid --fork --mount-proc sh script").done();
    assert_eq!(done.stdout, "followed\nservice 0\nfollowed\n1\n1\nrun 0\nunharmed\n", "{done:#?}");
    sandbox.forget_temporary_files();
}

/// In a container it is process 1: orphans come to it, and a signal without a handler does nothing to it.
#[test]
fn f35_as_process_1_it_reaps_strangers_and_ends_when_asked() {
    if !can_run("f35", &[Need::Namespaces]) {
        return;
    }
    let sandbox = Sandbox::new();
    let inside = ["--pid", "--fork", "--kill-child", "--mount-proc", GANGER];
    // What a command leaves behind is its worker's child then, and reaped while the command goes on.
    let orphans = "for i in 1 2 3 4 5; do (sleep 0.0$i &) ; done
        until ! grep -q '^State:.Z' /proc/[0-9]*/status 2>&-; do sleep 0.1; done; echo none # {}";
    let run = ["run", "-j1", orphans, ":::", "1", "2"];
    sandbox.cmd("unshare").args(inside).args(run).done().printed("none\nnone\n");

    let serve = ["serve", "--store", "s.db", "--listen", "unix:s.sock"];
    let started = sandbox.cmd("unshare").args(inside).args(serve).start();
    let connect = || ganger_daemon::Client::connect(&sandbox.path("s.sock"), crate::service::PATIENCE);
    eventually("the service answers", || connect().is_ok_and(|mut client| client.get("/").is_ok()));
    let mut client = connect().expect("it listens");
    let first = *sandbox.processes().iter().find(|pid| is_first(**pid)).expect("process 1 of its namespace");
    // Somebody else in the container leaves one behind; what is dead and not reaped still has its place in /proc.
    let stranger = "(sh -c 'echo $$ >stranger; exec sleep 0.1' &); until [ -s stranger ]; do sleep 0.01; done
        while [ -e /proc/$(cat stranger) ]; do sleep 0.02; done";
    sandbox.write("stranger-script", format!("cd {}; {stranger}", sandbox.path(".").display()));
    let script = sandbox.path("stranger-script");
    let enter = ["--target", &first.to_string(), "--pid", "--mount", "sh"];
    sandbox.cmd("nsenter").args(enter).arg(script).done().printed("");
    let job = submit(&mut client, &json!({"command": ["sh", "-c", orphans]}));
    assert_eq!(over(&mut client, job)["state"], json!("succeeded"));
    let said = client.get(&format!("/v1/jobs/{job}/tasks/1/stdout")).expect("an answer").body;
    assert_eq!(said, b"none\n");
    let held = submit(&mut client, &json!({"command": ["sleep", "1000"]}));
    eventually("it runs", || get(&mut client, &format!("/v1/jobs/{held}"))["tasks"]["running"] == json!(1));
    // Its own child ends with its status; `unshare` waits for it.
    let pid = nix::unistd::Pid::from_raw(first);
    nix::sys::signal::kill(pid, Signal::SIGTERM).expect("it is there");
    eventually("nothing more is accepted", || {
        client.post("/v1/jobs", br#"{"command":["true"]}"#).expect("an answer").status == 503
    });
    nix::sys::signal::kill(pid, Signal::SIGTERM).expect("it waits for what runs");
    assert_eq!(started.done().code(), 0);
}

/// Whether a process is the first of a namespace of its own.
fn is_first(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("NSpid:") && line.ends_with("\t1") && line.split('\t').count() > 2)
}
