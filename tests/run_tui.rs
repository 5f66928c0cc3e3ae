//! `ganger run --tui`: the whole terminal, and its keys.

use std::fs;

use nix::sys::signal::Signal;

use crate::sandbox::{GANGER, Sandbox, eventually};
use crate::terminal::Terminal;

const UNTIL_GO: &str =
    "echo half of {}; touch began-{}; until test -e go-{} -o -e go; do sleep 0.01; done; touch done-{}";

/// What gives the terminal its own screen back.
const CLOSED: &str = "\x1b[?1049l";

#[track_caller]
fn parted(terminal: &Terminal) -> (String, String) {
    let text = terminal.text();
    let (drawn, left) = text.split_once(CLOSED).unwrap_or_else(|| panic!("it was not closed: {text:?}"));
    (drawn.to_owned(), left.to_owned())
}

#[test]
fn what_runs_is_seen_and_what_was_printed_is_left() {
    let sandbox = Sandbox::new();
    let script = "printf '\\033]0;evil\\007half of {}\\n'; until test -e go; do sleep 0.01; done; test {} != b";
    let mut terminal = Terminal::run(&sandbox, &["--tui", "-j2", script, ":::", "a", "b"]);
    for text in ["2 of 2 slots", "q quit", "half of a", "its last line"] {
        terminal.draws(text);
    }
    sandbox.write("go", "");
    assert_eq!(terminal.ended(), Some(1));
    let (drawn, left) = parted(&terminal);
    assert!(!drawn.contains("evil"), "{drawn:?}");
    for text in
        ["half of a\r\n", "half of b\r\n", "ganger: input 2 (\"b\") failed: exit code 1", "1 of 2 commands failed"]
    {
        assert!(left.contains(text), "no {text:?} in {left:?}");
    }
    assert!(terminal.is_cooked());
}

#[test]
fn p_pauses_and_goes_on() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::run(&sandbox, &["--tui", "-j1", UNTIL_GO, ":::", "1", "2"]);
    sandbox.file("began-1");
    terminal.types(b"p");
    terminal.draws("paused");
    sandbox.write("go-1", "");
    terminal.draws("0 of 1 slots");
    assert!(!sandbox.path("began-2").exists());
    terminal.types(b"p");
    sandbox.file("began-2");
    sandbox.write("go", "");
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn plus_and_minus_change_how_many_run() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::run(&sandbox, &["--tui", "-j1", UNTIL_GO, ":::", "1", "2", "3", "4"]);
    sandbox.file("began-1");
    terminal.types(b"++");
    sandbox.file("began-3");
    terminal.draws("3 of 3 slots");
    terminal.types(b"--");
    terminal.draws("3 of 1 slots");
    sandbox.write("go-1", "");
    sandbox.file("done-1");
    terminal.draws("1/4");
    assert!(!sandbox.path("began-4").exists());
    sandbox.write("go", "");
    sandbox.file("began-4");
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn k_kills_one_and_r_runs_it_once_more() {
    let sandbox = Sandbox::new();
    let script = "echo x >> tries-{}; until test -e go; do sleep 0.01; done";
    let mut terminal = Terminal::run(&sandbox, &["--tui", "-j1", script, ":::", "1", "2"]);
    sandbox.file("tries-1");
    terminal.draws("1 of 1 slots");
    terminal.types(b"r");
    let tries = || fs::read_to_string(sandbox.path("tries-1")).unwrap_or_default().lines().count();
    eventually("another try", || tries() == 2);
    terminal.draws("1 tried again · 1 of 1 slots");
    terminal.types(b"k");
    sandbox.file("tries-2");
    sandbox.write("go", "");
    assert_eq!(terminal.ended(), Some(1));
    let (_, left) = parted(&terminal);
    assert!(left.contains("input 1 (\"1\") failed: killed by hand (after 2 attempts)"), "{left:?}");
    assert_eq!(tries(), 2);
}

#[test]
fn ctrl_c_is_a_key_and_goes_down_the_ladder() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::run(&sandbox, &["--tui", "-j2", UNTIL_GO, ":::", "1", "2", "3"]);
    sandbox.file("began-2");
    terminal.types(b"q");
    terminal.draws("Ctrl-C again: ask them to end");
    terminal.types(b"\x03");
    assert_eq!(terminal.ended(), Some(130));
    let (_, left) = parted(&terminal);
    assert!(left.contains("Ctrl-C again: kill them") && left.contains("interrupted: 0 succeeded"), "{left:?}");
    assert!(!sandbox.path("began-3").exists() && terminal.is_cooked());
}

