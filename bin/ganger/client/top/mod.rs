//! `ganger top`: what a service does, as it does it.
//!
//! ```text
//!  keyboard ──► State ──► Wish ──► asker (a thread: it has the connection) ──► ganger serve
//!  terminal ◄── draw ◄── State ◄── Look ──┘ each --every
//! ```
//! So a service that is slow, or away for a moment, holds up neither keys nor drawing.

mod look;
mod state;
mod draw;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use look::Look;
use state::{State, Wish};

use super::service::Service;
use super::{AskError, Out};
use crate::flags::client::TopFlags;
use crate::tui::Screen;

/// From one look at the keyboard to the next.
const INTERVAL: Duration = Duration::from_millis(50);

pub(super) fn top(flags: &TopFlags, out: &mut Out) -> Result<u8, AskError> {
    let mut service = Service::open(&flags.service.door)?;
    // A terminal that cannot be drawn on has lines as well.
    let screen = if io::stdout().is_terminal() && !flags.service.json { Screen::open().ok() } else { None };
    match screen {
        Some(screen) => draw_all(screen, service, flags),
        None => lines(&mut service, flags, out),
    }
    .map(|()| 0)
}

/// A line for each look.
fn lines(service: &mut Service, flags: &TopFlags, out: &mut Out) -> Result<(), AskError> {
    let mut left = flags.looks.unwrap_or(u64::MAX);
    while left > 0 {
        let look = service.patiently(|service| Look::at(service, None))?;
        match flags.service.json {
            true => writeln!(out, "{}", look.said)?,
            false => writeln!(out, "{}", look.line())?,
        }
        out.flush()?;
        left -= 1;
        if left > 0 {
            thread::sleep(flags.every);
        }
    }
    Ok(())
}

fn draw_all(mut screen: Screen, service: Service, flags: &TopFlags) -> Result<(), AskError> {
    let (wishes, heard) = channel();
    let (told, news) = channel();
    let every = flags.every;
    let asker = thread::Builder::new().name("asker".to_owned());
    // It is not waited for: it may be in the middle of an answer.
    drop(asker.spawn(move || keep_asking(service, every, &heard, &told))?);
    let mut state = State::default();
    let mut looks = 0;
    while flags.looks.is_none_or(|most| looks < most) {
        match news.recv_timeout(INTERVAL) {
            Ok(News::Look(look)) => {
                state.take(look);
                looks += 1;
            }
            Ok(News::Message(text)) => state.message = text,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        for key in screen.keys() {
            match state.press(key) {
                Some(Wish::Quit) => return Ok(()),
                Some(wish) => drop(wishes.send(wish)),
                None => {}
            }
        }
        screen.draw(|frame| draw::draw(frame, &state))?;
    }
    Ok(())
}

/// What the asker has to say.
enum News {
    Look(Look),
    Message(String),
}

/// Until nobody hears it any more. What is wished for is done at once.
fn keep_asking(mut service: Service, every: Duration, wishes: &Receiver<Wish>, news: &Sender<News>) {
    let mut open = None;
    loop {
        let look = Look::at(&mut service, open).map_or_else(|error| News::Message(error.to_string()), News::Look);
        if news.send(look).is_err() {
            return;
        }
        match wishes.recv_timeout(every) {
            Ok(Wish::Open(job)) => open = job,
            Ok(wish) => {
                let done = wish.path().map(|path| service.order(&path));
                if let Some(Err(error)) = done {
                    drop(news.send(News::Message(error.to_string())));
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
