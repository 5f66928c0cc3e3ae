//! `ganger run`: lists of inputs, how they get into commands, and what is told where they cannot.

use crate::sandbox::{Sandbox, sorted};

#[test]
fn without_a_command_the_inputs_are_commands() {
    let sandbox = Sandbox::new();
    sandbox.run(["-k"]).stdin("echo a b\necho $((1 + 2)) | cat\n").done().printed("a b\n3\n");
    sandbox.run(["-k", ":::", "echo a", "exit 3"]).done().told(1, "input 2 (\"exit 3\") failed: exit code 3");
    sandbox.run(["--dry-run", ":::", "echo {}; ls"]).done().printed("echo {}; ls\n");
    // With a command they are not, in whatever place they stand.
    for command in
        [&["echo", "{2}{1}"][..], &["echo {2}{1};"], &["echo \"{2}\"'{1}'"], &["-N2", "echo {} | sed 's/ //'"]]
    {
        let lists: &[&str] = if command[0] == "-N2" { &[":::", "$(", "id)"] } else { &[":::", "id)", ":::", "$("] };
        println!("{command:?}");
        sandbox.run(command.iter().chain(lists)).done().printed("$(id)\n");
    }
}

#[test]
fn what_a_command_finds_in_its_environment() {
    let sandbox = Sandbox::new();
    let script = "echo $PARALLEL_SEQ $PARALLEL_JOBSLOT $GANGER_TASK $GANGER_SLOT {}";
    sandbox.run(["-j1", "-k", script, ":::", "a", "b"]).done().printed("1 1 1 1 a\n2 1 2 1 b\n");
}

#[test]
fn commands_that_start_are_told_as_one_would_type_them() {
    let done = Sandbox::new().run(["-k", "-t", "echo", "{1}", "{#}", ":::", "a b", "c"]).done();
    assert_eq!((done.code(), done.stdout.as_str()), (0, "a b 1\nc 2\n"));
    assert_eq!(sorted(&done.stderr), ["echo 'a b' 1", "echo c 2"]);
}

#[test]
fn the_last_of_equal_options_counts() {
    let sandbox = Sandbox::new();
    sandbox.write("list", "a b\n");
    sandbox.run(["-k", "-k", "-j3", "-j1", "-C,", "-C", " ", "echo {2} {%}", "::::", "list"]).done().printed("b 1\n");
    sandbox.run(["-a", "list", "-a", "list", "echo"]).done().printed("a b a b\n");
}

#[test]
fn output_is_tagged_by_a_template() {
    let sandbox = Sandbox::new();
    let tag = ["-k", "--tagstring", "{2}/{#}", "echo", "{1}", ":::", "a", ":::", "x", "y"];
    sandbox.run(tag).done().printed("x/1\ta\ny/2\ta\n");
    sandbox.run(["--tagstring", "{%}", "echo", ":::", "a"]).done().told(255, "a tag has no {%}");
}

#[test]
fn mistakes_in_the_grammar_are_told_before_anything_runs() {
    let table: [(&[&str], &str); 17] = [
        (&["--header", ":", "echo", "{y}", ":::", "x", "1"], "the names are {x}"),
        (&["--header", "2", "echo", ":::", "a"], "--header :"),
        (
            &["--header", ":", "--csv", "echo", "{a}", ":::", "a,a,b", "1,2,3"],
            "{a}: the header has that name more than",
        ),
        (&["--header", ":", "echo {b} '{a.}'", ":::", "a", "1", ":::", "b", "2", ":::", "a", "3"], "number: {1} {3}"),
        (&["--header", ":", "--plus", "echo", "{a:-x}", ":::", "a", "1", ":::", "a", "3"], "number: {1} {2}"),
        (&["--header", ":", "--tagstring", "{a}", "echo", ":::", "a", "1", ":::", "a", "3"], "number: {1} {2}"),
        (&["--csv", "--colsep", "ab", "echo", ":::", "a"], "the separator is one character"),
        (&["-d", "ab", "echo", ":::", "a"], "it is one character"),
        (&["--trim", "x", "echo", ":::", "a"], "r (right)"),
        (&["-n", "2", "-N", "3", "echo", ":::", "a"], "cannot be used with"),
        (&["-N2", "echo", "{3}", ":::", "a", "b"], "a command has 2 arguments"),
        (&["-s", "1000000", "echo", ":::", "a"], "at most 131008"),
        (&["echo", "{..}", ":::", "a"], "--plus"),
        (&["-j", "./absent", "echo", ":::", "a"], "-j ./absent: No such file"),
        (&["-j", "./list", "echo", ":::", "a"], "-j ./list: it is a number"),
        (&["echo", ":::", "a", "::::", "list", "/proc/self/mem", "list"], "/proc/self/mem: Input/output error"),
        (&["{= s/x// =}", ":::", "a"], "let the command's shell compute it"),
    ];
    let sandbox = Sandbox::new();
    sandbox.write("list", "x\n");
    sandbox.refuses(&table);
}

