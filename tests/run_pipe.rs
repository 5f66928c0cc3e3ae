//! Inputs that commands read: `--pipe`, `--pipe-part`.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use crate::sandbox::{Sandbox, eventually};

/// The numbers up to `last`, a line each.
fn numbers(last: u32) -> String {
    (1..=last).map(|number| format!("{number}\n")).collect()
}

#[test]
fn blocks_are_whole_records() {
    let sandbox = Sandbox::new();
    let table: [(&str, &[&str], &str); 12] = [
        ("a\nb\nc\n", &["--block", "4", "tr '\\n' ,; echo"], "a,b,\nc,\n"),
        ("a\nb\nc", &["-N1", "tr '\\n' ,; echo"], "a,\nb,\nc\n"),
        ("", &["echo no"], ""),
        ("a long one\nb\n", &["--block", "3", "cat; echo ."], "a long one\n.\nb\n.\n"),
        ("a;b;;c", &["--recend", ";", "-N", "1", "cat; echo"], "a;\nb;\n;\nc\n"),
        (">a\n>b\n", &["--recstart", ">", "-N", "1", "cat; echo ."], ">a\n.\n>b\n.\n"),
        ("a--b--", &["--recend", "--", "--rrs", "cat; echo"], "ab\n"),
        ("a12b345c", &["--regexp", "--recend", "[0-9]+", "-N1", "cat; echo"], "a12\nb345\nc\n"),
        ("h\na\nb\n", &["--header", ":", "-N1", "tr '\\n' ,; echo"], "h,a,\nh,b,\n"),
        ("h\n", &["--header", ":", "cat"], ""),
        ("1\n2\n3\n", &["-L", "2", "--block", "1", "cat; echo {#}"], "1\n2\n1\n3\n2\n"),
        ("a\0b\0", &["--recend", "\\0", "-N1", "tr '\\0' .; echo"], "a.\nb.\n"),
    ];
    for (input, flags, printed) in table {
        println!("{flags:?}");
        sandbox.run(["-k", "--pipe"]).args(flags).stdin(input).done().printed(printed);
    }
}

#[test]
fn groups_stay_together() {
    let sandbox = Sandbox::new();
    let table: [(&[&str], &str); 5] = [
        (&["--pipe", "--colsep", ",", "--group-by", "1", "-N1"], "k,v\n.\na,1\na,2\n.\nb,2\n.\n"),
        (&["--colsep", ",", "--group-by", "v", "--header", ":", "-N1"], "k,v\na,1\n.\nk,v\na,2\nb,2\n.\n"),
        (&["--group-by", "^[a-z]", "--block", "9"], "k,v\n.\na,1\na,2\n.\nb,2\n.\n"),
        (&["--group-by", "[0-9]|k", "--block", "10"], "k,v\n.\na,1\n.\na,2\nb,2\n.\n"),
        (&["--group-by", "1", "--block", "1"], "k,v\n.\na,1\n.\na,2\n.\nb,2\n.\n"),
    ];
    for (flags, printed) in table {
        println!("{flags:?}");
        sandbox.run(["-k"]).args(flags).arg("cat; echo .").stdin("k,v\na,1\na,2\nb,2\n").done().printed(printed);
    }
    let flags = ["--colsep", ",", "--group-by", "w", "--header", ":", "cat"];
    sandbox.run(flags).stdin("k,v\na,1\n").done().told(255, "no such column");
}

#[test]
fn bytes_come_through_unchanged() {
    let sandbox = Sandbox::new();
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    sandbox.write("in", &bytes);
    let script = "for how in '--pipe' '--pipe --recend {}' '--pipe-part -a in' '--pipe --cat'; do \
                  case $how in *cat) c='cat {}';; *) c=cat;; esac; \
                  $GANGER run -k --block 100k $(echo $how | sed s/{}/x/) \"$c\" < in | cmp - in || exit 1; done";
    sandbox.script(script).done().printed("");
}

