//! `ganger run --file`: several jobs, some of which wait for others.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use ganger_store::{Filter, Reader, State};
use nix::sys::signal::Signal;

use crate::sandbox::{Done, Sandbox, eventually, sorted};

/// Runs a job file with these arguments beside it.
fn run(sandbox: &Sandbox, file: &str, args: &[&str]) -> Done {
    sandbox.write("jobs.toml", file);
    sandbox.run(["--file", "jobs.toml"].iter().chain(args)).done()
}

#[test]
fn jobs_run_in_their_order_each_with_its_own_settings() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("work")).expect("a directory");
    let file = r#"
        [[job]]
        name = "sum"
        command = "cat *.n > sum; cat sum"
        directory = "work"
        after = ["numbers", "letters"]

        [[job]]
        name = "numbers"
        command = "echo {} > {}.n"
        array = "1-5:2,7"
        directory = "work"

        [[job]]
        name = "letters"
        command = ["sh", "-c", "echo $1-$2-$TIMES-$GANGER_TASK > work/$1$2.n", "sh", "{2}", "{1}"]
        product = [["a", "b"], ["x y"]]
        environment = { TIMES = 3 }
    "#;
    run(&sandbox, file, &[]).printed("1\n3\n5\n7\nx y-a-3-1\nx y-b-3-2\n");
}

#[test]
fn inputs_come_in_every_form() {
    let sandbox = Sandbox::new();
    sandbox.write("list", "a b,c\nd,e\n");
    let file = r#"
        [[job]]
        name = "once"
        command = ["echo", "*"]
        [[job]]
        name = "rows"
        command = "echo {2}+{1}"
        inputs = [["1", "2"], ["3 4", "5"]]
        [[job]]
        name = "lines"
        command = ["echo", "{2}/{1}"]
        inputs_from = "list"
        colsep = ","
        [[job]]
        name = "packed"
        command = ["echo"]
        inputs = [1, 2.5, "it's"]
        max_args = 2
    "#;
    let done = run(&sandbox, file, &[]);
    assert_eq!((done.code(), done.stderr.as_str()), (0, ""), "{done:?}");
    let lines = ["*", "1 2.5", "2+1", "5+3 4", "c/a b", "e/d", "it's"];
    assert_eq!(sorted(&done.stdout).iter().map(|line| line.trim_end()).collect::<Vec<_>>(), lines);
}

#[test]
fn what_a_job_needs_may_be_made_by_one_before_it() {
    let sandbox = Sandbox::new();
    let file = r#"
        [[job]]
        name = "build"
        command = "mkdir dir; printf '#!/bin/sh\necho tool $1\n' > dir/tool; chmod +x dir/tool; seq 2 > dir/list"
        [[job]]
        name = "use"
        command = ["./tool"]
        directory = "dir"
        inputs_from = "dir/list"
        after = "build"
    "#;
    let done = run(&sandbox, file, &["-k"]);
    done.printed("tool 1\ntool 2\n");

    // What is not there then is a failure of that job.
    let file = file.replace("chmod +x dir/tool", "true");
    fs::remove_dir_all(sandbox.path("dir")).expect("it is there");
    let done = run(&sandbox, &file, &[]);
    done.told(1, "use cannot begin: ");
    done.told(1, "chmod +x");
}

const FAILING: &str = r#"
    [[job]]
    name = "first"
    command = "echo {}; [ {} != 2 ]"
    array = "1-3"
    [[job]]
    name = "second"
    command = "echo second"
    after = ["first"]
    [[job]]
    name = "third"
    command = "echo third"
    after = ["second"]
    [[job]]
    name = "clean"
    command = "echo clean"
    after = ["first", "second"]
    on_failure = "run"
    [[job]]
    name = "other"
    command = "echo other"
"#;

#[test]
fn a_failure_skips_what_waits_for_it() {
    let sandbox = Sandbox::new();
    let done = run(&sandbox, FAILING, &[]);
    assert_eq!((done.code(), sorted(&done.stdout)), (1, vec!["1", "2", "3", "clean", "other"]), "{done:?}");
    for told in [
        "first: input 2 (\"2\") failed: exit code 1",
        "second is skipped: first, which it waits for, has not succeeded",
        "third is skipped: second,",
        "2 jobs were not run",
    ] {
        done.told(1, told);
    }
}

