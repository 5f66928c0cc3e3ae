//! What each command printed, for programs to read: `--results`.

use std::fs;

use crate::sandbox::{Sandbox, sorted};

fn read(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn files_are_named_after_the_inputs() {
    let sandbox = Sandbox::new();
    let flags = ["-k", "--results", "d", "echo {}; echo err >&2", ":::", "a/b", "..", ":::", "2"];
    assert_eq!(sandbox.run(flags).done().stdout, "a/b 2\n.. 2\n");
    for (name, text) in [("stdout", "a/b 2\n"), ("stderr", "err\n"), ("seq", "1")] {
        assert_eq!(read(&sandbox, &format!(r"d/1/a\_b/2/2/{name}")), text);
    }
    assert_eq!(read(&sandbox, r"d/1/\../2/2/stdout"), ".. 2\n");
    let (one, other) = ("x".repeat(300) + "1", "x".repeat(300) + "2");
    sandbox.run(["--results", "long", "true", ":::", &one, &other]).done().printed("");
    assert_eq!(fs::read_dir(sandbox.path("long/1")).expect("a directory").count(), 2);
}

#[test]
fn a_text_with_replacement_strings_names_the_files() {
    let sandbox = Sandbox::new();
    sandbox.run(["--results", "out/{1}.txt", "echo", ":::", "a"]).done().printed("a\n");
    assert_eq!((read(&sandbox, "out/a.txt"), read(&sandbox, "out/a.txt.seq")), ("a\n".to_owned(), "1".to_owned()));
    sandbox.run(["--results", "dir{#}/", "echo", ":::", "a"]).done().printed("a\n");
    assert_eq!(read(&sandbox, "dir1/stdout"), "a\n");
    sandbox.run(["--header", ":", "--results", "h", "echo", ":::", "f1", "a"]).done().printed("a\n");
    assert_eq!(read(&sandbox, "h/f1/a/stdout"), "a\n");
    let piped = sandbox.run(["--pipe", "-N1", "-k", "--results", "p", "cat"]).stdin("a\nb\n").done();
    piped.printed("a\nb\n");
    assert_eq!(read(&sandbox, "p/1/2/stdout"), "b\n");
}

#[test]
fn only_the_last_attempt_counts() {
    let sandbox = Sandbox::new();
    let command = "echo $GANGER_ATTEMPT {}; [ $GANGER_ATTEMPT = 2 ]";
    for results in ["d", "x.csv"] {
        let done = sandbox.run(["--retries", "2", "--results", results, command, ":::", "a"]).done();
        assert_eq!(done.code(), 0, "{done:?}");
    }
    assert_eq!(read(&sandbox, "d/1/a/stdout"), "2 a\n");
    assert!(read(&sandbox, "x.csv").ends_with(",a,\"2 a\n\",\"\"\n"), "{}", read(&sandbox, "x.csv"));
}

#[test]
fn rows_are_whole() {
    let sandbox = Sandbox::new();
    let command = "printf '%s\\n\"q\"' {}; echo e >&2; exit {}";
    let done = sandbox.run(["--results", "-.json", command, ":::", "0", "3"]).done();
    assert_eq!(done.code(), 1);
    for line in sorted(&done.stdout) {
        for part in ["{ \"Seq\": ", "\"Host\": \":\", ", "\"V\": [ ", "\\n\\\"q\\\"\", \"Stderr\": \"e\\n\" }"] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    assert!(done.stdout.contains("\"Exitval\": 3, \"Signal\": 0"), "{done:?}");
    let csv = sandbox.run(["--results", "-.csv", "echo {}", ":::", "a,\"b"]).done().stdout;
    let (head, row) = csv.split_once('\n').expect("a header");
    assert_eq!(head, "Seq,Host,Starttime,JobRuntime,Send,Receive,Exitval,Signal,Command,V1,Stdout,Stderr");
    assert!(row.starts_with("1,:,") && row.ends_with(",\"a,\"\"b\",\"a,\"\"b\n\",\"\"\n"), "{row}");
}

#[test]
fn rows_are_added_to_by_a_resume() {
    let sandbox = Sandbox::new();
    let flags = ["--store", "s.db", "--resume", "--results", "x.tsv", "echo {}", ":::", "1", "2"];
    sandbox.run(&flags[..flags.len() - 1]).done().printed("");
    // Half a row, as of one that was killed.
    sandbox.write("x.tsv", read(&sandbox, "x.tsv") + "2\t:\t\"half\na");
    sandbox.run(flags).done().told(0, "left out");
    let rows = read(&sandbox, "x.tsv");
    assert_eq!(rows.matches("Seq").count(), 1);
    assert!(!rows.contains("half") && rows.contains("\t1\t\"1\n\"") && rows.contains("\t2\t\"2\n\""), "{rows}");
    sandbox.run(["--results", "x.tsv", "echo", ":::", "3"]).done().printed("");
    assert!(!read(&sandbox, "x.tsv").contains("\"2\n\""), "without --resume it begins anew");
}

#[test]
fn what_cannot_be_written_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "");
    sandbox.run(["--results", "file", "echo", ":::", "1"]).done().told(255, "file/1/1");
    sandbox.run(["--results", "nowhere/x.csv", "echo", ":::", "1"]).done().told(255, "nowhere/x.csv");
    let closed =
        sandbox.script("$GANGER run --results -.json 'seq 100000' ::: 1 2 3 | true; echo ${PIPESTATUS-}").done();
    assert_eq!((closed.code(), closed.stderr.as_str()), (0, ""));
}