#[test]
fn a_block_is_a_file_that_is_there_again() {
    let sandbox = Sandbox::new();
    let again = "head -n 1 > /dev/null; [ $GANGER_ATTEMPT = 2 ]";
    sandbox.run(["--pipe", "--retries", "2", again]).stdin("a\nb\n").done().printed("");
    let seeks = "tail -c 2; tail -c 2";
    sandbox.run(["--pipe", "--cat", "wc -c < {} | tr -d ' '; cat {} {}"]).stdin("ab\n").done().printed("3\nab\nab\n");
    sandbox.run(["--pipe", seeks]).stdin("a\nb\n").done().printed("b\n");
}

#[test]
fn who_does_not_read_is_no_failure() {
    let sandbox = Sandbox::new();
    sandbox.run(["--pipe", "--block", "10k", "exec <&-; :"]).stdin(numbers(300_000)).done().printed("");
    let done = sandbox.run(["--pipe", "--block", "1M", "-k", "head -n 1"]).stdin(numbers(300_000)).done();
    assert_eq!((done.code(), done.stdout.lines().count()), (0, 2), "{done:?}");
}

#[test]
fn parts_of_files_are_those_of_their_borders() {
    let sandbox = Sandbox::new();
    sandbox.write("in", numbers(5000));
    sandbox.write("other", "h\nx\n");
    let whole = sandbox.run(["-k", "--pipe-part", "-a", "in", "--block", "1000", "cat"]).done();
    whole.printed(&numbers(5000));
    let parts = sandbox.run(["--pipe-part", "-a", "in", "-j3", "--block", "-2", "echo"]).done();
    assert_eq!(parts.stdout.lines().count(), 6);
    sandbox
        .run(["-k", "--pipe-part", "-a", "other", "-a", "other", "--header", ":", "cat"])
        .done()
        .printed("h\nx\nh\nx\n");
    sandbox.run(["--pipe-part", "-a", "/dev/null", "cat"]).done().told(255, "no regular file");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("in", "a\n");
    let table: [(&[&str], &str); 9] = [
        (&["--pipe", "echo {##}"], "how many blocks"),
        (&["--pipe", "--round-robin", "cat"], "--worker"),
        (&["--pipe", "--tee", "cat"], "into a file"),
        (&["--shard", "1", "cat"], "--group-by"),
        (&["--block", "1M", "cat"], "say --pipe"),
        (&["--pipe", "cat", ":::", "a"], "leave out :::"),
        (&["--pipe"], "no command"),
        (&["--pipe", "--block", "-1", "cat"], "--pipe-part"),
        (&["--pipe", "--regexp", "--recend", "(", "cat"], "regular expression"),
    ];
    for (flags, told) in table {
        println!("{flags:?}");
        sandbox.run(flags).stdin("a\n").done().told(255, told);
    }
}

#[test]
fn a_stream_needs_the_memory_of_its_window() {
    const MOST_KIB: u64 = 60 << 10;
    let sandbox = Sandbox::new();
    // The memory that is mapped, and the blocks that are open, of which each is one descriptor.
    let script = "head -c 200000000 /dev/zero | $GANGER run --pipe --recend '' -j2 --block 1M --halt soon,fail=1 \
                  'cat > /dev/null; grep VmHWM /proc/$PPID/status > /dev/null; \
                   s=$(cut -d\" \" -f4 /proc/$PPID/stat); grep VmHWM /proc/$s/status; ls -l /proc/$s/fd 2> /dev/null | grep -c block'";
    let done = sandbox.script(script).done();
    assert_eq!((done.code(), done.stderr.as_str()), (0, ""));
    let numbers = |line: &str| line.split_whitespace().find_map(|word| word.parse::<u64>().ok()).expect("a number");
    let (memory, blocks): (Vec<&str>, Vec<&str>) = done.stdout.lines().partition(|line| line.starts_with("VmHWM"));
    assert!(memory.len() >= 190, "{}", memory.len());
    let (memory, blocks) = (memory.into_iter().map(numbers).max(), blocks.into_iter().map(numbers).max());
    assert!(memory < Some(MOST_KIB) && blocks <= Some(2 + 16 + 2), "{memory:?} KiB, {blocks:?} blocks");
}

