//! `ganger run --file`: several jobs, some of which wait for others.

use std::fs;

use nix::sys::signal::Signal;

use crate::sandbox::{Done, Sandbox, sorted};

/// Runs a job file with these arguments beside it.
pub(crate) fn run(sandbox: &Sandbox, file: &str, args: &[&str]) -> Done {
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
