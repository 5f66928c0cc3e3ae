//! Standard error during a run: messages, and progress if it was asked for.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ganger_batch::{Counts, InHand, Progress, Snapshot};
use indicatif::ProgressBar;

use crate::progress::{self, Face, Gauge, Pace, Ticker};
use crate::show::{message, shown};
use crate::tui::Tui;

/// Standard error during a run.
pub(crate) struct Console {
    gauge: Arc<Gauge>,
    bar: Option<ProgressBar>,
    ticker: Option<Ticker>,
    tui: Option<Tui>,
    started: Instant,
}

impl Console {
    /// With progress on `face`, or with the whole terminal.
    pub(crate) fn new(face: Face, tui: Option<Tui>) -> Self {
        let (gauge, bar) = (Arc::new(Gauge::default()), face.bar().cloned());
        let ticker = Ticker::start(Arc::clone(&gauge), face);
        Self { gauge, bar, ticker, tui, started: Instant::now() }
    }

    /// A writer to `target` that keeps what is drawn out of the way.
    pub(crate) fn above<W: Write>(&self, target: W, on_terminal: bool) -> Above<W> {
        let way = match (&self.tui, &self.bar) {
            (Some(tui), _) if on_terminal => Way::Later(tui.backlog()),
            (None, Some(bar)) if on_terminal => Way::Above(bar.clone()),
            _ => Way::Free,
        };
        Above { way, target }
    }

    /// The end of the run: what was drawn goes, and what had to wait for that comes.
    pub(crate) fn finish(&mut self) {
        self.ticker = None;
        self.tui = None;
    }

    /// A command, as it is: it may be pasted.
    pub(crate) fn command(&self, command: &[u8]) {
        let mut above = self.above(io::stderr(), io::stderr().is_terminal());
        // Where standard error is closed, nobody misses it.
        let _ = above.write_all(&[command, b"\n"].concat());
    }

    pub(crate) fn message(&self, text: impl Display) {
        match (&self.tui, &self.bar) {
            (Some(tui), _) => tui.message(&text.to_string()),
            (None, Some(bar)) => bar.suspend(|| message(text)),
            (None, None) => message(text),
        }
    }

    /// Only noted: it is told for every command.
    pub(crate) fn note(&self, progress: &Progress) {
        self.gauge.note(progress);
    }

    /// Answers SIGUSR2.
    pub(crate) fn tell_progress(&self, progress: &Progress) {
        let mut pace = Pace::default();
        pace.look(Duration::ZERO, &Progress { counts: Counts::default(), paused: false, ..*progress });
        pace.look(self.started.elapsed(), &Progress { paused: false, ..*progress });
        self.message(progress::line(progress, &pace));
    }

    /// Answers SIGUSR1.
    pub(crate) fn tell_running(&self, snapshot: &Snapshot) {
        self.tell_progress(&snapshot.progress);
        let count = snapshot.running.len();
        self.message(format_args!("{count} of {} slots run a command", snapshot.progress.slots));
        snapshot.running.iter().for_each(|running| self.message(in_hand(running)));
    }
}

/// `slot 2: input 17 ("a.c"), attempt 1, for 3 s, pid 4711: "its last line"`
fn in_hand(running: &InHand) -> String {
    let InHand { number, input, slot, attempt, time, last_line, .. } = running;
    let pids: Vec<String> = running.pids().iter().map(u32::to_string).collect();
    let pids = if pids.is_empty() { String::new() } else { format!(", pid {}", pids.join(" ")) };
    let said = if last_line.is_empty() { String::new() } else { format!(": {}", shown(last_line)) };
    let time = progress::duration(*time);
    format!("slot {slot}: input {number} ({}), attempt {attempt}, for {time}{pids}{said}", shown(input))
}

/// Writes while what is drawn is out of the way.
pub(crate) struct Above<W> {
    way: Way,
    target: W,
}

enum Way {
    /// Nothing is drawn there.
    Free,
    /// The bar goes, and comes again.
    Above(ProgressBar),
    /// When the terminal is free again.
    Later(crate::tui::Backlog),
}

impl<W: Write> Write for Above<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.way {
            Way::Free => self.target.write(bytes),
            Way::Above(bar) => bar.suspend(|| self.target.write(bytes)),
            Way::Later(backlog) => backlog.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.target.flush()
    }
}