#[test]
fn ctrl_backslash_kills_all_at_once() {
    let sandbox = Sandbox::new();
    let script = "trap '' INT TERM; touch began-{}; until test -e go; do sleep 0.01; done";
    let mut terminal = Terminal::run(&sandbox, &["--tui", "-j2", script, ":::", "1", "2", "3"]);
    sandbox.file("began-2");
    terminal.draws("2 of 2 slots");
    terminal.types(b"\x1c");
    assert_eq!(terminal.ended(), Some(131));
    let (_, left) = parted(&terminal);
    assert!(left.contains("quit: 0 succeeded") && terminal.is_cooked(), "{left:?}");
    assert!(!sandbox.path("began-3").exists());
}

#[test]
fn a_terminal_that_cannot_be_drawn_on_is_refused() {
    let sandbox = Sandbox::new();
    for kind in ["TERM=dumb", "TERM="] {
        let terminal = Terminal::start(&sandbox, &["env", kind, GANGER, "run", "--tui", "echo", ":::", "a"]);
        terminal.shows("--tui: this terminal");
        assert!(!terminal.text().contains('\x1b'), "{:?}", terminal.text());
        assert_eq!(terminal.status(), Some(255));
    }
    let terminal = Terminal::start(&sandbox, &["env", "-u", "TERM", GANGER, "run", "--tui", "echo", ":::", "a"]);
    terminal.shows("--progress");
    assert_eq!(terminal.status(), Some(255));
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::run(&sandbox, &["--tui", "-j2", UNTIL_GO, ":::", "1", "2"]);
    sandbox.file("began-2");
    terminal.draws("2 of 2 slots");
    assert!(!terminal.is_cooked());
    terminal.signal(Signal::SIGTERM, false);
    assert_eq!(terminal.ended(), Some(130));
    parted(&terminal);
    assert!(terminal.is_cooked());
}

#[test]
fn output_that_goes_elsewhere_goes_there_at_once() {
    let sandbox = Sandbox::new();
    let script = "seq 2 | $GANGER run --tui -j1 \"$0\" > out";
    let mut terminal = Terminal::start(&sandbox, &["sh", "-c", script, UNTIL_GO]);
    sandbox.write("go-1", "");
    eventually("the first output", || fs::read(sandbox.path("out")).is_ok_and(|out| out == b"half of 1\n"));
    sandbox.file("began-2");
    sandbox.write("go", "");
    assert_eq!(terminal.ended(), Some(0));
    assert_eq!(fs::read(sandbox.path("out")).expect("a file"), b"half of 1\nhalf of 2\n");
}

#[test]
fn an_end_is_heard_before_there_is_an_input() {
    let sandbox = Sandbox::new();
    let feed = "until test -e closed; do sleep 0.01; done";
    let script = format!("{feed} | {{ $GANGER run --tui -j1 echo; echo status $?; touch closed; }}");
    let mut terminal = Terminal::start(&sandbox, &["sh", "-c", &script]);
    terminal.draws("waiting for the first input");
    terminal.types(b"q");
    sandbox.file("closed");
    terminal.ended();
    assert!(parted(&terminal).1.contains("status 130"), "{}", terminal.text());
}

#[test]
fn without_a_terminal_there_is_a_clear_error() {
    let sandbox = Sandbox::new();
    let mut cmd = sandbox.cmd("setsid");
    cmd.command.env("TERM", "xterm").args(["--wait", GANGER, "run", "--tui", "echo", ":::", "a"]);
    cmd.done().told(255, "--tui needs a terminal, and /dev/tty cannot be used");
    let terminal = Terminal::run(&sandbox, &["--tui", "echo"]);
    terminal.shows("--tui has the keyboard");
    assert_eq!(terminal.status(), Some(255));
}

#[test]
fn a_window_may_change_its_size() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::run(&sandbox, &["--tui", "-j2", UNTIL_GO, ":::", "1", "2"]);
    terminal.draws("its last line");
    let last_line = |terminal: &Terminal, rows: usize| terminal.screen().lines().nth(rows - 1).map(str::to_owned);
    for (rows, columns, keys) in [(6, 30, "p pause  + - slots  k kill  En"), (1, 1, ""), (20, 12, "p pause  + -")] {
        terminal.resize(rows, columns);
        let drawn = || last_line(&terminal, rows.into()).is_some_and(|line| line.trim_end() == keys || rows == 1);
        eventually("it fits", drawn);
    }
    terminal.types(b"?");
    terminal.draws("p         pa");
    sandbox.write("go", "");
    assert_eq!(terminal.ended(), Some(0));
}
