//! What a worker says, does not say, or does not hear.

use std::time::{Duration, Instant};

use ganger::{Bytes, Pool};
use nix::sys::signal::{Signal, raise};

use crate::sandbox::{Done, Sandbox};

/// What a worker in shell needs: `next` reads a task, `answer` answers it, `once` is true the first time only.
const WORDS: &str = r#"
next() { IFS= read -r line || exit 0; id=${line#*:} id=${id%%,*} input=${line#*input\":\"} input=${input%%\"*}; }
answer() { printf '{"id":%s,"output":"%s"}\n' "$id" "$1"; }
once() { mkdir once 2>/dev/null; }
"#;

/// Runs such a program over five inputs; at the first attempt at the third it does this instead of answering.
fn at_the_third(flags: &[&str], instead: &str) -> Done {
    let sandbox = Sandbox::new();
    let each = format!("while next; do if [ $input = 3 ] && once; then {instead}; else answer $input; fi; done");
    sandbox.write("w.sh", format!("{WORDS}{each}"));
    let inputs = ["--worker", "sh", "w.sh", ":::", "1", "2", "3", "4", "5"];
    sandbox.run(["-k", "-j2"].iter().chain(flags).chain(&inputs)).done()
}

const ALL: &str = "1\n2\n3\n4\n5\n";

#[ganger::task]
fn stops(n: u64) -> u64 {
    raise(Signal::SIGSTOP).expect("a signal");
    n
}

#[ganger::task]
fn length(bytes: Bytes) -> u64 {
    bytes.len() as u64
}

#[test]
fn f11_a_worker_that_reads_nothing_holds_nobody_up() {
    let pool = Pool::builder().workers(1).stop_grace(Duration::from_millis(200)).build().expect("a pool");
    let stopped = pool.submit(stops, 1).expect("accepted");
    // Far more than its ring holds.
    let many: Vec<_> = (0..64).map(|_| pool.submit(length, Bytes::from(vec![7; 1 << 20])).expect("accepted")).collect();
    assert!(!stopped.done() && many.iter().all(|future| !future.done()));
    let asked = Instant::now();
    pool.terminate();
    pool.join(Some(Duration::from_secs(30))).expect("it ends");
    println!("ended after {:?}", asked.elapsed());
    assert!(many.iter().all(|future| future.done() && future.result().is_err()), "each has its outcome");
    // A program that hears nothing any more.
    let done = at_the_third(&["--timeout", "300ms"], "exec sleep 1000");
    done.told(1, "input 3 (\"3\") failed");
    assert_eq!(done.stdout, "1\n2\n4\n5\n");
}

#[test]
fn f12_who_closes_the_link_and_lives_on_is_lost_and_killed() {
    for closed in ["exec >&-", "exec >&- <&-", "exec <&- >&- 2>&-"] {
        println!("{closed}");
        at_the_third(&[], &format!("{closed}; sleep 1000")).printed(ALL);
    }
}

#[test]
fn f13_garbage_is_a_breach_of_one_and_harms_no_other() {
    for said in [
        "echo garbage",
        "head -c 100000 /dev/urandom; echo",
        "echo '{\"id\":77,\"output\":\"x\"}'",
        "echo '{\"ready\":true,\"protocol\":99}'",
        "echo '[]'",
        // A line without an end: no more of it is kept than the limit.
        "cat /dev/zero",
    ] {
        println!("{said}");
        at_the_third(&[], &format!("{said}; sleep 1000")).printed(ALL);
    }
}

#[test]
fn f14_half_a_message_is_never_taken_for_one() {
    let half = r#"printf '{"id":3,"output":"ha'"#;
    at_the_third(&[], &format!("{half}; exit 0")).printed(ALL);
    at_the_third(&[], &format!("{half}; kill -9 $$")).printed(ALL);
    let done = at_the_third(&["--timeout", "300ms"], &format!("{half}; exec sleep 1000"));
    done.told(1, "input 3 (\"3\") failed");
    assert_eq!(done.stdout, "1\n2\n4\n5\n");
    // One that comes in drops is one all the same.
    let drops = r#"for piece in '{"id":' '3,"out' 'put":"' '3"'; do printf '%s' "$piece"; sleep 0.05; done; echo '}'"#;
    at_the_third(&[], drops).printed(ALL);
}