#[test]
fn what_was_handed_out_before_a_list_broke_off_is_finished() {
    let sandbox = Sandbox::new();
    sandbox.write("list", "a\nb\n\0\nc\n");
    let done = sandbox.run(["-k", "echo", "::::", "list", ":::", "1", "2"]).done();
    done.told(255, "input 3 of list has a NUL in it");
    assert_eq!(done.stdout, "a 1\na 2\nb 1\nb 2\n");
    let packed = sandbox.run(["-N9", "echo", "::::", "list"]).done();
    packed.told(255, "input 3 of list has a NUL in it");
    assert_eq!(packed.stdout, "a b\n");
}

#[test]
fn long_command_lines_are_split_or_told() {
    let sandbox = Sandbox::new();
    let inputs: String = (0..150_000).map(|number| format!("input {number}\n")).collect();
    // More than two million bytes: no command could have them all. In a shell, each is handed over in a variable.
    for command in ["-X printf '%s\\n' {}", "-m 'printf \"%s\\n\" {}'", "-n 100000 printf '%s\\n'"] {
        println!("{command}");
        let script = sandbox.script(&format!("$GANGER run -k -j1 {command} | cmp - list"));
        sandbox.write("list", &inputs);
        script.stdin(&*inputs).done().printed("");
    }
    sandbox.run(["-x", "-n", "100000", "true"]).stdin(&*inputs).done().told(255, "fewer inputs for a command (-n)");
    sandbox.run(["echo"]).stdin("x".repeat(1_000_000)).done().told(255, "longer than 131008 bytes");
    sandbox.write("long", "x".repeat(130_000));
    let lists = std::iter::once("::::").chain(std::iter::repeat_n("long", 20));
    sandbox.run(["true"].into_iter().chain(lists)).done().told(1, "arguments and environment are too large together");
}

#[test]
fn the_first_list_may_be_endless() {
    let sandbox = Sandbox::new();
    sandbox.script("yes | $GANGER run -k echo {1}-{2} :::: - ::: a b | head -n 3").done().printed("y-a\ny-b\ny-a\n");
    let linked = "yes | $GANGER run -k --link echo :::: - ::: a b | head -n 3";
    sandbox.script(linked).done().printed("y a\ny b\ny a\n");
    let first = "(echo a; until test -e seen; do sleep 0.01; done) | $GANGER run 'echo {} && touch seen' :::: - ::: x";
    sandbox.script(first).done().printed("a x\n");
}

#[test]
fn halts_by_percent_count_commands_not_inputs() {
    let sandbox = Sandbox::new();
    let halted = sandbox.run(["-j1", "--halt", "soon,done=50%", "echo", ":::", "a", "b", ":::", "1", "2"]).done();
    halted.told(0, "2 succeeded");
    let packed = sandbox.run(["-j1", "-n2", "--halt", "soon,done=50%", "echo"]).stdin("1\n2\n3\n4\n5\n6\n7\n").done();
    packed.told(0, "2 succeeded");
}

#[test]
fn what_failed_is_run_again_with_all_its_arguments() {
    let sandbox = Sandbox::new();
    let commands: [&[&str]; 3] = [
        &["echo {2} {1}; exit {1}", ":::", "0", "1", ":::", "a", "b c"],
        &["--header", ":", "echo {y} {x}; exit {x}", ":::", "x", "0", "1", ":::", "y", "a", "b c"],
        &["-N2", "echo {2} {1}; exit {1}", ":::", "0", "a", "0", "b c", "1", "a", "1", "b c"],
    ];
    for (at, command) in commands.iter().enumerate() {
        println!("{command:?}");
        let store = format!("store{at}");
        sandbox.run(["-k", "--store", &store].iter().chain(*command)).done().told(2, "2 of 4 commands failed");
        let again = sandbox.run(["-k", "--store", &store, "--retry-failed"]).done();
        again.told(2, "2 of 2 commands failed");
        assert_eq!(again.stdout, "a 1\nb c 1\n");
    }
}
