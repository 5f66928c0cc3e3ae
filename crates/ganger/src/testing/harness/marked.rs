//! All processes of a test: those that have a word in their environment, which each hands on to those it starts. So one that has
//! left its group, its session and its parent is found as well.

use std::fmt;
use std::fs;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ganger_sys::{Peer, Signal};

use super::{AFTERMATH, LOOK};
use crate::testing::leaks::name_and_state;

/// The word's name.
pub(super) const VARIABLE: &str = "GANGER_TEST_MARK";

/// The word of one test.
pub(super) struct Mark(String);

impl Mark {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Self(format!("{}-{}-{now}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    pub(super) fn value(&self) -> &str {
        &self.0
    }

    /// Who has it, the dead excepted.
    pub(super) fn bearers(&self) -> Vec<Bearer> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| self.is_of(*pid)).map(Bearer::look).collect()
    }

    /// A dead one has no environment.
    fn is_of(&self, pid: u32) -> bool {
        let word = format!("{VARIABLE}={}", self.0);
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == word.as_bytes())
    }

    /// Waits until nobody has it, and tells who still has.
    pub(super) fn linger(&self, patience: Duration) -> Vec<String> {
        let deadline = Instant::now() + patience;
        loop {
            let bearers = self.bearers();
            if bearers.is_empty() || Instant::now() >= deadline {
                return bearers.iter().map(Bearer::to_string).collect();
            }
            thread::sleep(LOOK);
        }
    }

    /// Kills all of them. First they are stopped, so that none starts another meanwhile.
    pub(super) fn kill_all(&self) {
        for signal in [Signal::Stop, Signal::Kill] {
            self.bearers().iter().for_each(|bearer| self.signal(bearer.pid, signal));
        }
        // Whom the stopped had just started; and nobody can be killed in the middle of some calls.
        let deadline = Instant::now() + AFTERMATH;
        loop {
            let bearers = self.bearers();
            if bearers.is_empty() || Instant::now() >= deadline {
                return;
            }
            bearers.iter().for_each(|bearer| self.signal(bearer.pid, Signal::Kill));
            thread::sleep(LOOK);
        }
    }

    /// The id may be another's by now: it is looked at again when it can be no other's any more.
    fn signal(&self, pid: u32, signal: Signal) {
        if let Ok(peer) = Peer::open(pid)
            && self.is_of(pid)
        {
            // That it is gone already is as well.
            let _ = peer.signal(signal);
        }
    }
}

/// A process, as it was when it was looked at.
pub(super) struct Bearer {
    pid: u32,
    name: String,
    state: String,
    command: String,
    sleeps_in: String,
}

impl Bearer {
    fn look(pid: u32) -> Self {
        let read = |file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let (name, state) = name_and_state(&format!("/proc/{pid}/stat"));
        let command = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
        let sleeps_in = String::from_utf8_lossy(&read("wchan")).into_owned();
        Self { pid, name, state, command: command.trim().to_owned(), sleeps_in }
    }
}

/// A line: `  4711 ganger-words-2 T do_signal_stop: ganger: worker words-2`.
impl fmt::Display for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, name, state, command, sleeps_in } = self;
        writeln!(f, "  {pid} {name} {state} {sleeps_in}: {command}")
    }
}
