//! The verbs that ask a service; and its store, looked at as any.

use crate::sandbox::{GANGER, Sandbox, eventually};
use crate::serve_doors::with_port;
use crate::serve_verbs::ask;
use crate::service::Service;
use crate::terminal::Terminal;

#[test]
fn jobs_are_submitted_and_waited_for() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let script = "echo $1 >>ran; exit $1";
    ask(&sandbox, "submit", &["--name", "codes", "sh", "-c", script, "-", ":::", "0", "1", "2"]).done().printed("1\n");
    assert_eq!(ask(&sandbox, "wait", &["1"]).done().code(), 2, "so many have failed");
    let ran = std::fs::read_to_string(sandbox.path("ran")).expect("it runs in the directory of submit");
    assert_eq!(ran.lines().count(), 3);
    ask(&sandbox, "submit", &["--wait", "--attempts", "2", "true"]).done().printed("2\n");
    ask(&sandbox, "wait", &["2"]).done().printed("");
    let listed = ask(&sandbox, "status", &[]).done().stdout;
    let words: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0][..3], ["JOB", "NAME", "STATE"], "{listed}");
    assert_eq!((&words[1][..3], &words[2][..3]), (&["2", "true", "succeeded"][..], &["1", "codes", "failed"][..]));
    assert!(listed.contains("1 succeeded, 2 failed"), "{listed}");
    let one = ask(&sandbox, "status", &["1"]).done().stdout;
    assert!(one.contains("1: codes") && one.contains("default, priority 0"), "{one}");
    let one = ask(&sandbox, "status", &["--json", "1"]).done().stdout;
    assert!(one.contains(r#""name":"codes""#), "{one}");
    service.stop();
}

#[test]
fn what_cannot_be_asked_is_told() {
    let sandbox = Sandbox::new();
    ask(&sandbox, "status", &[]).done().told(255, "ganger serve starts one");
    let service = Service::start(&sandbox, &[]);
    ask(&sandbox, "wait", &["7"]).done().told(255, "there is no job \"7\"");
    ask(&sandbox, "submit", &["--queue", "q", "true"]).done().told(255, "there are default");
    ask(&sandbox, "submit", &["true", "::::", "file"]).done().told(255, "failed to read the inputs from file");
    ask(&sandbox, "submit", &["true", ":::"]).done().told(255, "there is no input, so no job was made");
    ask(&sandbox, "submit", &["echo", "{%}", ":::", "a"]).done().told(255, "$GANGER_SLOT");
    ask(&sandbox, "submit", &["--at", "soon", "true"]).done().told(255, "--delay");
    ask(&sandbox, "submit", &["--wd", "none", "true"]).done().told(255, "a directory that is there");
    ask(&sandbox, "logs", &["align"]).done().told(255, "say --store FILE");
    ask(&sandbox, "logs", &["--json", "1"]).done().told(255, "name its store");
    ask(&sandbox, "status", &["--connect", "tcp:host"]).done().told(255, "tcp:HOST:PORT");
    service.stop();
}

/// What jobs of these words print, each task on a line.
fn printed(sandbox: &Sandbox, stdin: &str, words: &[&str]) -> String {
    let job = ask(sandbox, "submit", &[&["--wait"], words].concat()).stdin(stdin).done();
    assert_eq!((job.code(), job.stderr.as_str()), (0, ""), "{words:?}");
    ask(sandbox, "logs", &[job.stdout.trim()]).done().stdout
}

#[test]
fn tasks_are_written_as_for_run() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    sandbox.write("list", "x\ny\n");
    sandbox.write("table.csv", "name,mail\n\"a, b\",c@d\n");
    let table: [(&str, &[&str], &str); 12] = [
        ("", &["echo", "hi"], "hi\n"),
        ("", &["echo", ":::", "a b", "c"], "a b\nc\n"),
        ("", &["echo", "{1}-{2}", ":::", "a", "b", ":::", "1", "2"], "a-1\na-2\nb-1\nb-2\n"),
        ("", &["echo", "{2}{1}", ":::", "a", "b", ":::+", "1", "2"], "1a\n2b\n"),
        ("", &["echo", "{#}:{}", "::::", "list"], "1:x\n2:y\n"),
        ("p\nq\n", &["echo {} | tr a-z A-Z"], "P\nQ\n"),
        ("it's $(touch no)\n", &["printf '%s\\n' \"{}\""], "it's $(touch no)\n"),
        ("a\nb\nc\n", &["-n", "2", "echo"], "a b\nc\n"),
        ("1\n2\n3\n4\n", &["-N", "2", "echo", "{2} {1}"], "2 1\n4 3\n"),
        ("", &["--csv", "--header", ":", "-a", "table.csv", "echo", "{mail}: {name}"], "c@d: a, b\n"),
        ("a/b.c\0", &["-0", "echo", "{/.} {//}"], "b a\n"),
        ("echo one; echo two\n", &[], "one\ntwo\n"),
    ];
    for (stdin, words, wanted) in table {
        assert_eq!(printed(&sandbox, stdin, words), wanted, "{words:?}");
    }
    assert!(!sandbox.path("no").exists(), "an input was run");
    service.stop();
}

