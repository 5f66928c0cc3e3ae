//! `ganger run`: inputs, commands, failures, halts.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::sandbox::{Sandbox, sorted};

#[test]
fn commands_and_inputs() {
    // Arguments, standard input, standard output.
    let table: [(&[&str], &str, &str); 27] = [
        (&["-k", "echo", "{}", ":::", "a", "b c"], "", "a\nb c\n"),
        (&["-k", "echo {}", ":::", "a", "b  c", "$(id)", "it's"], "", "a\nb  c\n$(id)\nit's\n"),
        (&["-k", "echo \"<{}>\" '<{}>'", ":::", "a\"b", "c'd"], "", "<a\"b> <a\"b>\n<c'd> <c'd>\n"),
        (&["-k", "echo"], "a\nb c\n\nd", "a\nb c\n\nd\n"),
        (&["-k", "-0", "echo"], "a\nb\0c\0", "a\nb\nc\n"),
        (&["-k", "-a", "list", "echo"], "", "one\ntwo\n"),
        (&["-k", "echo", "::::", "list"], "", "one\ntwo\n"),
        (&["-k", "-a", "-", "echo"], "x\n", "x\n"),
        (
            &["-k", "echo {.} {/} {//} {/.} {#}", ":::", "d/a.tar.gz", "b"],
            "",
            "d/a.tar a.tar.gz d a.tar 1\nb b . b 2\n",
        ),
        (&["echo x | cat -", ":::", "list"], "", "x\none\ntwo\n"),
        (&["x={}; cat <<END\n<$x>\nEND\n", ":::", "a $b"], "", "<a $b>\n"),
        (&["cat <<END\n<{}>\nEND\n", ":::", "a $b"], "", "<a $b>\n"),
        (&["cat <<END\n{}\necho run\nEND\n", ":::", "END"], "", "END\necho run\n"),
        (&["--dry-run", "cat <<END\n{} '{}'\nEND\n", ":::", "a $b"], "", "cat <<END\na \\$b 'a \\$b'\nEND\n\n"),
        (&["-j1", "echo", "{%}", ":::", "a", "b"], "", "1\n1\n"),
        (&["-k", "echo {} {#}.$GANGER_TASK", ":::", "a", "b c"], "", "a 1.1\nb c 2.2\n"),
        (&["-j1", "sh", "-c", "echo $GANGER_TASK $GANGER_SLOT $GANGER_ATTEMPT", ":::", "a", "b"], "", "1 1 1\n2 1 1\n"),
        (&["-k", "-j2", "echo $(({} * 2))"], "1\n2\n3\n", "2\n4\n6\n"),
        (&["echo", "-n", ":::", "a"], "", "a"),
        (&["-j", "1", "echo", "-j", ":::", "-k"], "", "-j -k\n"),
        (&["-P1", "echo", ":::", "a"], "", "a\n"),
        (&["-j50%", "echo", ":::", "a"], "", "a\n"),
        (&["-j+1", "echo", ":::", "a"], "", "a\n"),
        (&["echo"], "", ""),
        (&["cat", ":::", "-"], "not for the command", ""),
        (&["-k", "awk", "{print $2}", "{}", ":::", "table"], "", "2\n4\n"),
        (&["--wd", "tmp", "sh", "-c", "basename \"$(pwd)\" #", ":::", "x"], "", "tmp\n"),
    ];
    let sandbox = Sandbox::new();
    sandbox.write("list", "one\ntwo\n");
    sandbox.write("table", "1 2\n3 4\n");
    for (args, stdin, stdout) in table {
        println!("{args:?}");
        sandbox.run(args).stdin(stdin).done().printed(stdout);
    }
}

#[test]
fn inputs_that_are_no_text_simply_work() {
    let sandbox = Sandbox::new();
    let odd = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let touch = ["touch".into(), "--".into(), "{}".into(), ":::".into(), odd(b"\xff\xfe x"), odd(b"new\nline")];
    sandbox.run(touch).done().printed("");
    assert!(sandbox.path("new\nline").exists());
    sandbox
        .script("ls | od -An -c | grep -q '377 376' && printf '%s\\0' * | $GANGER run -0 'test -e {}'")
        .done()
        .printed("");
}

