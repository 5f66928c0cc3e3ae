//! `ganger run`: limits that are enforced, throttling, and what commands take in turn.

use nix::sys::signal::Signal;

use crate::sandbox::{Sandbox, eventually, sorted};

/// Keeps so many MiB until it is killed: a last line that has no end must be kept whole.
fn keeps(mib: &str) -> String {
    format!("{{ head -c {mib}M /dev/zero; exec sleep 1000; }} | tail")
}

#[test]
fn a_command_that_takes_too_much_memory_is_named_with_its_peak_and_gone() {
    let sandbox = Sandbox::new();
    let script = "(setsid sleep 1000 &); echo {}; tail /dev/zero & wait";
    let done = sandbox.run(["--memory-max", "64M", script, ":::", "a"]).done();
    done.told(1, "input 1 (\"a\") failed: out of memory: it had ");
    done.told(1, "and may have 64M");
    assert_eq!(done.stdout, "a\n");
}

#[test]
fn a_tree_of_many_processes_is_judged_by_its_sum() {
    let sandbox = Sandbox::new();
    let one = keeps("{}");
    let done = sandbox.run(["--memory-max", "64M", &format!("({one}) & ({one}) & ({one}) & wait"), ":::", "30"]).done();
    done.told(1, "out of memory");
    sandbox.run(["--memory-max", "1G", "echo {}", ":::", "a"]).done().printed("a\n");
}

#[test]
fn one_that_ran_out_of_memory_is_tried_again_with_more() {
    let sandbox = Sandbox::new();
    // The second time, its limit is enough.
    let script = "echo $GANGER_ATTEMPT >> tries; { head -c 50M /dev/zero; sleep 1; } | tail | wc -c #";
    let run = ["--memory-max", "40M", "--retry-memory", "4x", script, ":::", "a"];
    sandbox.run(run).done().printed("52428800\n");
    assert_eq!(std::fs::read_to_string(sandbox.path("tries")).expect("it ran"), "1\n2\n");
    let growing = ["--memory-max", "16M", "--retry-memory", "+8M", "--retries", "2"];
    let failing = "test $GANGER_ATTEMPT -lt 3 && tail /dev/zero; exit 3";
    let done = sandbox.run(growing.iter().chain(&[failing, ":::", "a"])).done();
    done.told(1, "exit code 3 (after 4 attempts)");
}

#[test]
fn every_limit_that_was_too_little_is_told() {
    let sandbox = Sandbox::new();
    let run = [
        "--memory-max",
        "16M",
        "--retry-memory",
        "2x",
        "test $GANGER_ATTEMPT = 4 && exit 1; tail /dev/zero",
        ":::",
        "a",
    ];
    sandbox.run(run).done().told(1, "exit code 1 (after 4 attempts)");
    let most = std::fs::read_to_string("/proc/meminfo").expect("/proc");
    let total: u64 = most.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    // From a limit that cannot grow any more, there is no further try.
    let limit = format!("{total}K");
    sandbox.run(["--memory-max", &limit, "--retry-memory", "2x", "exit 4", ":::", "a"]).done().told(1, "exit code 4");
}

#[test]
fn processor_time_that_is_used_up_is_told() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(["--cpu-time", "300ms", "while :; do :; done #", ":::", "a"]).done();
    done.told(1, "it used its processor time up: 300ms");
    // Of whole seconds the kernel tells a process that is alone, before we have looked.
    sandbox.run(["--cpu-time", "1s", "while :; do :; done #", ":::", "a"]).done().told(1, "processor time up: 1s");
    sandbox.run(["--cpu-time", "100s", "echo {}", ":::", "a"]).done().printed("a\n");
}

#[test]
fn niceness_is_seen_from_inside() {
    let sandbox = Sandbox::new();
    sandbox.run(["--nice", "11", "sh", "-c", "nice", ":::", "a"]).done().printed("11\n");
    for wrong in ["20", "-21", "x"] {
        sandbox.run(["--nice", wrong, "true", ":::", "a"]).done().told(255, "--nice");
    }
}

#[test]
fn a_command_is_ended_step_by_step() {
    let sandbox = Sandbox::new();
    let script = "trap 'echo int' INT; trap 'echo term' TERM; touch began; while :; do sleep 0.01; done #";
    let steps = ["--termseq", "INT,300,TERM,300"];
    let done = sandbox.run(steps.iter().chain(&["--timeout", "1s", script, ":::", "a"])).done();
    done.told(1, "ran for longer than 1s");
    assert_eq!(done.stdout, "int\nterm\n");
    std::fs::remove_file(sandbox.path("began")).expect("it began");
    let started = sandbox.run(steps.iter().chain(&[script, ":::", "a"])).start();
    sandbox.file("began");
    started.signal(Signal::SIGTERM);
    let done = started.done();
    assert_eq!((done.code(), done.stdout.as_str()), (130, "int\nterm\n"), "{done:#?}");
}

