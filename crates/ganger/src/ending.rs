//! How a task ended, from the two that tell of it: its outcome, and, of a command, what its worker saw of its end.

use std::time::Duration;

use ganger_proto::outcome::{CommandEnd, Exceeded, Exit, Failure, FailureKind, NotStarted, Outcome, Panic};

/// How a task ended. Whoever keeps books of tasks goes by it, so that an ending means the same in all of them.
///
/// ```
/// use ganger::{Ending, Failure, FailureKind, Outcome};
///
/// let failure = Failure { kind: FailureKind::Spawn, message: "no such file".to_owned(), value: None };
/// assert_eq!(Ending::of(Outcome::Failed(failure), None), Ending::NotStarted("no such file".to_owned()));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// It did what it should: the function returned, the command ended with status 0.
    Succeeded,
    /// Its command ended with another status than 0, or by a signal.
    Exited(Exit),
    /// Its command used more than it may, and was killed for it.
    Exceeded(Exceeded),
    /// It ran for longer than it may: its limit, where its worker was killed for it; how long it ran, where it ended when
    /// asked to, and nought if it has not told.
    TimedOut(Duration),
    /// Its own error.
    Error(String),
    /// It panicked.
    Panicked(Panic),
    /// What kept it from being called, or its result from being told.
    NotStarted(String),
    /// Its worker died under it, on every attempt; how each of them ended, the last one last.
    Crashed(Vec<Exit>),
    /// It was called off.
    Cancelled,
    /// It never ran, and nobody had called it off.
    Unbegun(NotStarted),
}

impl Ending {
    /// Of an outcome; `told`: how its command ended, if it is one ([`command_end`](crate::command_end)).
    #[must_use]
    pub fn of(outcome: Outcome, told: Option<&CommandEnd>) -> Self {
        match outcome {
            Outcome::Returned(_) => Self::Succeeded,
            Outcome::Failed(failure) => failed(failure, told),
            Outcome::Panicked(panic) => Self::Panicked(panic),
            Outcome::Crashed(exits) => Self::Crashed(exits),
            Outcome::TimedOut(limit) => Self::TimedOut(limit),
            Outcome::Cancelled => Self::Cancelled,
            Outcome::NotStarted(why) => Self::Unbegun(why),
        }
    }
}

/// A command that ran failed by its exit, or for what it used; anything else kept it from running, and says so in words.
fn failed(failure: Failure, told: Option<&CommandEnd>) -> Ending {
    match (told, failure.kind) {
        (_, FailureKind::Stopped) => Ending::TimedOut(told.map_or(Duration::ZERO, |end| end.wall)),
        (Some(CommandEnd { exceeded: Some(exceeded), .. }), _) => Ending::Exceeded(*exceeded),
        (Some(CommandEnd { exit, .. }), _) => Ending::Exited(*exit),
        (None, FailureKind::Task) => Ending::Error(failure.message),
        (None, _) => Ending::NotStarted(failure.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_told_says_why_it_failed() {
        let failure = |kind| Outcome::Failed(Failure { kind, message: "why".to_owned(), value: None });
        let (wall, exit) = (Duration::from_secs(8), Exit::Signal { number: 9, core: false });
        let told = |exceeded| CommandEnd {
            exit,
            wall,
            user: Duration::ZERO,
            system: Duration::ZERO,
            max_rss: 0,
            peak: None,
            exceeded,
        };
        let memory = Exceeded::Memory { limit: 1, peak: 2 };
        for (kind, exceeded, ending) in [
            (FailureKind::Command, None, Ending::Exited(exit)),
            (FailureKind::Exceeded, Some(memory), Ending::Exceeded(memory)),
            // It may have been killed for its memory while it ended: it was asked to because of its time.
            (FailureKind::Stopped, Some(memory), Ending::TimedOut(wall)),
        ] {
            assert_eq!(Ending::of(failure(kind), Some(&told(exceeded))), ending, "{kind:?}");
        }
        assert_eq!(Ending::of(failure(FailureKind::Stopped), None), Ending::TimedOut(Duration::ZERO));
        assert_eq!(Ending::of(failure(FailureKind::Task), None), Ending::Error("why".to_owned()));
    }
}
