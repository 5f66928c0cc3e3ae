//! `ganger run` when things break: processes killed, disks full, descriptors closed.

use nix::sys::signal::Signal;

use crate::sandbox::{Sandbox, eventually, is_root};

#[test]
fn the_end_of_a_command_is_the_end_of_its_tree() {
    let sandbox = Sandbox::new();
    let script = "sleep 1000 & setsid sleep 1000 & echo {}";
    // The sandbox sees to it that nothing is left.
    sandbox.run([script, ":::", "a"]).done().printed("a\n");
    let slow = "sleep 1000 & setsid sleep 1000 & sleep {}";
    sandbox.run(["--timeout", "200ms", slow, ":::", "1000"]).done().told(1, "ran for longer");
}

#[test]
fn nothing_outlives_a_supervisor_that_is_killed() {
    let sandbox = Sandbox::new();
    let script = "sleep 1000 & setsid sleep 1000 & touch began-{}; sleep 1000";
    let killed = sandbox.run(["-j2", script, ":::", "1", "2"]).start();
    sandbox.file("began-1");
    sandbox.file("began-2");
    assert!(sandbox.processes().len() > 6);
    killed.signal(Signal::SIGKILL);
    assert_eq!(killed.done().code(), 128 + 9);
    eventually("all is gone", || sandbox.is_clean());
}

#[test]
fn nothing_is_left_when_worker_and_supervisor_are_killed_together() {
    let sandbox = Sandbox::new();
    // The kernel ends the command; what it has started has nobody but the zygote.
    let script = "sleep 1000 & supervisor=$(ps -o ppid= -p $PPID); setsid kill -9 $PPID $supervisor; sleep 1000";
    assert_eq!(sandbox.run([script, ":::", "1"]).done().code(), 128 + 9);
    eventually("all is gone", || sandbox.processes().is_empty());
    sandbox.forget_temporary_files();
}

#[test]
fn a_command_whose_worker_is_killed_runs_again() {
    let sandbox = Sandbox::new();
    let script = "echo x; test -e again-{} || { touch again-{}; kill -9 $PPID; }; echo {}";
    sandbox.run(["-k", "-j2", script, ":::", "a", "b"]).done().printed("x\na\nx\nb\n");
}

#[test]
fn a_poisonous_command_harms_no_other() {
    let sandbox = Sandbox::new();
    let script = "test {} = 2 && kill -9 $PPID && sleep 1000; echo {}";
    let done = sandbox.run(["-k", "-j2", script, ":::", "1", "2", "3", "4"]).done();
    done.told(1, "input 2 (\"2\") failed: its worker died");
    assert_eq!(done.stdout, "1\n3\n4\n");
}

#[test]
fn closed_descriptors_are_no_matter() {
    let sandbox = Sandbox::new();
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        println!("{closed}");
        let done = sandbox.script(&format!("$GANGER run 'echo x >> out; cat' ::: - {closed}")).done();
        assert_eq!((done.code(), done.stderr.as_str()), (0, ""), "{done:#?}");
    }
    assert_eq!(std::fs::read_to_string(sandbox.path("out")).expect("it was written"), "x\n".repeat(4));
}

#[test]
fn a_standard_input_that_should_have_the_inputs_and_is_closed_is_told() {
    let sandbox = Sandbox::new();
    for command in ["$GANGER run echo <&-", "$GANGER run -a - 'echo {}' <&-"] {
        sandbox.script(command).done().told(255, "standard input is closed; give them after :::");
    }
    // Whoever opens it for writing as well has not closed it.
    for open in ["< /dev/null", "<> /dev/null"] {
        sandbox.script(&format!("$GANGER run echo {open}")).done().printed("");
    }
}

#[test]
fn a_full_standard_output_is_told() {
    let sandbox = Sandbox::new();
    let done = sandbox.script("$GANGER run -j2 --lb 'echo {}; sleep 1000' ::: a b > /dev/full").done();
    done.told(255, "standard output: No space left on device");
}

#[test]
fn a_useless_directory_for_temporary_files_is_named() {
    let sandbox = Sandbox::new();
    let long = "0".repeat(120);
    for directory in ["/nonexistent", "/dev/null", "/proc", &*long] {
        let done = sandbox.script(&format!("mkdir -p {long}; TMPDIR={directory} $GANGER run echo ::: a")).done();
        done.told(255, "set TMPDIR to a directory");
        assert!(done.stderr.contains(directory) && !done.stderr.contains("panicked"), "{done:#?}");
    }
}

#[test]
fn a_limit_on_files_makes_smaller_rings_or_is_named() {
    let sandbox = Sandbox::new();
    let run = |limit| sandbox.script(&format!("ulimit -f {limit}; $GANGER run -k echo ::: a b")).done();
    run(300).printed("a\nb\n");
    run(100).printed("a\nb\n");
    run(10).told(255, "`ulimit -f`");
}

#[test]
fn children_are_heeded_though_a_parent_ignored_its_own() {
    let sandbox = Sandbox::new();
    let done = sandbox.script("trap '' CHLD; exec $GANGER run -k 'exit {}' ::: 0 3").done();
    done.told(1, "input 2 (\"3\") failed");
    assert!(!done.stderr.contains("reap"), "{done:#?}");
}

#[test]
fn a_full_disk_is_told_and_nothing_stays_on_it() {
    if !is_root() {
        println!("SKIPPED: only root can mount the small disk that this test fills");
        return;
    }
    let sandbox = Sandbox::new();
    // The mount is in a namespace of its own and goes with it.
    let script = "mkdir disk; unshare -m sh -c 'mount -t tmpfs -o size=1m none disk && \
                  TMPDIR=disk $GANGER run \"yes | head -c 9000000 #\" ::: a; echo status $?; ls disk'";
    let done = sandbox.script(script).done();
    done.told(0, "failed to keep the commands' output in disk: No space left on device");
    assert!(done.stderr.contains("TMPDIR"));
    assert_eq!(done.stdout, "status 255\n");
}
