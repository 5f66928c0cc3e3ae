//! What an attempt prints, on its way to our own outputs: as it is, or each line with a tag before it.

use std::io::{self, Write as _};

use super::{AskError, Out};

/// The outputs of a task.
pub(super) const STREAMS: [&str; 2] = ["stdout", "stderr"];

/// One attempt's outputs, as far as they have come.
#[derive(Default)]
pub(super) struct Printed {
    /// None: they are passed on as they are.
    tag: Option<String>,
    /// How much of each stream has come, in bytes.
    had: [u64; 2],
    /// The line of each that has begun and not ended; with tags alone.
    begun: [Vec<u8>; 2],
}

impl Printed {
    pub(super) fn new(tag: Option<String>) -> Self {
        Self { tag, ..Self::default() }
    }

    /// Where what is still to come of a stream begins.
    pub(super) fn had(&self, stream: usize) -> u64 {
        self.had[stream]
    }

    /// More of a stream.
    pub(super) fn more(&mut self, stream: usize, bytes: &[u8], out: &mut Out) -> Result<(), AskError> {
        self.had[stream] += bytes.len() as u64;
        let Some(tag) = &self.tag else { return pass_on(stream, bytes, out) };
        let begun = &mut self.begun[stream];
        begun.extend_from_slice(bytes);
        let Some(end) = begun.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        let rest = begun.split_off(end + 1);
        let lines = std::mem::replace(begun, rest);
        lines.split_inclusive(|byte| *byte == b'\n').try_for_each(|line| pass_on(stream, &tagged(tag, line), out))
    }

    /// There is no more: a line that has not ended ends now.
    pub(super) fn end(mut self, out: &mut Out) -> Result<(), AskError> {
        for stream in 0..STREAMS.len() {
            if !self.begun[stream].is_empty() {
                self.more(stream, b"\n", out)?;
            }
        }
        Ok(())
    }
}

fn tagged(tag: &str, line: &[u8]) -> Vec<u8> {
    [tag.as_bytes(), b"\t", line].concat()
}

/// In the order in which they came, where both go to the same place.
fn pass_on(stream: usize, bytes: &[u8], out: &mut Out) -> Result<(), AskError> {
    if stream == 0 {
        out.write_all(bytes)?;
    } else if !bytes.is_empty() {
        out.flush()?;
        io::stderr().write_all(bytes)?;
    }
    Ok(())
}
