//! `ganger run --worker` with a program in Rust: this very test program, which has a function that answers lines.

use std::path::PathBuf;

use crate::sandbox::{Cmd, Sandbox};

/// What each test needs of it, by its input.
#[ganger::worker]
fn answer(input: ganger::Input<'_>) -> Result<Vec<u8>, String> {
    let text = input.text()?;
    let line = |text: String| Ok(format!("{text}\n").into_bytes());
    match text.split_once(' ').unwrap_or((text, "")) {
        ("fail", why) => Err(why.to_owned()),
        ("panic", why) => panic!("{why}"),
        ("exit", code) => std::process::exit(code.parse().map_err(|_| "no code")?),
        ("bytes", _) => Ok(b"\xff\0".to_vec()),
        ("where", _) => {
            let dir = std::env::current_dir().map_err(|e| e.to_string())?;
            let args: Vec<_> = std::env::args().skip(1).collect();
            line(format!("{} {}", dir.display(), args.join(" ")))
        }
        _ => line(format!("{} {text}", input.number())),
    }
}

fn this() -> PathBuf {
    std::env::current_exe().expect("this program")
}

fn run<'a>(sandbox: &'a Sandbox, flags: &[&str], inputs: &[&str]) -> Cmd<'a> {
    sandbox.run(["-k", "-j2"]).args(flags).arg("--worker").arg(this()).arg(":::").args(inputs)
}

#[test]
fn it_answers_as_any_worker_does() {
    let sandbox = Sandbox::new();
    run(&sandbox, &[], &["a", "b", "ä"]).done().printed("1 a\n2 b\n3 ä\n");
    run(&sandbox, &["--tag"], &["a"]).done().printed("a\t1 a\n");
    let many: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
    let numbered: String = (1..=20_000).map(|n| format!("{n} {n}\n")).collect();
    sandbox.run(["-k", "-j2", "--worker"]).arg(this()).stdin(many).done().printed(&numbered);
}

#[test]
fn its_errors_and_its_deaths_are_told() {
    let sandbox = Sandbox::new();
    let done = run(&sandbox, &[], &["a", "fail not this", "b"]).done();
    done.told(1, "input 2 (\"fail not this\") failed: not this\n");
    assert_eq!(done.stdout, "1 a\n3 b\n");
    run(&sandbox, &[], &["panic at this"]).done().told(1, "at this");
    let died = run(&sandbox, &[], &["a", "exit 7", "b"]).done();
    died.told(1, "input 2 (\"exit 7\") failed: its worker died: exit code 7; exit code 7; exit code 7");
    assert_eq!(died.stdout, "1 a\n3 b\n");
}

#[test]
fn it_has_its_arguments_and_its_directory() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("there")).expect("a directory");
    let there = sandbox.path("there").canonicalize().expect("a path");
    let done = sandbox.run(["--wd", "there", "--worker"]).arg(this()).args(["--fast", "x", ":::", "where"]).done();
    done.printed(&format!("{} --fast x\n", there.display()));
}

#[test]
fn it_is_not_known_by_its_name() {
    let sandbox = Sandbox::new();
    std::fs::copy(this(), sandbox.path("some-file")).expect("a copy");
    sandbox.run(["--worker", "./some-file", ":::", "a"]).done().printed("1 a\n");
}

#[test]
fn one_without_such_a_function_is_fed_lines_and_that_is_said() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(["--worker", crate::sandbox::GANGER, "--version", ":::", "1"]).done();
    assert!(done.stderr.contains("no function in it has #[ganger::worker]"), "{done:#?}");
}
