//! What a configuration says of queues is so, and stays so when it is read again.

use std::time::{Duration, Instant};

use ganger_daemon::Client;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, eventually};
use crate::service::{Service, get, over, submit, value};

/// A service with this configuration besides its store and socket.
fn configured<'a>(sandbox: &'a Sandbox, text: &str) -> Service<'a> {
    sandbox.write("g.toml", text);
    Service::start(sandbox, &["--config", "g.toml"])
}

fn stdout(client: &mut Client, job: u64) -> String {
    let answer = client.get(&format!("/v1/jobs/{job}/tasks/1/stdout")).expect("an answer");
    String::from_utf8(answer.body).expect("text")
}

#[test]
fn a_queue_says_what_its_jobs_do_not() {
    let sandbox = Sandbox::new();
    let place = sandbox.path("tmp");
    let service = configured(
        &sandbox,
        &format!(
            "[queue.a]\nslots = 1\nattempts = 2\ntimeout = '300ms'\noutput = '8'\ndirectory = {place:?}\n\
             environment = {{ A = 'queue', B = 'queue' }}\nbackoff = {{ first = '1ms', most = '2ms' }}\n"
        ),
    );
    let mut client = service.client();
    let script = "echo $A $B; basename $PWD; exit 1";
    let job = json!({"queue": "a", "command": ["sh", "-c", script], "environment": {"B": "job"}});
    let failed = submit(&mut client, &job);
    assert_eq!(over(&mut client, failed)["state"], json!("failed"));
    let story = get(&mut client, &format!("/v1/jobs/{failed}/tasks/1"));
    assert_eq!(story["attempts"].as_array().map(Vec::len), Some(2), "{story}");
    assert_eq!(stdout(&mut client, failed), "queue jo", "and no more is kept");
    let once = submit(&mut client, &json!({"queue": "a", "command": ["sleep", "600"], "attempts": 1}));
    over(&mut client, once);
    assert_eq!(get(&mut client, &format!("/v1/jobs/{once}/tasks/1"))["attempts"][0]["end"], json!("time limit"));
    service.stop();
}

#[test]
fn a_task_keeps_to_its_queue_s_memory() {
    let sandbox = Sandbox::new();
    let service = configured(&sandbox, "[queue.a]\nslots = 1\nmemory = '50M'\n");
    let mut client = service.client();
    let greedy = "import time; x = bytearray(300 << 20); time.sleep(60)";
    if !crate::serve_doors::has("a_task_keeps_to_its_queue_s_memory", &["python3"]) {
        return drop(service.stop());
    }
    let job = submit(&mut client, &json!({"queue": "a", "command": ["python3", "-c", greedy]}));
    assert_eq!(over(&mut client, job)["state"], json!("failed"));
    assert_eq!(get(&mut client, &format!("/v1/jobs/{job}/tasks/1"))["attempts"][0]["end"], json!("out of memory"));
    service.stop();
}

#[test]
fn a_queue_has_its_rate() {
    let sandbox = Sandbox::new();
    let service = configured(&sandbox, "[queue.a]\nslots = 8\nrate = '20/s'\n[queue.b]\nslots = 8\n");
    let mut client = service.client();
    let began = Instant::now();
    let job = submit(&mut client, &json!({"queue": "a", "command": ["true"], "tasks": vec![[""]; 21]}));
    over(&mut client, job);
    // Two may begin at once, and 19 come 50 ms after each other.
    assert!(began.elapsed() >= Duration::from_millis(19 * 50), "{:?}", began.elapsed());
    service.stop();
}

#[test]
fn a_full_queue_takes_nothing_more() {
    let sandbox = Sandbox::new();
    let service = configured(&sandbox, "[queue.a]\nslots = 1\nmax_waiting = 2\n[queue.b]\nslots = 1\n");
    let mut client = service.client();
    let script = "until [ -e go ]; do sleep 0.02; done";
    let job = |queue: &str| json!({"queue": queue, "command": ["sh", "-c", script], "tasks": [["a"], ["b"], ["c"]], "directory": sandbox.path(".")});
    let first = submit(&mut client, &job("a"));
    eventually("one runs", || get(&mut client, &format!("/v1/jobs/{first}"))["tasks"]["running"] == json!(1));
    let refused = client.post("/v1/jobs", job("a").to_string().as_bytes()).expect("an answer");
    assert_eq!((refused.status, refused.header("retry-after").is_some()), (429, true));
    assert!(value(&refused)["detail"].to_string().contains("takes nothing more while 2 tasks wait"), "{refused:?}");
    submit(&mut client, &job("b"));
    sandbox.write("go", "");
    over(&mut client, first);
    submit(&mut client, &job("a"));
    service.stop();
}

