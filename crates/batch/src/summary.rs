//! How a run ended, in numbers, and as an exit status.
//!
//! | status | meaning |
//! |---|---|
//! | 0 | every command succeeded |
//! | 1 … 100 | so many commands failed |
//! | 101 | more than 100 did |
//! | 130 | interrupted |
//! | 131 | quit: killed by SIGQUIT, as the shell tells of it |
//! | 141 | nobody read the output any more (as the shell tells of a SIGPIPE) |
//! | 255 | an error of Ganger itself: an [`Error`](crate::Error) in place of a summary |

/// How many inputs went which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The command ended with status 0.
    pub succeeded: u64,
    /// It ended otherwise, or could not be started.
    pub failed: u64,
    /// It had begun, and was stopped by a halt or an interrupt. Inputs whose command never began are not counted.
    pub stopped: u64,
    /// It had succeeded in an earlier run, and was left out.
    pub skipped: u64,
    /// Jobs, not inputs: they did not begin, since one that they wait for failed, or since the run ended before.
    pub unreached: u64,
}

/// Why a run was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// There are no more inputs.
    Complete,
    /// A [`Halt`](crate::Halt) was reached.
    Halted,
    /// By a signal.
    Interrupted,
    /// By SIGQUIT.
    Quit,
    /// Nobody reads our output any more.
    OutputClosed,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many inputs went which way.
    pub counts: Counts,
    /// Why it was over.
    pub end: End,
}

impl Summary {
    /// The status to exit with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.end {
            End::Complete | End::Halted => u8::try_from(self.counts.failed.min(101)).unwrap_or(101),
            End::Interrupted => 130,
            End::Quit => 131,
            End::OutputClosed => 141,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_status_counts_failures() {
        let table = [
            (0, End::Complete, 0),
            (3, End::Complete, 3),
            (100, End::Complete, 100),
            (101, End::Complete, 101),
            (100_000, End::Complete, 101),
            (1, End::Halted, 1),
            (0, End::Halted, 0),
            (3, End::Interrupted, 130),
            (3, End::Quit, 131),
            (3, End::OutputClosed, 141),
        ];
        for (failed, end, code) in table {
            let summary = Summary { counts: Counts { failed, ..Counts::default() }, end };
            assert_eq!(summary.exit_code(), code, "{summary:?}");
        }
    }
}
