//! How a run is at one moment.

use std::collections::VecDeque;
use std::time::Duration;

use crate::observer::Progress;

/// How a run is at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// How far it is.
    pub progress: Progress,
    /// What runs, by slot.
    pub running: Vec<InHand>,
    /// What has ended since somebody looked last, the newest last; only so many of those.
    pub ended: Vec<Ended>,
    /// What the command that was asked for has printed last.
    pub detail: Vec<u8>,
}

/// A command that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InHand {
    /// The number of its input, from 1.
    pub number: u64,
    /// Its input.
    pub input: Vec<u8>,
    /// In which slot, from 1.
    pub slot: u32,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// For how long.
    pub time: Duration,
    /// The process of its worker.
    pub worker: Option<u32>,
    /// The last line that it printed, or what there is of it. Not where commands print past us.
    pub last_line: Vec<u8>,
}

impl InHand {
    /// Its own processes, as far as the kernel lists them: those that its worker has started.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        let children = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok();
        let listed = self.worker.and_then(children).unwrap_or_default();
        listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
    }
}

/// A command that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The number of its input, from 1.
    pub number: u64,
    /// Its input.
    pub input: Vec<u8>,
    /// How long its last attempt took.
    pub time: Duration,
    /// Why it failed; none if it succeeded.
    pub failure: Option<String>,
    /// The last line that it printed.
    pub last_line: Vec<u8>,
}

/// The last bytes that a command has printed.
#[derive(Debug, Default)]
pub(crate) struct Tail(VecDeque<u8>);

/// How much of it is looked for a last line.
const LINE: usize = 512;

impl Tail {
    /// How much is kept where nobody asks for more than a line.
    pub(crate) const SHORT: usize = LINE;
    /// How much is kept where somebody may want to read it.
    pub(crate) const LONG: usize = 64 << 10;

    pub(crate) fn add(&mut self, bytes: &[u8], most: usize) {
        let bytes = &bytes[bytes.len().saturating_sub(most)..];
        let over = (self.0.len() + bytes.len()).saturating_sub(most);
        self.0.drain(..over.min(self.0.len()));
        self.0.extend(bytes);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn all(&self) -> Vec<u8> {
        self.0.iter().copied().collect()
    }

    /// The last line that is not empty.
    pub(crate) fn last_line(&self) -> Vec<u8> {
        let end: Vec<u8> = self.0.iter().skip(self.0.len().saturating_sub(LINE)).copied().collect();
        let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
        end.split(is_break).rfind(|line| !line.is_empty()).unwrap_or_default().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_short_and_ends_with_the_last() {
        let mut tail = Tail::default();
        assert_eq!(tail.last_line(), b"");
        tail.add(b"one\ntwo", 8);
        tail.add(b" and\n\n", 8);
        assert_eq!((tail.all(), tail.last_line()), (b"wo and\n\n".to_vec(), b"wo and".to_vec()));
        tail.add(&[b'x'; 100], 8);
        assert_eq!(tail.all(), [b'x'; 8]);
        tail.add(b"10%\r20%\r", 8);
        assert_eq!(tail.last_line(), b"20%");
        tail.clear();
        assert_eq!(tail.all(), b"");
    }
}
