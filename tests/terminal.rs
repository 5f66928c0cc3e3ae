//! A terminal, and `ganger run` in it.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
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
    drawing: Option<JoinHandle<()>>,
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
        cmd.command
            .arg("--ctty")
            .args(words)
            .env("GANGER", GANGER)
            .env("TERM", "xterm")
            .stdin(side())
            .stdout(side())
            .stderr(side());
        let child = cmd.command.spawn().expect("setsid of util-linux");
        let keyboard = File::from(pty.master);
        let mut display = keyboard.try_clone().expect("a descriptor");
        let screen = Arc::new(Mutex::new(Vec::new()));
        let drawn = Arc::clone(&screen);
        let drawing = thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The terminal reports an error when its last user is gone.
            while let Ok(length @ 1..) = display.read(&mut buffer) {
                drawn.lock().expect("no panic").extend_from_slice(&buffer[..length]);
            }
        });
        Self { child, keyboard, screen, drawing: Some(drawing) }
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

    /// How many threads the program has.
    pub(crate) fn threads(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/task", self.child.id())).map_or(0, Iterator::count)
    }

    /// Whether it is as a shell wants it: what is typed is shown, and comes line by line.
    pub(crate) fn is_cooked(&self) -> bool {
        let flags = tcgetattr(&self.keyboard).expect("a terminal").local_flags;
        flags.contains(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG)
    }

    /// Makes the window another size.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let window = self.keyboard.try_clone().expect("a descriptor");
        let mut stty = std::process::Command::new("stty");
        let size = [rows, columns].map(|length| length.to_string());
        let resized = stty.args(["rows", &size[0], "cols", &size[1]]).stdin(window).status();
        assert!(resized.expect("stty of coreutils").success());
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().expect("no panic")).into_owned()
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        eventually(&format!("{text:?} on the screen"), || self.text().contains(text));
    }

    /// What stands on the screen.
    pub(crate) fn screen(&self) -> String {
        let side = |length| NonZeroU16::new(length).expect("not 0");
        let mut parser = vt100::Parser::new(side(24), side(80), 0);
        parser.process(&self.screen.lock().expect("no panic"));
        parser.screen().contents()
    }

    /// Waits until this stands on the screen, however it was drawn.
    #[track_caller]
    pub(crate) fn draws(&self, text: &str) {
        eventually(&format!("{text:?} on the screen"), || self.screen().contains(text));
    }

    #[track_caller]
    pub(crate) fn status(mut self) -> Option<i32> {
        self.ended()
    }

    /// Waits for its end, and until all that it has written is on the screen.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let code = waited(&mut self.child).code();
        self.drawing.take().into_iter().for_each(|drawing| drawing.join().expect("no panic"));
        code
    }
}

/// Equal signals within this time count as one.
const TOGETHER: Duration = Duration::from_millis(100);
