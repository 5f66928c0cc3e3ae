//! Tasks as they are handed over: as many in a request as have come, and as it may have.

use std::time::{Duration, Instant};

use ganger_batch::{Expansion, Upcoming};

use super::{AskError, wish};
use crate::plan::Expanded;
use crate::show;

/// The most tasks, and the most bytes of them, that the service takes in one request.
pub(super) const TASKS: usize = 10_000;
const BYTES: usize = 2 << 20;
/// How long inputs that have come wait for others.
const LINGER: Duration = Duration::from_secs(1);
/// How long nothing comes before it is said what is waited for.
const SILENCE: Duration = Duration::from_secs(5);

/// Tasks that go in one request.
pub(super) struct Chunk {
    pub(super) tasks: Vec<Vec<String>>,
    pub(super) is_last: bool,
}

/// What was typed, in pieces: no more than one of them is in memory.
pub(super) struct Chunks {
    inputs: Expansion,
    /// When it is said that inputs are waited for: a script may have a standard input that nobody thought of.
    silence: Option<Instant>,
}

impl Chunks {
    pub(super) fn new(expanded: Expanded) -> Self {
        Self { inputs: expanded.expansion, silence: expanded.unasked.then(|| Instant::now() + SILENCE) }
    }

    /// As many as there are and as fit. It waits for the first, and then no longer than for a while.
    pub(super) fn next(&mut self) -> Result<Chunk, AskError> {
        let (mut tasks, mut bytes, mut since) = (Vec::new(), 0, None);
        while tasks.len() < TASKS && bytes < BYTES {
            match self.inputs.upcoming()? {
                Upcoming::Words(words) => {
                    let words = wish::texts(words)?;
                    bytes += weight(&words);
                    tasks.push(words);
                    since.get_or_insert_with(Instant::now);
                }
                Upcoming::End => return Ok(Chunk { tasks, is_last: true }),
                Upcoming::NotYet => {
                    let until = since.map(|since: Instant| since + LINGER).or(self.silence);
                    let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
                    match (left.is_zero(), since) {
                        (true, Some(_)) => break,
                        (true, None) => self.explain(),
                        (false, _) => self.inputs.wait(left),
                    }
                }
            }
        }
        Ok(Chunk { tasks, is_last: false })
    }

    fn explain(&mut self) {
        self.silence = None;
        show::message("waiting for inputs on standard input; </dev/null says that there are none");
    }
}

/// How long they become as JSON.
fn weight(words: &[String]) -> usize {
    // Text is always JSON.
    serde_json::to_string(words).map_or(0, |text| text.len() + 1)
}