#[test]
fn a_dry_run_runs_nothing() {
    let sandbox = Sandbox::new();
    sandbox
        .run(["--dry-run", "touch {}; echo '{/.}'", ":::", "a b", "c/d.e"])
        .done()
        .printed("touch 'a b'; echo 'a b'\ntouch c/d.e; echo 'd'\n");
    assert!(!sandbox.path("a b").exists());
    sandbox.run(["--dry-run", "touch", "x y", "{%}"]).stdin("a\n").done().printed("touch 'x y' 1\n");
}

#[test]
fn a_script_may_unset_what_it_likes() {
    let sandbox = Sandbox::new();
    sandbox.run(["unset GANGER_INPUT; echo {}", ":::", "a b"]).done().printed("a b\n");
}

#[test]
fn shuffled_inputs_are_all_there() {
    let inputs: Vec<String> = (100..300).map(|n| n.to_string()).collect();
    let done = Sandbox::new().run(["-k", "--shuf", "echo"]).stdin(inputs.join("\n")).done();
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert_ne!(lines, inputs);
    assert_eq!(sorted(&done.stdout), inputs);
}

#[test]
fn mistakes_are_told_before_anything_runs() {
    // Arguments, and what the error names.
    let table: [(&[&str], &str); 28] = [
        (&[" ", ":::", "a"], "no command"),
        (&["echo {..}", ":::", "a"], "unknown replacement string {..}"),
        (&["echo", "{2}", ":::", "a"], "there is one list of inputs"),
        (&["echo", "{3}", ":::", "a", ":::", "b"], "a command has 2 arguments"),
        (&["echo", "{= $_++ =}", ":::", "a"], "Perl is not run"),
        (&["echo {foo}", ":::", "a"], "write \\{foo}"),
        (&["-a", "absent", "echo"], "absent: No such file"),
        (&["-a", ".", "echo"], "inputs from ."),
        (&["-a", "-", "echo", "::::", "-"], "one list of inputs, not two"),
        (&["echo", "::::", "script", "absent", "script"], "absent: No such file"),
        (&["-j0", "echo", ":::", "a"], "zero jobs"),
        (&["-jx", "echo", ":::", "a"], "50%"),
        (&["--colsep", "(", "echo", ":::", "a"], "no regular expression"),
        (&["-j", "1000000", "echo", ":::", "a"], "at most 100000"),
        (&["no-such-program", ":::", "a"], "no-such-program is in no directory of PATH"),
        (&["./absent", ":::", "a"], "no such program: ./absent"),
        (&["./script", ":::", "a"], "chmod +x"),
        (&["/dev", ":::", "a"], "/dev is a directory, not a program"),
        (&["/dev/null", ":::", "a"], "/dev/null is a device, not a program"),
        (&["--wd", "absent", "echo", ":::", "a"], "--wd absent"),
        (&["--timeout", "0", "echo", ":::", "a"], "no limit"),
        (&["--halt", "soon,fails=1", "echo", ":::", "a"], "soon,fail=1"),
        (&["--timeout", "-5", "echo", ":::", "a"], "cannot be negative"),
        (&["--delay", "-5", "echo", ":::", "a"], "cannot be negative"),
        (&["--halt", "now,fail=0", "echo", ":::", "a"], "1 or more"),
        (&["--halt", "now,fail=200%", "echo", ":::", "a"], "at most 100%"),
        (&["--retries", "x", "echo", ":::", "a"], "how often a command is tried in all"),
        (&["-u", "-k", "echo", ":::", "a"], "--keep-order"),
    ];
    let sandbox = Sandbox::new();
    sandbox.write("script", "#!/bin/sh\n");
    sandbox.refuses(&table);
}

#[test]
fn inputs_that_a_shell_runs_are_warned_of_once() {
    let sandbox = Sandbox::new();
    for command in [
        &["sh", "-c", "echo {}"][..],
        &["sh -c 'echo {}'"],
        &["eval \"echo {}\""],
        &["trap \"echo {}\" EXIT"],
        &["echo \"echo {}\" | sh"],
        &["sh <<E\necho {}\nE"],
    ] {
        println!("{command:?}");
        let done = sandbox.run(["-k"].iter().chain(command).chain(&[":::", "$(echo run)", "b"])).done();
        assert_eq!((done.code(), done.stdout.as_str()), (0, "run\nb\n"));
        assert_eq!(done.stderr.matches("warning: inputs are run as code").count(), 1, "{done:#?}");
    }
    // What the warning advises, and what is meant.
    sandbox.run(["sh", "-c", "echo \"$1\"", "sh", "{}", ":::", "$(echo run)"]).done().printed("$(echo run)\n");
    sandbox.run(["-k", "sh", "-c", "{}", ":::", "echo a", "echo b"]).done().printed("a\nb\n");
}

