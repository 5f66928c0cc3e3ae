//! `ganger submit` reads commands and inputs as `ganger run` does: each row is run by both.

use crate::sandbox::{Done, Sandbox};
use crate::serve_verbs::ask;
use crate::service::Service;

/// What is typed, and what is on standard input, if anything is.
type Row = (Option<&'static str>, &'static [&'static str]);

const SAME: [Row; 30] = [
    (None, &["echo", ":::", "a b", "c"]),
    (None, &["echo", "{1}-{2}", ":::", "a", "b", ":::", "1", "2"]),
    (None, &["echo", "{2}{1}", ":::", "a", "b", ":::+", "1", "2"]),
    (None, &["--link", "echo", ":::", "a", "b", "c", ":::", "1", "2"]),
    (None, &["echo", "{#}:{}", "::::", "list"]),
    (None, &["-a", "list", "echo"]),
    (None, &["-a", "list", "-a", "list", "echo {2} {1}"]),
    (None, &["-a", "list", "echo", ":::", "1", "2"]),
    (None, &["--csv", "--header", ":", "-a", "table.csv", "echo", "{mail}: {name}"]),
    (None, &["-C", ",", "echo", "{2}", ":::", "a,b", "c,d"]),
    (None, &["--header", ":", "echo", "{h}", ":::", "h", "1"]),
    (None, &["-I", "X", "echo", "XX", ":::", "a"]),
    (None, &["-q", "echo", "$HOME {}", ":::", "a"]),
    (None, &["--plus", "echo", "{..} {+.}", ":::", "a/b.tar.gz"]),
    (None, &["false", ":::", "a", "b"]),
    (None, &["exit {}", ":::", "0", "3", "1"]),
    (None, &[":::", "echo a b", "exit 3"]),
    (Some("a\nb\n"), &["echo"]),
    (Some("a\nb\n"), &["echo got"]),
    (Some("a\nb\n"), &["echo", "-"]),
    (Some("a\nb\n"), &["-a", "-", "echo"]),
    (Some("p\nq\n"), &["echo {} | tr a-z A-Z"]),
    (Some("it's $(touch no)\n"), &["printf '%s\\n' \"{}\""]),
    (Some("a\nb\nc\n"), &["-n", "2", "echo"]),
    (Some("1\n2\n3\n4\n"), &["-N", "2", "echo", "{2} {1}"]),
    (Some("a b\nc\n"), &["-X", "echo"]),
    (Some("a/b.c\0"), &["-0", "echo", "{/.} {//}"]),
    (Some("a,b\n"), &["--csv", "echo", "{2}"]),
    (Some("echo one; echo two\nexit 2\n"), &[]),
    (Some("1\n\n2\nEND\n3\n"), &["-r", "-E", "END", "echo {}"]),
];

fn run(sandbox: &Sandbox, (stdin, words): Row) -> Done {
    let run = sandbox.run([&["-k"], words].concat());
    stdin.into_iter().fold(run, |run, stdin| run.stdin(stdin)).done()
}

fn submit(sandbox: &Sandbox, (stdin, words): Row) -> Done {
    let submit = ask(sandbox, "submit", &[&["--wait"], words].concat());
    stdin.into_iter().fold(submit, |submit, stdin| submit.stdin(stdin)).done()
}

#[test]
fn tasks_are_written_as_for_run() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    sandbox.write("list", "x\ny\n");
    sandbox.write("table.csv", "name,mail\n\"a, b\",c@d\n");
    for row in SAME {
        println!("{row:?}");
        let (here, there) = (run(&sandbox, row), submit(&sandbox, row));
        assert_eq!(here.code(), there.code(), "{here:#?} {there:#?}");
        let printed = ask(&sandbox, "logs", &[there.stdout.trim()]).done();
        assert_eq!(here.stdout, printed.stdout, "{there:#?}");
    }
    assert!(!sandbox.path("no").exists(), "an input was run");
    service.stop();
}

#[test]
fn mistakes_are_told_as_by_run() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let table: [Row; 6] = [
        (None, &["-N2", "echo", "{3}", ":::", "a", "b"]),
        (None, &["echo", "{..}", ":::", "a"]),
        (None, &["--header", ":", "echo", "{y}", ":::", "x", "1"]),
        (None, &["echo", "::::", "absent"]),
        (None, &["-d", "ab", "echo", ":::", "a"]),
        (None, &["  ", ":::", "a"]),
    ];
    for row in table {
        println!("{row:?}");
        let (here, there) = (run(&sandbox, row), submit(&sandbox, row));
        assert_eq!((here.code(), there.code()), (255, 255), "{here:#?} {there:#?}");
        assert_eq!(here.stderr.lines().next(), there.stderr.lines().next());
    }
    service.stop();
}

/// `run` asks for inputs, or has nothing to do: what it would do with none depends on what it was told of them.
#[test]
fn a_command_without_inputs_runs_once() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    for words in [&["echo", "hi"][..], &["echo hi"], &["-q", "echo", "hi"]] {
        let job = submit(&sandbox, (None, words));
        ask(&sandbox, "logs", &[job.stdout.trim()]).done().printed("hi\n");
    }
    // A list that is empty is one: nothing is done for none of its lines.
    for (stdin, words) in [(Some(""), &["echo"][..]), (Some(""), &[]), (None, &["echo", "{}"])] {
        run(&sandbox, (stdin, words)).printed("");
        submit(&sandbox, (stdin, words)).told(255, "there is no input, so no job was made");
    }
    service.stop();
}