#[test]
fn what_was_done_is_left_out_after_everything_was_killed() {
    let sandbox = Sandbox::new();
    sandbox.write("in", numbers(20_000));
    let flags = ["--pipe-part", "-a", "in", "--block", "2k", "-j2", "--store", "s.db", "--resume"];
    let command = "n=$(cksum | tr ' ' -); echo >> done/$n; [ -e go ] || { [ $(ls done | wc -l) -lt 20 ] || sleep 60; }";
    fs::create_dir(sandbox.path("done")).expect("a directory");
    let running = sandbox.run(flags).arg(command).start();
    let files = |path: &Path| fs::read_dir(path).expect("a directory").count();
    eventually("twenty blocks", || files(&sandbox.path("done")) >= 20);
    running.signal(nix::sys::signal::Signal::SIGKILL);
    running.done();
    eventually("its commands are gone", || sandbox.processes().is_empty());
    sandbox.forget_temporary_files();
    sandbox.write("go", "");
    let resumed = sandbox.run(flags).arg(command).done();
    assert_eq!(resumed.code(), 0, "{resumed:?}");
    assert!(resumed.stderr.contains("were left out"), "{resumed:?}");
    let total = numbers(20_000).len().div_ceil(2000);
    assert!(files(&sandbox.path("done")).abs_diff(total) <= 3, "{total}");
    sandbox.run(flags).arg(command).done().told(0, "left out");
}

#[test]
fn a_job_log_does_not_tell_blocks_apart() {
    let sandbox = Sandbox::new();
    sandbox.run(["--pipe", "--joblog", "l", "--resume", "cat"]).stdin("a\n").done().told(255, "--store");
    sandbox.run(["--pipe", "--store", "s.db", "false"]).stdin("a\n").done().told(1, "block 1, 2 bytes at 0");
    sandbox.run(["--store", "s.db", "--retry-failed"]).done().told(255, "--resume");
    sandbox.script("$GANGER show --store s.db false 1").done().told(0, "");
    sandbox.script("$GANGER replay --store s.db false 1").done().told(255, "block 1, 2 bytes at 0");
    sandbox.run(["--pipe", "--store", "s.db", "--resume", "true"]).stdin("a\n").done().printed("");
}

/// Those whose blocks must be the same. Not `wc`: it prints its columns otherwise for a file than for a pipe.
const LIKE_PARALLEL: [&str; 12] = [
    "--block 10k md5sum",
    "-N 1000 md5sum",
    "-L 7 --block 1k md5sum",
    "--header : --block 10k md5sum",
    "--header 2 --block 10k md5sum",
    "--recend '' --block 7k md5sum",
    "--rrs --block 7k md5sum",
    "--regexp --recend '9\\n' --block 10k md5sum",
    "--recstart 1 --block 10k md5sum",
    "--recend 7 --recstart '\\n' --block 10k md5sum",
    "--cat --block 50k 'md5sum < {}'",
    "--block 10k 'echo {#} $(md5sum)'",
];

#[test]
fn blocks_are_those_of_gnu_parallel() {
    let sandbox = Sandbox::new();
    if sandbox.script("parallel --version | grep -q GNU").done().code() != 0 {
        let told = "SKIPPED blocks_are_those_of_gnu_parallel: there is no GNU parallel (apt-get install parallel)";
        writeln!(io::stderr(), "{told}").expect("standard error");
        return;
    }
    sandbox.write("in", numbers(30_000));
    for flags in LIKE_PARALLEL {
        println!("{flags}");
        let theirs = sandbox.script(&format!("HOME=$PWD parallel -k --pipe {flags} < in 2> /dev/null")).done();
        let ours = sandbox.script(&format!("$GANGER run -k --pipe {flags} < in")).done();
        assert!(theirs.stdout.lines().count() > 1, "{theirs:?}");
        ours.printed(&theirs.stdout);
    }
    for flags in ["--block 20k", "--header : --block -3 -j2", "--recend '' --block 9k"] {
        let theirs = sandbox.script(&format!("HOME=$PWD parallel -k --pipe-part -a in {flags} md5sum")).done();
        sandbox.script(&format!("$GANGER run -k --pipe-part -a in {flags} md5sum")).done().printed(&theirs.stdout);
    }
}