#[test]
fn no_more_commands_of_a_job_run_at_a_time_than_it_says() {
    let sandbox = Sandbox::new();
    // Who finds another one in the place says so.
    let alone = "mkdir place || echo not alone; sleep 0.02; rmdir place";
    let file = format!(
        "[[job]]\nname = 'alone'\ncommand = '{alone}; : {{}}'\narray = '1-8'\njobs = 1\n\
         [[job]]\nname = 'many'\ncommand = 'sleep 0.02; : {{}}'\narray = '1-8'\n"
    );
    run(&sandbox, &file, &["-j", "4"]).printed("");
}

#[test]
fn what_was_typed_holds_for_jobs_that_do_not_say_otherwise() {
    let sandbox = Sandbox::new();
    let file = r#"
        [[job]]
        name = "own"
        command = "echo own $GANGER_ATTEMPT >> log; false"
        retries = 1
        [[job]]
        name = "typed"
        command = "echo typed $GANGER_ATTEMPT >> log; false"
    "#;
    run(&sandbox, file, &["--retries", "2"]).told(2, "");
    let log = fs::read_to_string(sandbox.path("log")).expect("a log");
    assert_eq!(sorted(&log), ["own 1", "typed 1", "typed 2"]);
}

#[test]
fn a_dry_run_tells_the_order_and_runs_nothing() {
    let sandbox = Sandbox::new();
    let file = r#"
        [[job]]
        name = "last"
        command = "touch last"
        after = ["first"]
        [[job]]
        name = "from"
        command = "cat"
        inputs_from = "not there yet"
        after = ["first"]
        [[job]]
        name = "first"
        command = ["touch", "{}"]
        inputs = ["a b", "c"]
        jobs = 1
    "#;
    let done = run(&sandbox, file, &["--dry-run"]);
    let order =
        "# first, at most 1 at a time\ntouch 'a b'\ntouch c\n# last, after first\ntouch last\n# from, after first\n";
    assert!(done.code() == 0 && done.stdout.starts_with(order), "{done:?}");
    assert!(done.stdout[order.len()..].starts_with("# (cannot be told before it begins: "), "{done:?}");
    assert!(!sandbox.path("c").exists());
}

#[test]
fn a_halt_and_a_signal_end_the_whole() {
    let sandbox = Sandbox::new();
    let done = run(&sandbox, FAILING, &["-j", "1", "--halt", "soon,fail=1"]);
    assert_eq!((done.code(), done.stdout.as_str()), (1, "1\n2\n"), "{done:?}");
    done.told(1, "4 jobs were not run");

    let file = "[[job]]\nname = 'a'\ncommand = 'touch a; while [ -e a ]; do sleep 0.01; done; echo a'\n\
                [[job]]\nname = 'b'\ncommand = 'echo b'\nafter = ['a']\n";
    sandbox.write("jobs.toml", file);
    let started = sandbox.run(["--file", "jobs.toml"]).start();
    sandbox.file("a");
    started.signal(Signal::SIGINT);
    fs::remove_file(sandbox.path("a")).expect("it is there");
    let done = started.done();
    assert_eq!((done.code(), done.stdout.as_str()), (130, "a\n"), "{done:?}");
    done.told(130, "1 job was not run");
}

/// What the store has: of each job its tasks, by state.
fn recorded(sandbox: &Sandbox) -> BTreeMap<String, Vec<State>> {
    let reader = Reader::open(&sandbox.path("s.db")).expect("a store");
    let states = |job: &ganger_store::Job| {
        let tasks = reader.tasks(job.id, &Filter::default()).expect("tasks");
        tasks.into_iter().map(|task| task.state).collect()
    };
    reader.jobs().expect("jobs").iter().map(|job| (job.name.clone(), states(job))).collect()
}

