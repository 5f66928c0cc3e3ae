//! What an outcome means for a run: did the command succeed, did it fail, or was it we who stopped it?

use std::time::Duration;

use ganger::{CommandEnd, Ending, Exceeded, Exit, NotStarted, Outcome};

use crate::observer::Cause;

/// How a command ended, as a run sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// With status 0, after so long.
    Succeeded(Option<Duration>),
    Failed(Cause),
    /// It did not begin, or was ended, because the run was over.
    Stopped,
    /// The pool failed under it: why.
    PoolFailed(String),
}

impl Verdict {
    /// The same of a task that was fed to a program: a worker that died did so for the program's fault, if that was told.
    pub(crate) fn of_program(self, fault: Option<&str>) -> Self {
        match (self, fault) {
            (Verdict::Failed(Cause::Crashed(_)), Some(why)) => Verdict::Failed(Cause::Program(why.to_owned())),
            (verdict, _) => verdict,
        }
    }
}

/// Why we cancelled a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doom {
    /// It ran for too long.
    Expired,
    /// There was too little memory for it and the others.
    Evicted,
    /// Somebody who holds the run wanted it.
    Killed,
    /// Somebody wanted it, and that it be run once more.
    Again,
}

/// Judges an outcome. `end`: what its command told, if there was one; `limit`: how long it was allowed to run; `doom`: why we
/// cancelled it, if we did.
pub(crate) fn judge(
    outcome: Outcome,
    end: Option<&CommandEnd>,
    limit: Option<Duration>,
    doom: Option<Doom>,
) -> Verdict {
    let timed_out = |told: Duration| Cause::TimedOut(limit.unwrap_or(told));
    let cause = match Ending::of(outcome, end) {
        Ending::Succeeded => return Verdict::Succeeded(end.map(|end| end.wall)),
        Ending::Exited(exit) => Cause::Exit(exit),
        Ending::Exceeded(Exceeded::Memory { limit, peak }) => Cause::OutOfMemory { limit, peak, before: Vec::new() },
        Ending::Exceeded(Exceeded::CpuTime { limit }) => Cause::CpuTime(limit),
        Ending::TimedOut(told) => timed_out(told),
        Ending::Error(why) => Cause::Error(why),
        Ending::Panicked(panic) => Cause::NotStarted(format!("its worker failed: {}", panic.message)),
        Ending::NotStarted(why) => Cause::NotStarted(why),
        Ending::Crashed(exits) => Cause::Crashed(exits),
        Ending::Cancelled if doom == Some(Doom::Expired) => timed_out(Duration::ZERO),
        Ending::Cancelled if matches!(doom, Some(Doom::Killed | Doom::Again)) => Cause::Killed,
        Ending::Cancelled | Ending::Unbegun(NotStarted::Terminated) => return Verdict::Stopped,
        Ending::Unbegun(NotStarted::PoolFailed(failure)) => return Verdict::PoolFailed(failure.to_string()),
    };
    Verdict::Failed(cause)
}

/// Whether a command may have ended in this way because it was told to.
pub(crate) fn is_our_doing(cause: &Cause) -> bool {
    match cause {
        Cause::Exit(exit) => matches!(exit, Exit::Signal { .. }),
        Cause::TimedOut(_) | Cause::Crashed(_) | Cause::Program(_) | Cause::Killed => true,
        Cause::NotStarted(_) | Cause::Error(_) | Cause::OutOfMemory { .. } | Cause::CpuTime(_) => false,
    }
}

/// Whether it ended because nobody read what it printed.
pub(crate) fn is_broken_pipe(cause: &Cause) -> bool {
    const SIGPIPE: i32 = 13;
    matches!(cause, Cause::Exit(Exit::Signal { number: SIGPIPE, .. }))
}

#[cfg(test)]
mod tests {
    use ganger::{Failure, FailureKind};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(3);
    const TERM: Exit = Exit::Signal { number: 15, core: false };

    fn failed(kind: FailureKind) -> Outcome {
        Outcome::Failed(Failure { kind, message: "why".to_owned(), value: None })
    }

    #[test]
    fn outcomes_are_judged() {
        let told = Duration::from_secs(8);
        let timed_out = |limit| Verdict::Failed(Cause::TimedOut(limit));
        let expired = Some(Doom::Expired);
        // Outcome, the limit that we set, why we cancelled it.
        let table = [
            (Outcome::Returned(Vec::new()), None, None, Verdict::Succeeded(None)),
            (failed(FailureKind::Spawn), None, None, Verdict::Failed(Cause::NotStarted("why".to_owned()))),
            (failed(FailureKind::Stopped), Some(LIMIT), None, timed_out(LIMIT)),
            (Outcome::TimedOut(told), Some(LIMIT), None, timed_out(LIMIT)),
            (Outcome::TimedOut(told), None, None, timed_out(told)),
            (Outcome::Crashed(vec![TERM]), None, None, Verdict::Failed(Cause::Crashed(vec![TERM]))),
            (Outcome::Cancelled, Some(LIMIT), expired, timed_out(LIMIT)),
            (Outcome::Cancelled, None, Some(Doom::Evicted), Verdict::Stopped),
            (Outcome::Cancelled, None, Some(Doom::Killed), Verdict::Failed(Cause::Killed)),
            (Outcome::Returned(Vec::new()), None, Some(Doom::Again), Verdict::Succeeded(None)),
            (Outcome::Cancelled, Some(LIMIT), None, Verdict::Stopped),
            (Outcome::NotStarted(NotStarted::Terminated), None, None, Verdict::Stopped),
        ];
        for (outcome, limit, doom, verdict) in table {
            assert_eq!(judge(outcome.clone(), None, limit, doom), verdict, "{outcome:?}");
        }
    }

    #[test]
    fn what_we_ended_is_told_from_what_failed_by_itself() {
        for (cause, ours) in [
            (Cause::Exit(TERM), true),
            (Cause::Exit(Exit::Code(1)), false),
            (Cause::Crashed(Vec::new()), true),
            (Cause::TimedOut(LIMIT), true),
            (Cause::NotStarted("why".to_owned()), false),
        ] {
            assert_eq!(is_our_doing(&cause), ours, "{cause:?}");
        }
        assert!(is_broken_pipe(&Cause::Exit(Exit::Signal { number: 13, core: false })));
        assert!(!is_broken_pipe(&Cause::Exit(TERM)) && !is_broken_pipe(&Cause::Exit(Exit::Code(13))));
    }
}
