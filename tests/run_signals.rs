//! `ganger run`: Ctrl-C in a real terminal, and the signals that systems send.

use nix::sys::signal::Signal;

use crate::sandbox::Sandbox;
use crate::terminal::Terminal;

const UNTIL_GO: &str = "touch began-{}; until test -e go; do sleep 0.01; done; touch done-{}";
const ORDERLY: &str = "trap 'until test -e go; do sleep 0.01; done; touch tidied-{}; exit' TERM
    touch began-{}; while :; do sleep 0.01; done";
const STUBBORN: &str = "trap '' TERM; touch began-{}; while :; do sleep 0.01; done";

fn both_began(sandbox: &Sandbox) {
    sandbox.file("began-1");
    sandbox.file("began-2");
}

#[test]
fn the_first_ctrl_c_lets_what_runs_finish() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::run(&sandbox, &["-j2", UNTIL_GO, ":::", "1", "2", "3", "4"]);
    both_began(&sandbox);
    terminal.ctrl_c();
    terminal.shows("Ctrl-C again: ask them to end");
    sandbox.write("go", "");
    // No word of those that had not begun.
    terminal.shows("interrupted: 2 succeeded, 0 failed\r\n");
    assert_eq!(terminal.status(), Some(130));
    assert!(sandbox.path("done-1").exists() && sandbox.path("done-2").exists());
    assert!(!sandbox.path("began-3").exists());
}

#[test]
fn the_second_ctrl_c_asks_what_runs_to_end() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::run(&sandbox, &["-j2", UNTIL_GO, ":::", "1", "2", "3"]);
    both_began(&sandbox);
    terminal.ctrl_c();
    terminal.shows("Ctrl-C again: ask them to end");
    terminal.ctrl_c_again();
    terminal.shows("Ctrl-C again: kill them");
    assert_eq!(terminal.status(), Some(130));
    assert!(!sandbox.path("done-1").exists() && !sandbox.path("began-3").exists());
}

#[test]
fn the_third_ctrl_c_kills_what_does_not_listen() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::run(&sandbox, &["-j2", STUBBORN, ":::", "1", "2"]);
    both_began(&sandbox);
    for told in ["ask them to end", "kill them", "killed the 2"] {
        terminal.ctrl_c_again();
        terminal.shows(told);
    }
    assert_eq!(terminal.status(), Some(130));
}

#[test]
fn ctrl_backslash_kills_at_once() {
    let sandbox = Sandbox::new();
    let script = format!("sleep 1000 & setsid sleep 1000 & {STUBBORN}");
    let mut terminal = Terminal::run(&sandbox, &["-j2", &script, ":::", "1", "2"]);
    both_began(&sandbox);
    terminal.types(b"\x1c");
    terminal.shows("ganger: quit: 0 succeeded, 0 failed, 2 stopped");
    assert_eq!(terminal.text().matches("ganger:").count(), 1, "{}", terminal.text());
    assert_eq!(terminal.status(), Some(131));
    assert!(sandbox.processes().is_empty());
}

#[test]
fn a_terminal_gets_a_bar() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::run(&sandbox, &["--bar", UNTIL_GO, ":::", "1", "2"]);
    terminal.shows("0/2");
    sandbox.write("go", "");
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn someone_who_forgot_the_inputs_is_told() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::run(&sandbox, &["echo"]);
    terminal.shows("reading the inputs from the terminal");
    terminal.types(b"hello\n\x04");
    assert_eq!(terminal.status(), Some(0));
}

#[test]
fn hup_is_as_the_first_and_term_as_the_second() {
    let sandbox = Sandbox::new();
    let hung_up = sandbox.run(["-j2", UNTIL_GO, ":::", "1", "2", "3"]).start();
    both_began(&sandbox);
    hung_up.signal(Signal::SIGHUP);
    sandbox.write("go", "");
    hung_up.done().told(130, "interrupted:");
    assert!(sandbox.path("done-2").exists());

    let sandbox = Sandbox::new();
    let terminated = sandbox.run(["-j2", UNTIL_GO, ":::", "1", "2", "3"]).start();
    both_began(&sandbox);
    terminated.signal(Signal::SIGTERM);
    terminated.done().told(130, "asked the 2 that run to end");
    assert!(!sandbox.path("done-1").exists());
}

#[test]
fn signals_that_come_together_count_once() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::run(&sandbox, &["-j2", UNTIL_GO, ":::", "1", "2", "3"]);
    both_began(&sandbox);
    terminal.burst(Signal::SIGINT);
    terminal.shows("Ctrl-C again: ask them to end");
    sandbox.write("go", "");
    terminal.shows("interrupted: 2 succeeded, 0 failed");
    assert_eq!(terminal.status(), Some(130));

    let sandbox = Sandbox::new();
    let terminal = Terminal::run(&sandbox, &["-j2", ORDERLY, ":::", "1", "2"]);
    both_began(&sandbox);
    terminal.burst(Signal::SIGTERM);
    terminal.shows("Ctrl-C again: kill them");
    sandbox.write("go", "");
    assert_eq!(terminal.status(), Some(130));
    assert!(sandbox.path("tidied-1").exists() && sandbox.path("tidied-2").exists());
}
