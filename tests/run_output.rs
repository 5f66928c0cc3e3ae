//! `ganger run`: what becomes of what commands print.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::sandbox::{Sandbox, sorted, waited};

#[test]
fn output_is_grouped_and_streams_stay_apart() {
    let sandbox = Sandbox::new();
    let script = "echo {}1; echo e{}1 >&2; echo {}2; echo e{}2 >&2";
    let done = sandbox.run(["-j2", "-k", script, ":::", "a", "b"]).done();
    assert_eq!((done.code(), done.stdout.as_str()), (0, "a1\na2\nb1\nb2\n"));
    assert_eq!(done.stderr, "ea1\nea2\neb1\neb2\n");
    let both = sandbox.script("$GANGER run -k 'echo err >&2; echo {}' ::: a b 2>&1").done();
    both.printed("a\nerr\nb\nerr\n");
}

#[test]
fn the_order_of_the_inputs_is_kept_when_asked() {
    let sandbox = Sandbox::new();
    let after = |condition: &str| {
        format!("test {{}} = 1 && until {condition}; do sleep 0.01; done; echo {{}}; touch done-{{}}")
    };
    sandbox.run(["-j2", "-k", &after("test -e done-2"), ":::", "1", "2"]).done().printed("1\n2\n");
    // Not when the second has ended, but when ganger has printed it.
    let run = format!("$GANGER run -j2 '{}' ::: 1 2 > printed; cat printed", after("grep -q 2 printed"));
    sandbox.script(&run).done().printed("2\n1\n");
}

#[test]
fn lines_are_tagged() {
    let sandbox = Sandbox::new();
    sandbox
        .run(["-k", "--tag", "printf 'x\\n\\ny'; :", ":::", "a b", "c"])
        .done()
        .printed("a b\tx\na b\t\na b\tyc\tx\nc\t\nc\ty");
    let done = sandbox.run(["--lb", "--tag", "echo x;echo y;:", ":::", "a", "b"]).done();
    assert_eq!(sorted(&done.stdout), ["a\tx", "a\ty", "b\tx", "b\ty"]);
}

#[test]
fn bytes_come_through_unchanged() {
    let sandbox = Sandbox::new();
    let bytes: Vec<u8> = (0..1_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    sandbox.write("bytes", &bytes);
    for options in ["", "-k", "--lb", "-k --lb", "-u"] {
        println!("{options}");
        sandbox.script(&format!("$GANGER run -j1 {options} cat ::: bytes bytes | cmp - both")).done().told(2, "both");
        sandbox.write("both", [&bytes[..], &bytes].concat());
        sandbox.script(&format!("$GANGER run -j1 {options} cat ::: bytes bytes | cmp - both")).done().printed("");
        std::fs::remove_file(sandbox.path("both")).expect("it is there");
    }
}

#[test]
fn lines_are_passed_on_as_they_come() {
    let sandbox = Sandbox::new();
    let script = "echo first; until test -e go; do sleep 0.01; done; echo {}";
    let mut cmd = sandbox.run(["--lb", script, ":::", "last"]);
    let mut child = cmd.command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("first"));
    sandbox.write("go", "");
    assert_eq!(lines.next().as_deref(), Some("last"));
    assert!(waited(&mut child).success());
}

#[test]
fn a_command_starts_when_its_input_comes() {
    let sandbox = Sandbox::new();
    let mut cmd = sandbox.run(["echo"]);
    let command = cmd.command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    for input in ["a", "b", "c"] {
        writeln!(stdin, "{input}").expect("it reads");
        assert_eq!(lines.next().as_deref(), Some(input));
    }
    drop(stdin);
    assert_eq!(lines.next(), None);
    assert!(waited(&mut child).success());
}

#[test]
fn what_a_failed_attempt_printed_is_void() {
    let sandbox = Sandbox::new();
    let script = "echo try; test -e again || { touch again; exit 1; }; echo {}";
    sandbox.run(["--retries", "2", script, ":::", "done"]).done().printed("try\ndone\n");
}

#[test]
fn an_endless_list_streams_and_a_closed_output_ends_it_quietly() {
    let sandbox = Sandbox::new();
    for options in ["", "-k", "--lb", "--dry-run"] {
        println!("{options}");
        let script = format!("{{ yes | $GANGER run {options} echo; echo status $? >&2; }} | head -n 3");
        let done = sandbox.script(&script).done();
        assert_eq!(done.stderr, "status 141\n", "{done:#?}");
        assert_eq!(done.stdout.lines().count(), 3);
    }
}

/// The most memory that the supervisor had resident, in KiB, while it kept 20 outputs of 30 MB in order.
#[test]
fn large_output_that_waits_does_not_wait_in_memory() {
    let sandbox = Sandbox::new();
    let command = "test {} = 1 && until test -e late; do sleep 0.05; done; test {} = 12 && touch late; \
                   head -c 30000000 /dev/zero | tr '\\0' x";
    let done = sandbox
        .script(&format!(
            "seq 20 > list; $GANGER run -k -j2 -a list \"{}\" | wc -c & wait; ls tmp",
            command.replace('"', "\\\"")
        ))
        .start();
    let mut most = 0;
    crate::sandbox::eventually("it has run", || {
        most = most.max(sandbox.processes().into_iter().filter_map(supervisor_peak).max().unwrap_or(0));
        sandbox.path("late").exists() && sandbox.processes().is_empty()
    });
    done.done().printed("600000000\n");
    assert!(most > 0 && most < 40 << 10, "{most} KiB");
}

/// The peak of a process's resident memory, if it is a `ganger`.
fn supervisor_peak(pid: i32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    field("Name:").filter(|name| *name == "ganger")?;
    field("VmHWM:")?.strip_suffix("kB")?.trim().parse().ok()
}
