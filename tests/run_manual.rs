//! Examples of GNU parallel's manual, as they stand in `run_manual.txt`: each is typed into bash with `ganger run` in
//! the place of `parallel`, and prints what the manual says.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{GANGER, Sandbox};

const EXAMPLES: &str = include_str!("run_manual.txt");

/// Programs of the examples that print how they were called.
const STAND_INS: [&str; 15] = [
    "apt-file",
    "cmd",
    "convert",
    "curl",
    "do_something",
    "do_step1",
    "do_step2",
    "host",
    "lame",
    "my_command",
    "ping",
    "rsync",
    "traceroute",
    "unzip",
    "wget",
];

/// One of them.
#[derive(Default)]
struct Example {
    title: String,
    beforehand: String,
    command: String,
    printed: String,
    remarks: Vec<String>,
}

/// Those of a section.
fn section(name: &str) -> Vec<Example> {
    let heading = format!("\n[{name}]\n");
    let (_, rest) = EXAMPLES.split_once(&heading).expect("the section");
    let section = rest.split("\n[").next().unwrap_or_default();
    section.split("\n== ").skip(1).map(example).collect()
}

fn example(text: &str) -> Example {
    let mut lines = text.lines();
    let mut example = Example { title: lines.next().unwrap_or_default().to_owned(), ..Example::default() };
    for line in lines.filter(|line| !line.is_empty()) {
        let content = line.get(2..).unwrap_or_default();
        match line.as_bytes()[0] {
            b'%' => example.beforehand += &format!("{content}\n"),
            b'$' => example.command += &format!("{content}\n"),
            b'~' => example.remarks.push(content.to_owned()),
            b'|' if line == "|" => {}
            b'|' => example.printed += &format!("{content}\n"),
            _ => panic!("{text}: a line that begins with none of the marks: {line}"),
        }
    }
    example
}

/// Before each example.
const FILES: &str = r#"
printf 'A\nB\nC\n' > abc-file; printf 'D\nE\nF\n' > def-file; printf 'A\0B\0C\0' > abc0-file; printf 'A_B_C_' > abc_-file
printf 'f1\tf2\nA\tB\nC\tD\n' > tsv-file.tsv; seq 8 > num8; seq 30000 > num30000
"#;

/// Runs an example; what it prints.
fn printed(example: &Example) -> String {
    let sandbox = Sandbox::new();
    for dir in ["bin", "work"] {
        fs::create_dir(sandbox.path(dir)).expect("a directory");
    }
    let program = |name: &str, script: &str| {
        sandbox.write(name, script);
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(0o755)).expect("a file of ours");
    };
    // Other shells drop the functions of bash from the environment.
    program("bin/parallel", &format!("#!/bin/bash\nexec {GANGER} run \"$@\"\n"));
    for name in STAND_INS {
        program(&format!("bin/{name}"), "#!/bin/sh\necho \"${0##*/} $*\"\n");
    }
    // Only those of the tutorial have its files, so that others can look at all that is there.
    let files = if example.title.contains("tutorial") { FILES } else { "" };
    let (beforehand, command) = (&example.beforehand, &example.command);
    let script = format!("PATH=$PWD/bin:$PATH; cd work\n{files}\n{beforehand}\n{command}");
    let mut cmd = sandbox.cmd("bash");
    cmd.command.arg("-c").arg(script);
    let done = cmd.done();
    done.stdout + &done.stderr
}

/// In the order in which it must be.
fn ordered(example: &Example, text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    if !["-k ", "-j1 "].iter().any(|flag| example.command.contains(flag)) {
        lines.sort_unstable();
    }
    lines.join("\n")
}

/// Every `number`-th of them: the tests run side by side.
#[track_caller]
fn run(number: usize) {
    let (mut different, examples) = (String::new(), section("run"));
    for example in examples.iter().skip(number).step_by(4) {
        let (wanted, found) = (ordered(example, &example.printed), ordered(example, &printed(example)));
        if wanted != found {
            different += &format!("{}\n{}wanted:\n{wanted}\nfound:\n{found}\n\n", example.title, example.command);
        }
    }
    assert!(different.is_empty(), "\n{different}");
}

#[test]
fn the_manual_s_examples_run_1() {
    run(0);
}

#[test]
fn the_manual_s_examples_run_2() {
    run(1);
}

#[test]
fn the_manual_s_examples_run_3() {
    run(2);
}

#[test]
fn the_manual_s_examples_run_4() {
    run(3);
}

#[test]
fn what_is_different_has_a_reason() {
    let (run, different) = (section("run"), section("different"));
    assert!(run.len() >= 80, "{} examples", run.len());
    for Example { title, command, remarks, .. } in &different {
        assert!(!remarks.is_empty(), "{title}: {command}");
        let _ = writeln!(io::stdout(), "different: {title}\n  {}\n  {}", command.trim_end(), remarks.join("\n  "));
    }
}
