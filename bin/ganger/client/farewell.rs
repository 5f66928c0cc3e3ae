//! What is said when somebody presses Ctrl-C: a job of a service goes on without those who wait for it.

use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ganger::Interrupts;

use super::AskError;
use crate::show;

/// The status of who was interrupted.
const INTERRUPTED: i32 = 130;

/// The last words. From their beginning Ctrl-C ends this process with them, and it may not be the signal's default that does.
#[derive(Clone)]
pub(super) struct Farewell(Arc<Mutex<String>>);

impl Farewell {
    pub(super) fn begin(words: String) -> Result<Self, AskError> {
        let (farewell, interrupts) = (Self(Arc::new(Mutex::new(words))), Interrupts::claim()?);
        let said = farewell.clone();
        let listen = move || {
            if interrupts.wait().is_ok() {
                show::message(format_args!("interrupted: {}", said.0.lock().unwrap_or_else(PoisonError::into_inner)));
                process::exit(INTERRUPTED);
            }
        };
        let thread = thread::Builder::new().name("farewell".to_owned()).spawn(listen);
        thread.map(|_| farewell).map_err(AskError::Write)
    }

    /// From now on they are these.
    pub(super) fn change(&self, words: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }
}