#[test]
fn as_many_inputs_as_come_go_over() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=1"]);
    let numbers: String = (1..=25_000).map(|number| format!("{number}\n")).collect();
    // Held up by the first, so that nothing of the rest is run.
    let first = ask(&sandbox, "submit", &["while [ ! -e go ]; do sleep 0.02; done"]).done();
    first.printed("1\n");
    let done = ask(&sandbox, "submit", &["true", "{}"]).stdin(numbers).done();
    assert_eq!((done.code(), done.stderr.as_str()), (0, ""));
    let tasks: u64 = done.stdout.lines().map(|job| tasks(&sandbox, job)).sum();
    assert_eq!(tasks, 25_000);
    done.stdout.lines().for_each(|job| ask(&sandbox, "cancel", &[job]).done().printed(""));
    sandbox.write("go", "");
    service.stop();
}

/// How many tasks a job has.
fn tasks(sandbox: &Sandbox, job: &str) -> u64 {
    let shown = ask(sandbox, "status", &["--json", job]).done().stdout;
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    shown["tasks"]["total"].as_u64().expect("a number")
}

#[test]
fn a_job_has_its_own_environment_and_place() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let words = ["--env", "A=1 2", "--env", "HOME", "--wd", "tmp", "echo $A $HOME $PWD"];
    let mut submit = ask(&sandbox, "submit", &[&["--follow"], &words[..]].concat());
    submit.command.env("HOME", "/h");
    let done = submit.done();
    assert_eq!(done.stdout, format!("1\n1 2 /h {}\n", sandbox.path("tmp").display()));
    service.stop();
}

#[test]
fn output_is_followed_until_the_job_is_over() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=2"]);
    let script = "echo begin $1; while [ ! -e go ]; do sleep 0.02; done; echo end $1; echo oops >&2; exit $1";
    ask(&sandbox, "submit", &["sh", "-c", script, "-", ":::", "0", "3"]).done().printed("1\n");
    let followed = ask(&sandbox, "logs", &["-f", "1"]).start();
    let waited = ask(&sandbox, "wait", &["1"]).start();
    eventually("the beginning is there", || !ask(&sandbox, "logs", &["1.2"]).done().stdout.is_empty());
    sandbox.write("go", "");
    let done = followed.done();
    assert_eq!((done.code(), done.stdout.as_str()), (0, "begin 0\nend 0\nbegin 3\nend 3\n"));
    assert_eq!(done.stderr, "oops\noops\n");
    assert_eq!(waited.done().code(), 1);
    ask(&sandbox, "logs", &["--stderr", "1", "2"]).done().told(0, "oops");
    ask(&sandbox, "logs", &["--tag", "1"]).done().told(0, "3\toops");
    assert!(ask(&sandbox, "logs", &["--tag", "1"]).done().stdout.starts_with("0\tbegin 0\n0\tend 0\n3\t"));
    service.stop();
}