#[test]
fn no_two_commands_have_the_same_value_at_a_time() {
    let sandbox = Sandbox::new();
    // A directory can be made once: a second command with its value would fail.
    let script = "mkdir held-$GPU && echo $GPU && sleep 0.05 && rmdir held-$GPU; : {}";
    let inputs = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let run = sandbox.run(["-j4", "--slots", "GPU=a,b,c", script, ":::"].iter().chain(&inputs)).done();
    assert_eq!((run.code(), run.stderr.as_str()), (0, ""), "{run:#?}");
    let values = sorted(&run.stdout);
    assert_eq!((values.len(), values.first(), values.last()), (9, Some(&"a"), Some(&"c")));
    // Without -j there are as many at a time as values: each waits for the other two.
    let all = "touch {}; until test -e x -a -e y -a -e z; do sleep 0.01; done; echo $A";
    let done = sandbox.run(["--slots", "A=1,2,3", all, ":::", "x", "y", "z"]).done();
    assert_eq!(sorted(&done.stdout), ["1", "2", "3"]);
    sandbox.run(["--slots", "GPU", "true", ":::", "a"]).done().told(255, "CUDA_VISIBLE_DEVICES=0,1");
}

#[test]
fn a_list_of_values_takes_no_variable_that_commands_need() {
    let sandbox = Sandbox::new();
    for name in ["GANGER_TASK", "GANGER_INPUT", "PARALLEL_SEQ", "PATH"] {
        let list = format!("{name}=1,2");
        let done = sandbox.run(["--slots", &list, "echo {}; touch ran", ":::", "a b"]).done();
        done.told(255, "give the variable another name");
    }
    assert!(!sandbox.path("ran").exists());
}

#[test]
fn a_command_of_two_slots_runs_alone_among_two() {
    let sandbox = Sandbox::new();
    let script = "mkdir held && sleep 0.05 && rmdir held; : {}";
    let done = sandbox.run(["-j2", "--cpus", "2", script, ":::", "1", "2", "3"]).done();
    assert_eq!((done.code(), done.stderr.as_str()), (0, ""), "{done:#?}");
    sandbox.run(["-j3", "--cpus", "1", "--pin", "nproc; : {}", ":::", "1"]).done().printed("1\n");
    sandbox.run(["--cpus", "5000", "--pin", "true", ":::", "1"]).done().told(255, "lower --cpus");
}

#[test]
fn nothing_is_started_before_there_is_memory() {
    let sandbox = Sandbox::new();
    sandbox.run(["--memfree", "1M", "--load", "10000", "echo {}", ":::", "a"]).done().printed("a\n");
    let started = sandbox.script("exec $GANGER run --memfree 1000T 'touch {}' ::: began 2> said").start();
    let said = || std::fs::read_to_string(sandbox.path("said")).unwrap_or_default();
    eventually("it says what it waits for", || said().contains("waiting for memory: "));
    started.signal(Signal::SIGINT);
    assert_eq!(started.done().code(), 130);
    assert!(!sandbox.path("began").exists() && said().matches("waiting for memory").count() == 1, "{}", said());
}

#[test]
fn limits_that_are_none_are_named() {
    let sandbox = Sandbox::new();
    let table: [(&[&str], &str); 9] = [
        (&["--memory-max", "0"], "leave it out"),
        (&["--memory-max", "lots"], "1.5G"),
        (&["--retry-memory", "2x"], "--memory-max"),
        (&["--memory-max", "1G", "--retry-memory", "1x"], "above 1x"),
        (&["--cpu-time", "0"], "leave it out"),
        (&["--termseq", "200,TERM"], "begins with a signal"),
        (&["--load", "0"], "above 0"),
        (&["--cpus", "0"], "--cpus"),
        (&["--worker", "--memory-max", "1G"], "cannot be used with"),
    ];
    for (flags, told) in table {
        sandbox.run(flags.iter().chain(&["true", ":::", "a"])).done().told(255, told);
    }
}

/// Where the hierarchy of version 2 is mounted.
fn hierarchy() -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/mounts").ok()?;
    mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let place = fields.next()?;
        (fields.next()? == "cgroup2").then(|| place.to_owned())
    })
}

#[test]
fn a_control_group_is_gone_after_any_end() {
    let sandbox = Sandbox::new();
    let script = "cat /proc/self/cgroup > group && sleep 1000 & touch began; wait #";
    let started = sandbox.run(["--cpu-time", "100s", script, ":::", "a"]).start();
    sandbox.file("began");
    let own = || {
        std::fs::read_to_string(sandbox.path("group"))
            .ok()?
            .lines()
            .find_map(|l| l.strip_prefix("0::").map(str::to_owned))
    };
    eventually("it has told its group", || {
        std::fs::read_to_string(sandbox.path("group")).is_ok_and(|text| text.ends_with('\n'))
    });
    let group = own().filter(|group| group.contains("/ganger.")).and_then(|group| Some(hierarchy()? + &group));
    started.signal(Signal::SIGKILL);
    assert_eq!(started.done().code(), 128 + 9);
    let Some(group) = group else {
        use std::io::Write;
        return writeln!(std::io::stderr(), "SKIPPED a_control_group_is_gone_after_any_end: no group may be made here")
            .expect("standard error");
    };
    eventually("its worker has removed it", || !std::path::Path::new(&group).exists());
    sandbox.run(["--cpu-time", "100s", "echo {}", ":::", "a"]).done().printed("a\n");
}
