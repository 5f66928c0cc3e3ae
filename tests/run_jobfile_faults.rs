//! What can be wrong with a job file: told with its place, before anything runs.

use crate::sandbox::Sandbox;

const GOOD: &str = "[[job]]\nname = 'good'\ncommand = 'touch ran'\n";

#[test]
fn mistakes_are_told_with_line_and_column() {
    let sandbox = Sandbox::new();
    // What follows a good job, and what is told. The next line is the fourth.
    let table = [
        ("[[job]]\nname = 'a'\n", "4:1: this job has no command"),
        ("[[job]]\ncommand = 'true'\n", "4:1: this job has no name"),
        ("[[job]]\nname = 'a'\ncomand = 'true'\n", "6:1: there is no `comand`; is `command` meant?"),
        ("[[job]]\nname = 'a'\ncommand = 'true'\nretrys = 3\n", "7:1: there is no `retrys`; is `retries` meant?"),
        ("[[job]]\nname = 'a'\ncommand = 'true'\nbar = true\n", "7:1: there is no `bar`"),
        ("[[jobs]]\nname = 'a'\n", "4:3: there is no `jobs` in a job file, only [[job]]"),
        ("[[job]]\nname = 'good'\ncommand = 'true'\n", "5:1: there is a job `good` already"),
        ("[[job]]\nname = 'a b'\ncommand = 'true'\n", "5:8: a name has letters"),
        ("[[job]]\nname = 7\ncommand = 'true'\n", "5:8: it is an integer, and must be a string in quotes"),
        ("[[job]]\nname = 'a'\ncommand = ''\n", "6:11: there is nothing in it to run"),
        ("[[job]]\nname = 'a'\ncommand = ['true', true]\n", "6:20: it is a boolean, and must be a string or a number"),
        ("[[job]]\nname = 'a'\ncommand = 'echo {'\ninputs = 'x'\n", "7:10: it is a string, and must be an array"),
        ("[[job]]\nname = 'a'\ncommand = 'true'\narray = '9-1'\n", "7:9: `9-1` is no part of an array"),
        ("[[job]]\nname = 'a'\ncommand = 'true'\narray = '1-2'\ninputs = []\n", "8:1: a job has one of inputs"),
        (
            "[[job]]\nname = 'a'\ncommand = 'true'\nafter = ['goood']\n",
            "7:10: there is no job `goood` to wait for; is `good`",
        ),
        (
            "[[job]]\nname = 'a'\ncommand = 'true'\non_failure = 'stop'\n",
            "7:14: it is \"skip\" (the default) or \"run\"",
        ),
        ("[[job]]\nname = 'a'\ncommand = 'true'\ntimeout = 'soon'\n", "7:11: invalid value 'soon' for '--timeout"),
        ("[[job]]\nname = 'a'\ncommand = 'true'\njobs = 0\n", "7:8: with zero jobs nothing would ever run"),
        ("[[job]]\nname = 'a'\ncommand = 'true'\nenvironment = { 'A=B' = 1 }\n", "7:17: no variable can be called so"),
        (
            "[[job]]\nname = 'a'\ncommand = 'true'\nenvironment = { __GANGER_INPUT = 1 }\n",
            "7:17: inputs are handed over in variables of such names",
        ),
        ("[[job]]\nname = 'a'\ncommand = 'true'\nnull = 'yes'\n", "7:8: it is a string, and must be true or false"),
        ("[[job]\n", "4:"),
        ("name = = 3\n", "4:8: "),
    ];
    for (text, told) in table {
        sandbox.write("jobs.toml", format!("{GOOD}{text}"));
        let done = sandbox.run(["--file", "jobs.toml"]).done();
        done.told(255, &format!("jobs.toml:{told}"));
        assert!(!sandbox.path("ran").exists(), "{text}");
    }
}

#[test]
fn a_circle_is_told_in_its_order() {
    let sandbox = Sandbox::new();
    let job =
        |name: &str, after: &str| format!("[[job]]\nname = '{name}'\ncommand = 'touch ran'\nafter = ['{after}']\n");
    sandbox.write("jobs.toml", [GOOD, &job("a", "c"), &job("b", "a"), &job("c", "b"), &job("d", "a")].concat());
    let done = sandbox.run(["--file", "jobs.toml"]).done();
    done.told(255, "jobs.toml:7:10: none of these could ever begin, as each waits for the next: a → c → b → a");
    assert!(!sandbox.path("ran").exists());

    sandbox.write("jobs.toml", job("a", "a"));
    sandbox.run(["--file", "jobs.toml"]).done().told(255, "a → a");
}

#[test]
fn what_cannot_be_done_is_told_with_its_job() {
    let sandbox = Sandbox::new();
    let table = [
        ("command = ['no-such-program']\n", "job a: no such program"),
        ("command = 'echo {0}'\n", "job a: unknown replacement string {0}"),
        ("command = 'echo {.}'\n", "job a: its command has a replacement string, and nothing stands there"),
        ("command = 'true'\ndirectory = 'nowhere'\n", "job a: --wd nowhere"),
        ("command = 'true'\ninputs_from = 'nothing'\n", "job a: failed to read the inputs from nothing"),
        ("command = 'true'\ninputs = []\nmax_args = 1\nmax_lines = 2\n", "job a: the argument"),
    ];
    for (text, told) in table {
        sandbox.write("jobs.toml", format!("{GOOD}[[job]]\nname = 'a'\n{text}"));
        sandbox.run(["--file", "jobs.toml"]).done().told(255, told);
        assert!(!sandbox.path("ran").exists(), "{text}");
    }
    sandbox.run(["--file", "nowhere.toml"]).done().told(255, "nowhere.toml: No such file");
    sandbox.write("jobs.toml", "");
    sandbox.run(["--file", "jobs.toml"]).done().told(255, "there is no [[job]] in it");
    sandbox.write("jobs.toml", b"name = '\xff'");
    sandbox.run(["--file", "jobs.toml"]).done().told(255, "not UTF-8");
    sandbox.run(["--file", "jobs.toml", "echo"]).done().told(255, "cannot be used with");
}