#[test]
fn a_full_queue_takes_nothing_more_of_a_job_either() {
    let sandbox = Sandbox::new();
    let service = configured(&sandbox, "[queue.a]\nslots = 1\nmax_waiting = 2\n");
    let mut client = service.client();
    assert_eq!(client.post("/v1/queues/a/pause", b"").expect("an answer").status, 200);
    let open = submit(&mut client, &json!({"queue": "a", "command": ["true"], "open": true}));
    let append =
        |client: &mut Client, more: &[u8]| client.post(&format!("/v1/jobs/{open}/tasks"), more).expect("an answer");
    assert_eq!(append(&mut client, br#"{"tasks": [["a"], ["b"]]}"#).status, 201);
    let refused = append(&mut client, br#"{"tasks": [["c"]]}"#);
    assert_eq!(refused.status, 429, "{refused:?}");
    let schedule = json!({"name": "s", "cron": "0 0 1 1 *", "job": {"queue": "a", "command": ["true"]}});
    assert_eq!(client.post("/v1/schedules", schedule.to_string().as_bytes()).expect("an answer").status, 201);
    assert_eq!(client.post("/v1/schedules/s/run", b"").expect("an answer").status, 429);
    let closed = append(&mut client, br#"{"close": true}"#);
    assert_eq!(closed.status, 201, "what adds nothing is taken: {closed:?}");
    service.stop();
}

/// However many come in one turn.
#[test]
fn those_who_come_together_fill_a_queue_no_further() {
    let sandbox = Sandbox::new();
    let service = configured(&sandbox, "[queue.a]\nslots = 1\nmax_waiting = 5\n");
    assert_eq!(service.client().post("/v1/queues/a/pause", b"").expect("an answer").status, 200);
    let hand_in = || {
        let mut client = service.client();
        let submit = |_| client.post("/v1/jobs", br#"{"queue": "a", "command": ["true"]}"#).expect("an answer").status;
        (0..8).map(submit).filter(|status| *status == 201).count()
    };
    let taken: usize = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(hand_in)).collect();
        clients.into_iter().map(|client| client.join().expect("no panic")).sum()
    });
    assert_eq!(taken, 5);
    service.stop();
}

#[test]
fn what_is_read_again_holds_for_retention_and_metrics() {
    let sandbox = Sandbox::new();
    let service = configured(&sandbox, "[queue.a]\nslots = 1\n");
    let mut client = service.client();
    let old = submit(&mut client, &json!({"queue": "a", "command": ["true"]}));
    over(&mut client, old);
    sandbox.write("g.toml", "[service]\nkeep = '1s'\n[queue.a]\nslots = 1\n[queue.new]\nslots = 1\n");
    service.started.signal(Signal::SIGHUP);
    eventually("it is forgotten", || client.get(&format!("/v1/jobs/{old}")).expect("an answer").status == 404);
    let new = submit(&mut client, &json!({"queue": "new", "command": ["true"], "keep": 600}));
    over(&mut client, new);
    let metrics = client.get("/metrics").expect("an answer").body;
    let metrics = String::from_utf8(metrics).expect("text");
    for line in ["ganger_jobs_accepted_total{queue=\"new\"} 1", "ganger_tasks_total{queue=\"new\",state=\"failed\"} 0"]
    {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    let told = service.stop().stderr;
    assert!(!told.contains("keep:"), "{told}");
}

/// What systemd tells the service is not for those who it runs.
#[test]
fn jobs_inherit_nothing_that_is_the_service_s() {
    let sandbox = Sandbox::new();
    let mine = [
        "NOTIFY_SOCKET=/nowhere",
        "WATCHDOG_USEC=100000000",
        "LISTEN_FDNAMES=x",
        "CREDENTIALS_DIRECTORY=/run/c",
        "GANGER_STORE=s.db",
    ];
    let service = Service::start_with(&sandbox, &[], &[&mine[..], &["KEPT=1"]].concat());
    let mut client = service.client();
    let script = "env | cut -d= -f1 | grep -E '^(NOTIFY|WATCHDOG|LISTEN|CREDENTIALS|GANGER_STORE|JOURNAL|KEPT)'; \
        for fd in /proc/self/fd/*; do readlink $fd; done | grep -E 's.db|s.sock' ; true";
    let job = submit(&mut client, &json!({"command": ["sh", "-c", script]}));
    over(&mut client, job);
    assert_eq!(stdout(&mut client, job), "KEPT\n");
    service.stop();
}

/// Tasks are handed in, run and end all the while.
#[test]
fn queues_come_go_and_change_under_load() {
    let sandbox = Sandbox::new();
    let service = configured(&sandbox, "[queue.a]\nslots = 2\n[queue.gone]\nslots = 1\n");
    let mut client = service.client();
    let here = sandbox.path(".");
    let job = |queue: &str, count: usize| {
        let tasks: Vec<_> = (0..count).map(|task| [task.to_string()]).collect();
        json!({"queue": queue, "command": ["sh", "-c", "echo x >>ran.$0.$1; sleep 0.05", queue], "tasks": tasks, "directory": here})
    };
    let (many, leaving) = (submit(&mut client, &job("a", 60)), submit(&mut client, &job("gone", 30)));
    eventually("both run", || [many, leaving].iter().all(|id| done(&mut client, *id) > 1));

    let reload = |text: &str| {
        sandbox.write("g.toml", text);
        service.started.signal(Signal::SIGHUP);
    };
    reload("[queue.a]\nslots = 5\n[queue.new]\nslots = 1\n");
    let names = |client: &mut Client| -> Vec<(Value, Value)> {
        let queues = get(client, "/v1/queues");
        queues.as_array().expect("queues").iter().map(|queue| (queue["name"].clone(), queue["slots"].clone())).collect()
    };
    let wanted = [(json!("a"), json!(5)), (json!("new"), json!(1))];
    eventually("the new queues are there", || {
        let mut names = names(&mut client);
        names.sort_by_key(|(name, _)| name.to_string());
        names == wanted
    });
    let new = submit(&mut client, &job("new", 3));
    assert_eq!(over(&mut client, new)["state"], json!("succeeded"));
    let refused = client.post("/v1/jobs", job("gone", 1).to_string().as_bytes()).expect("an answer");
    assert_eq!(refused.status, 422);
    // At fault: all stays.
    reload("[queue.a]\nslots = 0\n");
    assert_eq!(over(&mut client, many)["state"], json!("succeeded"));
    assert_eq!(names(&mut client).len(), 2);
    let left = get(&mut client, &format!("/v1/jobs/{leaving}"));
    assert!(left["tasks"]["waiting"].as_u64() > Some(0), "what waits stays in the store: {left}");

    reload("[queue.a]\nslots = 5\n[queue.gone]\nslots = 3\n");
    assert_eq!(over(&mut client, leaving)["state"], json!("succeeded"));
    for (queue, count) in [("a", 60), ("gone", 30), ("new", 3)] {
        for task in 0..count {
            let ran = std::fs::read_to_string(sandbox.path(&format!("ran.{queue}.{task}"))).expect("it ran");
            assert_eq!(ran, "x\n", "task {task} of {queue} ran once");
        }
    }
    let told = service.stop().stderr;
    for line in
        ["queue gone: it is gone", "tasks wait in queue \"gone\"", "g.toml:2:9: give a whole number", "stays as it was"]
    {
        assert!(told.contains(line), "{line}: {told}");
    }
}

/// How many tasks of a job are over or run.
fn done(client: &mut Client, job: u64) -> u64 {
    let tasks = &get(client, &format!("/v1/jobs/{job}"))["tasks"];
    tasks["succeeded"].as_u64().unwrap_or(0) + tasks["running"].as_u64().unwrap_or(0)
}