#[test]
fn who_waits_may_go_and_the_job_goes_on() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    ask(&sandbox, "submit", &["while [ ! -e go ]; do sleep 0.02; done"]).done().printed("1\n");
    let mut terminal = Terminal::start(&sandbox, &[GANGER, "wait", "--connect", "unix:s.sock", "1"]);
    // It has asked, so it hears Ctrl-C by now.
    eventually("somebody waits", || terminal.threads() > 1);
    terminal.ctrl_c();
    terminal.draws("interrupted: the job goes on without you; ganger wait 1");
    assert_eq!(terminal.status(), Some(130));
    sandbox.write("go", "");
    assert_eq!(ask(&sandbox, "wait", &["1"]).done().code(), 0);
    service.stop();
}

#[test]
fn a_service_that_is_started_anew_is_waited_for() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--drain", "0s"]);
    ask(&sandbox, "submit", &["while [ ! -e go ]; do sleep 0.02; done"]).done().printed("1\n");
    let waited = ask(&sandbox, "wait", &["1"]).start();
    eventually("it runs", || ask(&sandbox, "status", &["1"]).done().stdout.contains("1 running"));
    service.stop();
    sandbox.write("go", "");
    let service = Service::start(&sandbox, &[]);
    let done = waited.done();
    assert_eq!(done.code(), 0, "{done:#?}");
    service.stop();
}

#[test]
fn top_tells_lines_or_draws() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--queue", "default=3"]);
    let line = ask(&sandbox, "top", &["--looks", "1"]).done();
    assert!(line.code() == 0 && line.stdout.contains("default: 0 of 3 run, 0 wait"), "{line:#?}");
    ask(&sandbox, "submit", &["--wait", "--name", "seen", "true"]).done();
    let mut terminal = Terminal::start(&sandbox, &[GANGER, "top", "--connect", "unix:s.sock"]);
    terminal.draws("seen");
    terminal.draws("0 tasks run, 0 wait");
    terminal.types(b"q");
    assert_eq!(terminal.status(), Some(0));
    service.stop();
}

#[test]
fn a_service_is_asked_over_tcp_with_a_token() {
    let sandbox = Sandbox::new();
    let (service, port) = with_port(&sandbox, &[]);
    let address = format!("tcp:127.0.0.1:{port}");
    ask(&sandbox, "queues", &["--connect", &address]).done().told(255, "--token-file");
    ask(&sandbox, "queues", &["--connect", &address, "--token-file", "none"]).done().told(255, "none: No such file");
    let done = ask(&sandbox, "submit", &["--connect", &address, "--token-file", "tokens", "--wait", "true"]).done();
    done.printed("1\n");
    service.stop();
}

#[test]
fn a_service_s_store_is_looked_at_as_any() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    ask(&sandbox, "submit", &["--wait", "--name", "greet", "echo", "hello", ":::", "a b", ""]).done().printed("1\n");
    ask(&sandbox, "submit", &["--wait", "echo"]).done().printed("2\n");
    let look = |verb: &str, args: &[&str]| sandbox.cmd(GANGER).args([verb, "--store", "s.db"]).args(args).done();
    let jobs = look("ls", &[]).stdout;
    assert!(jobs.contains("greet") && jobs.contains("2 succeeded"), "{jobs}");
    look("logs", &["greet"]).printed("hello a b\nhello \n");
    assert!(look("show", &["greet", "1"]).stdout.contains("echo hello"), "{}", look("show", &["greet", "1"]).stdout);
    assert!(look("report", &["greet"]).stdout.contains('2'));
    look("replay", &["greet", "1"]).told(255, "is a job of ganger serve");
    service.stop();
}
