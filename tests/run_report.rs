//! `ganger report`, and what becomes of stores: `forget`, `vacuum`, `check`, `salvage`.

use std::fs;

use crate::run_looking::{ganger, json};
use crate::sandbox::Sandbox;

#[test]
fn a_report_adds_up() {
    let sandbox = Sandbox::new();
    let script = "[ {} != 3 ] || echo \"no {} here\" >&2; [ {} != 4 ] || kill -9 $$; exit $(({} % 4 == 3))";
    let inputs: Vec<String> = (1..=12).map(|n| n.to_string()).collect();
    let args = ["--store", "s.db", "--name", "r", "-j2", "--retries", "2", script, ":::"].map(str::to_owned);
    sandbox.run(args.iter().chain(&inputs)).done();

    let report = json(&sandbox, "report r");
    let number = |path: &str| report.pointer(path).and_then(serde_json::Value::as_f64).expect(path);
    // 3, 7, 11 fail twice, 4 is killed twice.
    assert_eq!((number("/job/tasks/failed"), number("/attempts"), number("/repeated/attempts")), (4.0, 16.0, 4.0));
    let durations = ["min", "median", "p90", "p99", "max"].map(|name| number(&format!("/durations/{name}_seconds")));
    assert!(durations.windows(2).all(|pair| pair[0] <= pair[1]) && durations[0] > 0.0, "{durations:?}");
    let sum = |list: &str| -> u64 {
        let all = report.pointer(list).and_then(|list| list.as_array()).expect(list);
        all.iter().map(|each| each["attempts"].as_u64().expect("a number")).sum()
    };
    assert_eq!((sum("/histogram"), sum("/throughput/intervals")), (16, 16));
    let causes: Vec<_> = report["failures"].as_array().expect("a list").iter().collect();
    let told: Vec<_> =
        causes.iter().map(|cause| (cause["end"].as_str(), cause["said"].as_str(), cause["tasks"].as_u64())).collect();
    let wanted = [
        (Some("exit code 1"), Some(""), Some(2)),
        (Some("exit code 1"), Some("no {} here"), Some(1)),
        (Some("signal 9 (SIGKILL)"), Some(""), Some(1)),
    ];
    assert_eq!(told, wanted);
    assert!(number("/processor/busy") <= 1.05 && number("/processor/slots") == 2.0);
    assert!(number("/memory/max_rss_bytes") >= number("/memory/median_rss_bytes"));
    assert_eq!(report["slowest"].as_array().expect("a list").len(), 10);

    let text = ganger(&sandbox, "report r").done();
    for part in [
        "8 succeeded, 4 failed",
        "durations of 16 attempts",
        "slowest",
        "2 tasks: exit code 1",
        "processor",
        "memory",
        "throughput",
    ] {
        assert!(text.stdout.contains(part), "{part:?} in {}", text.stdout);
    }
}