#[test]
fn each_job_is_one_of_the_store_and_a_resume_is_of_all() {
    use State::{Failed, Succeeded};
    let sandbox = Sandbox::new();
    let file = r#"
        [[job]]
        name = "make"
        command = "echo make {}; [ {} != 2 ] || [ -e good ]"
        array = "1-2"
        [[job]]
        name = "use"
        command = "echo use"
        after = ["make"]
        [[job]]
        name = "other"
        command = "echo other"
    "#;
    let done = run(&sandbox, file, &["--store", "s.db"]);
    assert_eq!(sorted(&done.stdout), ["make 1", "make 2", "other"]);
    let of = |jobs: &[(&str, &[State])]| jobs.iter().map(|(job, states)| (job.to_string(), states.to_vec())).collect();
    let first: BTreeMap<_, _> = of(&[("make", &[Succeeded, Failed]), ("other", &[Succeeded])]);
    let mut seen = recorded(&sandbox);
    seen.values_mut().for_each(|states| states.sort_by_key(|state| *state != Succeeded));
    assert_eq!(seen, first, "what has not begun is not there");

    sandbox.write("good", "");
    let again = run(&sandbox, file, &["--store", "s.db", "--resume"]);
    assert_eq!((again.code(), sorted(&again.stdout)), (0, vec!["make 2", "use"]));
    assert!(recorded(&sandbox).values().flatten().all(|state| *state == Succeeded));
    assert_eq!(recorded(&sandbox).len(), 3);

    let nothing = run(&sandbox, file, &["--store", "s.db", "--resume"]);
    assert_eq!((nothing.code(), nothing.stdout.as_str()), (0, ""));

    // What was made of something that changes is made anew.
    let more = run(&sandbox, &file.replace("1-2", "1-3"), &["--store", "s.db", "--resume"]);
    assert_eq!((more.code(), sorted(&more.stdout)), (0, vec!["make 3", "use"]));

    let named = run(&sandbox, file, &["--store", "s.db", "--name", "nightly"]);
    assert_eq!(named.code(), 0);
    assert!(recorded(&sandbox).contains_key("nightly/use"));
}

#[test]
fn after_sigkill_what_was_made_of_something_older_is_made_anew() {
    let sandbox = Sandbox::new();
    let file = r#"
        [[job]]
        name = "make"
        command = "echo {} >> made; touch runs; while [ -e hold ]; do sleep 0.01; done"
        inputs_from = "list"
        [[job]]
        name = "use"
        command = "cp made used"
        after = ["make"]
    "#;
    sandbox.write("list", "a\n");
    assert_eq!(run(&sandbox, file, &["--store", "s.db"]).code(), 0);
    // More is to be made: while it is, everything dies. Nothing says afterwards that `use` has to run again but that.
    sandbox.write("list", "a\nb\n");
    sandbox.write("hold", "");
    fs::remove_file(sandbox.path("runs")).expect("it is there");
    let started = sandbox.run(["--file", "jobs.toml", "--store", "s.db", "--resume"]).start();
    sandbox.file("runs");
    eventually("it is recorded that b runs", || recorded(&sandbox)["make"].contains(&State::Running));
    started.signal(Signal::SIGKILL);
    started.done();
    assert_eq!(recorded(&sandbox)["use"], [State::Stopped]);
    sandbox.forget_temporary_files();
    fs::remove_file(sandbox.path("hold")).expect("it is there");
    assert_eq!(run(&sandbox, file, &["--store", "s.db", "--resume"]).code(), 0);
    let of = |name: &str| fs::read_to_string(sandbox.path(name)).expect("a file");
    assert_eq!(of("used"), of("made"));
}

#[test]
fn a_run_waits_for_a_job_that_another_process_runs() {
    let sandbox = Sandbox::new();
    let hold = "touch {}; while [ -e {} ]; do sleep 0.01; done; echo held >> log";
    let first = sandbox.run(["--store", "s.db", "--name", "first", hold, ":::", "hold"]).start();
    sandbox.file("hold");
    let after = ["--store", "s.db", "--after", "first"];
    // Two wait: one of them for the other as well, since one at a time writes to a store.
    let waiting: Vec<_> = ["b", "c"]
        .map(|name| {
            sandbox.run(after.iter().chain(&["--name", name, "echo {} >> log; sleep 0.1", ":::", name])).start()
        })
        .into();
    eventually("both wait", || sandbox.processes().len() >= 4);
    fs::remove_file(sandbox.path("hold")).expect("it is there");
    assert_eq!(first.done().code(), 0);
    for waiting in waiting {
        assert_eq!(waiting.done().code(), 0);
    }
    let log = fs::read_to_string(sandbox.path("log")).expect("a log");
    assert!(log.starts_with("held\n") && sorted(&log) == ["b", "c", "held"], "{log:?}");
}

