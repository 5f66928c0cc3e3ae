//! `--tui`: the run on the whole terminal.
//!
//! ```text
//!   keyboard ──► keys ──► Wish ──► Control ──► the run        (crates/batch)
//!                 │                    └──◄── Snapshot, 20 times a second
//!   terminal ◄── draw ◄── State ◄────────────┘
//! ```
//! All of it on a thread of its own: a terminal that is slow holds nobody up, and the run does nothing for it between two
//! looks. The terminal is /dev/tty, so standard output may be a file or a pipe, and gets what commands print as always.
//! What would be written to the terminal meanwhile waits in a [`Backlog`] until it is free.

mod backlog;
pub(crate) use backlog::Backlog;

mod screen;
pub(crate) use screen::{NoTerminal, Screen};

mod state;

mod keys;

mod draw;

mod plain;
pub(crate) use plain::plain;

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ganger_batch::Control;

use crate::show;
use state::{State, Wish};

/// From one look to the next.
const INTERVAL: Duration = Duration::from_millis(50);
/// How long a run may take to answer before what was known is drawn again: it may be writing to a slow pipe.
const PATIENCE: Duration = Duration::from_millis(200);

/// The terminal, as long as this lives.
pub(crate) struct Tui {
    backlog: Backlog,
    /// New messages, and dropped first: then the thread ends.
    news: Option<Sender<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Tui {
    pub(crate) fn open(control: Control) -> Result<Self, NoTerminal> {
        let (screen, backlog) = (Screen::open()?, Backlog::default());
        keep_panics(backlog.clone());
        let (news, heard) = channel();
        let keep = move || keep(screen, &control, &heard);
        let thread = thread::Builder::new().name("tui".to_owned()).spawn(keep).map_err(NoTerminal::Unusable)?;
        Ok(Self { backlog, news: Some(news), thread: Some(thread) })
    }

    /// For what is to be written to the terminal when it is free.
    pub(crate) fn backlog(&self) -> Backlog {
        self.backlog.clone()
    }

    /// Shows a message now, and leaves it behind.
    pub(crate) fn message(&self, text: &str) {
        if let Some(news) = &self.news {
            // Where the thread has ended nobody sees it now.
            let _ = news.send(text.to_owned());
        }
        if io::stderr().is_terminal() {
            let _ = writeln!(self.backlog.clone(), "ganger: {text}");
        } else {
            show::message(text);
        }
    }
}

impl Drop for Tui {
    fn drop(&mut self) {
        self.news = None;
        self.thread.take().into_iter().for_each(|thread| drop(thread.join()));
        if !thread::panicking() {
            drop(std::panic::take_hook());
        }
        // Nobody is left to be told of a terminal that is gone.
        let _ = self.backlog.print();
    }
}

/// What a panic says would be drawn over; so it waits as well, until unwinding has given the terminal back.
fn keep_panics(backlog: Backlog) {
    std::panic::set_hook(Box::new(move |panic| drop(writeln!(backlog.clone(), "ganger: {panic}"))));
}

/// Looks, draws, does what is wanted, until nobody sends news any more.
fn keep(mut screen: Screen, control: &Control, news: &Receiver<String>) {
    let (mut state, start) = (State::default(), Instant::now());
    while hear(news, &mut state) {
        for key in screen.keys() {
            state.press(key).into_iter().for_each(|wish| tell(control, wish));
        }
        if let Some(snapshot) = control.look(state.detailed(), PATIENCE) {
            state.take(snapshot, start.elapsed());
        }
        if screen.draw(|frame| draw::draw(frame, &mut state)).is_err() {
            // The terminal is gone; the run is not.
            return;
        }
    }
}

/// Waits for the next look, and takes what is said meanwhile. False: it was the last.
fn hear(news: &Receiver<String>, state: &mut State) -> bool {
    let until = Instant::now() + INTERVAL;
    loop {
        match news.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(text) => state.hear(text),
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

fn tell(control: &Control, wish: Wish) {
    match wish {
        Wish::Pause => control.pause(),
        Wish::Resume => control.resume(),
        Wish::Slots(by) => control.change_slots(by),
        Wish::Kill(number) => control.kill(number),
        Wish::Restart(number) => control.restart(number),
        Wish::Quit => control.interrupt(),
        Wish::KillAll => control.quit(),
    }
}