#[test]
fn a_page_needs_nothing_else_and_runs_nothing() {
    let sandbox = Sandbox::new();
    let attack = "<script>alert(1)</script>\"'&";
    sandbox.run(["--store", "s.db", "--name", attack, "echo {} >&2; exit 1 #<img src=x>", ":::", attack, "b"]).done();
    sandbox
        .run(["--store", "s.db", "--resume", "--name", attack, "echo {} >&2; exit 1 #<img src=x>", ":::", attack])
        .done();
    ganger(&sandbox, "report 1 --html page.html").done().told(0, "the report is in page.html");
    let page = fs::read_to_string(sandbox.path("page.html")).expect("a page");
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    for part in ["<script", "<img", "http:", "https:", "src=x>", "@import", "url("] {
        assert!(!page.contains(part), "{part}: {page}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "it is told as text");
    for part in
        ["prefers-color-scheme: dark", "name=viewport", "<svg", "the next run", "Failures by cause", "Slowest attempts"]
    {
        assert!(page.contains(part), "{part}");
    }
    // What is opened is closed.
    for tag in ["figure", "svg", "table", "tr", "td", "div", "dl", "dd", "code", "body", "html", "rect", "title"] {
        let opened = page.matches(&format!("<{tag} ")).count() + page.matches(&format!("<{tag}>")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    ganger(&sandbox, "report 1 --html no/page.html").done().told(255, "no/page.html");
}

#[test]
fn of_many_attempts_slots_are_drawn_by_how_busy_they_were() {
    let sandbox = Sandbox::new();
    let inputs: String = (0..1_800).map(|n| format!("{n}\n")).collect();
    sandbox.run(["--store", "s.db", "-j2", "true"]).stdin(inputs).done().printed("");
    ganger(&sandbox, "report true --html page.html").done();
    let page = fs::read_to_string(sandbox.path("page.html")).expect("a page");
    assert!(page.contains("busy for") && page.len() < 400_000, "{} bytes", page.len());
}

#[test]
fn a_job_without_an_attempt_has_a_report() {
    let sandbox = Sandbox::new();
    sandbox.run(["--store", "s.db", "--name", "none", "./absent/{}", ":::", "a"]).done();
    let text = ganger(&sandbox, "report none").done();
    assert!(text.code() == 0 && text.stdout.contains("1 task: not started"), "{text:?}");
    ganger(&sandbox, "report none --html page.html").done().told(0, "page.html");
}

#[test]
fn jobs_are_forgotten_and_their_room_given_back() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c", "d"] {
        sandbox.run(["--store", "s.db", "--name", name, "head -c 100000 /dev/zero #", ":::", "1", "2", "3"]).done();
    }
    ganger(&sandbox, "forget a nobody").done().told(255, "no job \"nobody\"");
    assert_eq!(ganger(&sandbox, "forget a").done().stdout, "forgot job 1 with 3 tasks\n");
    assert_eq!(ganger(&sandbox, "forget --keep 2").done().stdout, "forgot job 2 with 3 tasks\n");
    assert_eq!(ganger(&sandbox, "forget --older-than 1h").done().stdout, "");
    ganger(&sandbox, "forget").done().told(255, "JOB");
    let sizes = json(&sandbox, "vacuum");
    let size = |name: &str| sizes[name].as_u64().expect("a number");
    assert!(size("bytes_after") < size("bytes_before") * 2 / 3, "{sizes}");
    assert_eq!(ganger(&sandbox, "ls").done().stdout.lines().count(), 3);
    ganger(&sandbox, "forget --older-than 0s").done();
    assert_eq!(ganger(&sandbox, "ls").done().stdout, "");

    let busy = sandbox.run(["--store", "s.db", "touch {}; while [ -e {} ]; do sleep 0.01; done", ":::", "up"]).start();
    sandbox.file("up");
    ganger(&sandbox, "forget --keep 0").done().told(255, "one can at a time");
    ganger(&sandbox, "vacuum").done().told(255, "one can at a time");
    fs::remove_file(sandbox.path("up")).expect("it is there");
    assert_eq!(busy.done().code(), 0);
}

#[test]
fn a_run_keeps_so_many_jobs() {
    let sandbox = Sandbox::new();
    let run = |name: &str, more: &[&str]| {
        let args = [&["--store", "s.db", "--name", name], more, &["echo", ":::", "1"]].concat();
        sandbox.run(args).done().stdout
    };
    ["a", "b", "c"].iter().for_each(|name| drop(run(name, &[])));
    assert_eq!(run("a", &["--resume", "--keep-jobs", "2"]), "", "what is resumed is not forgotten before");
    assert_eq!(run("d", &["--keep-jobs", "2"]), "1\n");
    let listed = ganger(&sandbox, "ls").done().stdout;
    let names: Vec<&str> = listed.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(names, ["d", "c"]);
    sandbox.run(["--store", "s.db", "--keep-jobs", "0", "echo", ":::", "1"]).done().told(255, "--keep-jobs");
}

#[test]
fn a_damaged_store_is_told_and_saved() {
    let sandbox = Sandbox::new();
    let inputs: String = (0..1_500).map(|n| format!("{n}\n")).collect();
    sandbox.run(["--store", "s.db", "-j2", "echo"]).stdin(inputs).done();
    ganger(&sandbox, "check").done().printed("s.db is whole\n");

    let mut bytes = fs::read(sandbox.path("s.db")).expect("a store");
    let middle = bytes.len() / 4096 / 2 * 4096;
    bytes[middle..middle + 8192].fill(0x5a);
    fs::write(sandbox.path("s.db"), &bytes).expect("a store");
    let checked = ganger(&sandbox, "check").done();
    checked.told(1, "ganger salvage s.db NEWFILE");
    assert!(!checked.stdout.is_empty());
    let saved = ganger(&sandbox, "salvage s.db new.db").done();
    assert!(saved.code() == 0 && saved.stdout.starts_with("saved 1 job, "), "{saved:?}");
    assert_eq!(fs::read(sandbox.path("s.db")).expect("a store").len(), bytes.len());
    ganger(&sandbox, "ls --store new.db").done().told(0, "");
    ganger(&sandbox, "check --store new.db").done().printed("new.db is whole\n");
    ganger(&sandbox, "salvage s.db new.db").done().told(255, "give another one");

    // Its very beginning.
    bytes[100..4096].fill(0x5a);
    fs::write(sandbox.path("s.db"), &bytes).expect("a store");
    sandbox.run(["--store", "s.db", "echo", ":::", "a"]).done().told(255, "ganger salvage s.db NEWFILE");
    ganger(&sandbox, "ls").done().told(255, "ganger check says where");
}