#[test]
fn a_run_does_not_begin_after_a_job_that_failed() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(["--store", "s.db", "--name", "bad", "false", ":::", "x"]).done().code(), 1);
    let after = |job: &str| sandbox.run(["--store", "s.db", "--after", job, "touch", ":::", "ran"]).done();
    after("bad").told(255, "--after bad: 1 of its tasks have not succeeded");
    after("unknown").told(255, "unknown");
    assert!(!sandbox.path("ran").exists());
    sandbox.run(["--store", "s.db", "--name", "good", "true", ":::", "x"]).done().printed("");
    after("good").printed("");
    assert!(sandbox.path("ran").exists());
    sandbox.run(["--after", "good", "echo", ":::", "a"]).done().told(255, "--store");
}

#[test]
fn output_is_told_apart_by_job_and_in_the_order_in_which_it_was_begun() {
    let sandbox = Sandbox::new();
    let file = r#"
        [[job]]
        name = "slow"
        command = "sleep 0.1; echo $GANGER_JOB {}"
        array = "1-2"
        [[job]]
        name = "once"
        command = "echo o; echo p"
    "#;
    let lines = "slow 1\tslow 1\nslow 2\tslow 2\nonce \to\nonce \tp\n";
    run(&sandbox, file, &["-k", "--tag", "-j", "3"]).printed(lines);
}

#[test]
fn a_command_is_held_to_the_limits_of_its_job() {
    let sandbox = Sandbox::new();
    let file = r#"
        [[job]]
        name = "quick"
        command = "sleep 60"
        timeout = 0.2
        [[job]]
        name = "kind"
        command = "nice"
        nice = 7
    "#;
    let done = run(&sandbox, file, &[]);
    assert_eq!((done.code(), done.stdout.as_str()), (1, "7\n"), "{done:?}");
    done.told(1, "quick failed: stopped, since it ran for longer than 200ms");
}

#[test]
fn a_picture_tells_who_waits_for_whom() {
    let sandbox = Sandbox::new();
    let file = "[[job]]\nname = 'b'\ncommand = 'touch ran'\nafter = 'a'\n[[job]]\nname = 'a'\ncommand = 'touch ran'\n";
    run(&sandbox, file, &["--graph"]).printed("digraph jobs {\n  \"a\";\n  \"b\";\n  \"a\" -> \"b\";\n}\n");
    assert!(!sandbox.path("ran").exists());
}

/// How often everything is killed.
const KILLS: usize = 15;

#[test]
fn after_sigkill_at_any_moment_a_resume_makes_the_whole_right() {
    let sandbox = Sandbox::new();
    let file = r#"
        [[job]]
        name = "make"
        command = "echo {} >> made"
        inputs_from = "list"
        [[job]]
        name = "count"
        command = "sort -u made | wc -l >> counted"
        after = ["make"]
        [[job]]
        name = "last"
        command = "tail -n 1 counted > last"
        after = ["count"]
    "#;
    let list = |up_to: usize| (1..=up_to).map(|number| format!("{number}\n")).collect::<String>();
    sandbox.write("jobs.toml", file);
    let args = ["--file", "jobs.toml", "--store", "s.db", "--resume", "-j", "2"];
    for life in 1..=KILLS {
        // Each life has more to do than those before it.
        sandbox.write("list", list(life * 20));
        let started = sandbox.run(args).start();
        let (since, patience) = (Instant::now(), Duration::from_millis(200).mul_f64(chance()));
        eventually("the moment has come", || since.elapsed() >= patience);
        started.signal(Signal::SIGKILL);
        started.done();
        eventually("nothing is left", || sandbox.processes().is_empty());
    }
    let last = sandbox.run(args).done();
    assert_eq!((last.code(), last.stdout.as_str()), (0, ""), "{last:?}");
    let of = |name: &str| fs::read_to_string(sandbox.path(name)).expect("a file");
    assert_eq!(of("last").trim(), (KILLS * 20).to_string());
    assert!(recorded(&sandbox).values().flatten().all(|state| *state == State::Succeeded));
    sandbox.forget_temporary_files();
}

/// A number from 0 to 1.
fn chance() -> f64 {
    (RandomState::new().hash_one(0) >> 11) as f64 / (1_u64 << 53) as f64
}