#[test]
fn an_input_that_cannot_be_an_argument_is_told_when_the_rest_is_done() {
    let done = Sandbox::new().run(["-k", "echo"]).stdin("a\nb\0c\nd\n").done();
    done.told(255, "input 2 of standard input has a NUL");
    assert_eq!(done.stdout, "a\n");
}

#[test]
fn the_exit_status_counts_failures() {
    let sandbox = Sandbox::new();
    for (count, code) in [(0, 0), (3, 3), (100, 100), (101, 101), (130, 101)] {
        let stdin = "1\n".repeat(count) + "0\n";
        let done = sandbox.run(["exit {};"]).stdin(stdin).done();
        assert_eq!(done.code(), code, "{done:#?}");
        let told = done.stderr.lines().filter(|line| line.contains("(\"1\") failed: exit code 1")).count();
        assert_eq!(told, count);
        assert_eq!(done.stderr.contains(&format!("{count} of {} commands failed", count + 1)), count > 0);
    }
}

#[test]
fn how_a_command_failed_is_told() {
    let sandbox = Sandbox::new();
    sandbox.run(["kill -9 $$;", ":::", "a"]).done().told(1, "input 1 (\"a\") failed: signal 9 (SIGKILL)");
    sandbox.run(["--timeout", "100ms", "sleep", ":::", "77"]).done().told(1, "ran for longer than 100ms");
    sandbox.run(["{}", ":::", "./absent"]).done().told(1, "./absent");
    sandbox.run(["nosuch {}", ":::", "a"]).done().told(1, "nosuch: not found");
}

#[test]
fn failures_are_tried_again() {
    let sandbox = Sandbox::new();
    let count = "echo x >> tries; test $(wc -l < tries) -ge {} && echo done";
    sandbox.run(["--retries", "3", count, ":::", "3"]).done().printed("done\n");
    sandbox.write("tries", "");
    let done = sandbox.run(["--retries", "3", count, ":::", "4"]).done();
    done.told(1, "exit code 1 (after 3 attempts)");
    sandbox.write("tries", "");
    sandbox.run(["--retries", "0", count, ":::", "2"]).done().told(1, "failed: exit code 1\n");
}

#[test]
fn halts_end_a_run() {
    let sandbox = Sandbox::new();
    let soon = sandbox.run(["-j1", "--halt", "soon,fail=1", "echo {}; exit {}", ":::", "0", "1", "0"]).done();
    soon.told(1, "--halt soon,fail=1: no more are started");
    assert_eq!(soon.stdout, "0\n1\n");
    let script = "touch began-{}; until test -e began-1 -a -e began-2; do sleep 0.01; done; test {} = 1 && sleep 1000";
    sandbox.run(["-j2", "--halt", "now,fail=1", script, ":::", "1", "2"]).done().told(1, "1 stopped");
    // The one that succeeds does so when the other has begun.
    let script = "test {} = 2 && touch slow && sleep 1000; until test -e slow; do sleep 0.01; done";
    let first = ["-j2", "--halt", "now,success=1", script, ":::", "1", "2"];
    sandbox.run(first).done().told(0, "1 succeeded, 0 failed, 1 stopped");
    sandbox.run(["-j1", "--halt", "soon,done=50%", "true", ":::", "1", "2", "3", "4"]).done().told(0, "2 succeeded");
}

#[test]
fn slots_are_numbered_up_to_the_jobs() {
    let done = Sandbox::new().run(["-j2", "-k", "echo {%}"]).stdin("x\n".repeat(50)).done();
    assert!(done.stdout.lines().all(|slot| slot == "1" || slot == "2"), "{done:#?}");
    assert_eq!(done.stdout.lines().count(), 50);
}
