//! `ganger run`: Ctrl-C in a real terminal, and the signals that systems send.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::sandbox::{GANGER, Sandbox, eventually, waited};

/// `ganger run` in a terminal of its own.
struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    fn run(sandbox: &Sandbox, args: &[&str]) -> Self {
        let pty = nix::pty::openpty(None, None).expect("a terminal");
        let side = || pty.slave.try_clone().expect("a descriptor");
        // setsid(1) makes the terminal the controlling one, and then becomes the program: the child is ganger itself.
        let mut cmd = sandbox.cmd("setsid");
        cmd.command.args(["--ctty", GANGER, "run"]).args(args).stdin(side()).stdout(side()).stderr(side());
        let child = cmd.command.spawn().expect("setsid of util-linux");
        let keyboard = File::from(pty.master);
        let mut display = keyboard.try_clone().expect("a descriptor");
        let screen = Arc::new(Mutex::new(Vec::new()));
        let drawn = Arc::clone(&screen);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The terminal reports an error when its last user is gone.
            while let Ok(length @ 1..) = display.read(&mut buffer) {
                drawn.lock().expect("no panic").extend_from_slice(&buffer[..length]);
            }
        });
        Self { child, keyboard, screen }
    }

    fn ctrl_c(&mut self) {
        self.types(b"\x03");
    }

    fn types(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).expect("a terminal");
    }

    /// Presses once more. What the last press did was seen, so it was counted before this begins.
    fn ctrl_c_again(&mut self) {
        let seen = Instant::now();
        eventually("the next press is one of its own", || seen.elapsed() > TOGETHER);
        self.ctrl_c();
    }

    /// Signals again and again, but not for long. Two that come at the very same time are one to the kernel already.
    fn burst(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"));
        let begun = Instant::now();
        while begun.elapsed() < TOGETHER / 5 {
            kill(pid, signal).expect("it is there");
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().expect("no panic")).into_owned()
    }

    #[track_caller]
    fn shows(&self, text: &str) {
        eventually(&format!("{text:?} on the screen"), || self.text().contains(text));
    }

    #[track_caller]
    fn status(mut self) -> Option<i32> {
        waited(&mut self.child).code()
    }
}

/// Equal signals within this time count as one.
const TOGETHER: Duration = Duration::from_millis(100);

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
    let done = sandbox.run(["--bar", "echo", ":::", "a"]).done();
    done.printed("a\n");
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
