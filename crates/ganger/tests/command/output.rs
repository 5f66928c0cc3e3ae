//! What a command prints comes whole, in order, and only as fast as it is read.

use ganger::{Command, CommandOutput, Exit, Outcome, Pool};

use crate::shop::{DEADLINE, Shop, command, sh};

#[test]
fn both_streams_come_apart_and_in_order() {
    let told = Shop::new().run(sh("for i in 1 2 3; do echo out $i; echo err $i >&2; done"));
    assert_eq!(told.out(), "out 1\nout 2\nout 3\n");
    assert_eq!(told.err, b"err 1\nerr 2\nerr 3\n");
}

#[test]
fn ten_megabytes_come_whole_through_a_small_queue() {
    let mut shop = Shop::with(Pool::builder().workers(2), 64 << 10);
    let lines = 1_500_000;
    let task = shop.start(&format!("seq {lines}; seq {lines} >&2"));
    let told = shop.end(task);
    let expected: String = (1..=lines).map(|n| format!("{n}\n")).collect();
    assert!(expected.len() > 10_000_000);
    assert!(told.out == expected.as_bytes() && told.err == told.out, "{} and {}", told.out.len(), told.err.len());
    assert!(told.pieces < 2 * expected.len() / 2048, "{} pieces", told.pieces);
}

#[test]
fn what_was_printed_last_comes_too() {
    let mut shop = Shop::new();
    for _ in 0..50 {
        assert_eq!(shop.run(sh("printf %060000d 7")).out.len(), 60_000);
    }
}

#[test]
fn a_command_that_closes_its_streams_goes_on() {
    let told = Shop::new().run(sh("echo first; exec >&- 2>&-; sleep 0.1; exit 5"));
    assert_eq!((told.out(), told.exit()), ("first\n", Exit::Code(5)));
}

/// Who prints more than is read is held up, with what fits the queue, the ring and the pipe; others are not.
#[test]
fn a_slow_reader_holds_up_the_printer_and_nobody_else() {
    let mut shop = Shop::with(Pool::builder().workers(2), 64 << 10);
    let printer = shop.start("head -c 30000000 /dev/zero");
    let mut other = shop.another();
    for n in 0..100 {
        assert_eq!(other.run(sh(&format!("echo {n}"))).out(), format!("{n}\n"));
    }
    assert_eq!(shop.pool.pending(), 1, "the printer has not ended");
    let held = shop.pool.worker_pids().iter().map(|pid| resident(*pid)).max().unwrap();
    assert!(held < 24 << 20, "a worker has {held} bytes");
    assert_eq!(shop.end(printer).out.len(), 30_000_000);
}

fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

#[test]
fn a_printer_that_is_held_up_can_be_ended() {
    let mut shop = Shop::with(Pool::builder().workers(1), 64 << 10);
    let task = shop.start("yes");
    shop.printed(task, 1 << 20);
    shop.pool.terminate();
    let told = shop.end(task);
    assert_eq!(told.exit(), Exit::Signal { number: 15, core: false });
    shop.pool.join(Some(DEADLINE)).unwrap();
}

/// The test program's own standard output is captured by no one here, so the command says where it goes to.
#[test]
fn inherited_output_is_our_own() {
    let own = std::fs::read_link("/proc/self/fd/1").unwrap();
    let told = Shop::new().run(Command {
        output: CommandOutput::Inherited,
        ..command(["sh", "-c", "[ \"$(readlink /proc/$$/fd/1)\" = \"$0\" ]", own.to_str().unwrap()])
    });
    assert!(matches!(told.outcome, Some(Outcome::Returned(_))), "{told:?}");
    assert_eq!((told.pieces, told.exit()), (0, Exit::Code(0)));
}
