//! A terminal, and `ganger run` in it.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

use crate::sandbox::{GANGER, Sandbox, eventually, waited};

/// `ganger run` in a terminal of its own.
pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    pub(crate) fn run(sandbox: &Sandbox, args: &[&str]) -> Self {
        Self::start(sandbox, &[&[GANGER, "run"], args].concat())
    }

    /// Any program; `$GANGER` is the binary.
    pub(crate) fn start(sandbox: &Sandbox, words: &[&str]) -> Self {
        let pty = nix::pty::openpty(None, None).expect("a terminal");
        let side = || pty.slave.try_clone().expect("a descriptor");
        // setsid(1) makes the terminal the controlling one, and then becomes the program: the child is ganger itself.
        let mut cmd = sandbox.cmd("setsid");
        cmd.command.arg("--ctty").args(words).env("GANGER", GANGER).stdin(side()).stdout(side()).stderr(side());
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

    pub(crate) fn ctrl_c(&mut self) {
        self.types(b"\x03");
    }

    pub(crate) fn types(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).expect("a terminal");
    }

    /// Presses once more. What the last press did was seen, so it was counted before this begins.
    pub(crate) fn ctrl_c_again(&mut self) {
        let seen = Instant::now();
        eventually("the next press is one of its own", || seen.elapsed() > TOGETHER);
        self.ctrl_c();
    }

    /// Signals again and again, but not for long. Two that come at the very same time are one to the kernel already.
    pub(crate) fn burst(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"));
        let begun = Instant::now();
        while begun.elapsed() < TOGETHER / 5 {
            kill(pid, signal).expect("it is there");
        }
    }

    /// Sends a signal to the program, or to its whole process group.
    pub(crate) fn signal(&self, signal: Signal, group: bool) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(if group { -pid } else { pid }), signal).expect("it is there");
    }

    /// Whether it is as a shell wants it: what is typed is shown, and comes line by line.
    pub(crate) fn is_cooked(&self) -> bool {
        let flags = tcgetattr(&self.keyboard).expect("a terminal").local_flags;
        flags.contains(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().expect("no panic")).into_owned()
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        eventually(&format!("{text:?} on the screen"), || self.text().contains(text));
    }

    #[track_caller]
    pub(crate) fn status(mut self) -> Option<i32> {
        self.ended()
    }

    #[track_caller]
    pub(crate) fn ended(&mut self) -> Option<i32> {
        waited(&mut self.child).code()
    }
}

/// Equal signals within this time count as one.
const TOGETHER: Duration = Duration::from_millis(100);
