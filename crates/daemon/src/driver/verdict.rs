//! What an outcome makes of a task.

use ganger::{CommandEnd, Exceeded, Exit, Failure, FailureKind, NotStarted, Outcome, Panic};
use ganger_store::{Claim, End, Fate, State, Usage};

/// How an attempt ended, and what it used, as its command has `told`.
pub(super) fn judge(outcome: &Outcome, told: Option<CommandEnd>, fault: Option<String>) -> (End, Usage) {
    let end = match outcome {
        Outcome::Returned(_) => End::Exit(0),
        Outcome::Failed(failure) => failed(failure, told.as_ref()),
        Outcome::Panicked(panic) => End::Error(panicked(panic)),
        Outcome::Crashed(exits) => crashed(exits, fault),
        Outcome::TimedOut(_) => End::TimeLimit,
        Outcome::Cancelled | Outcome::NotStarted(NotStarted::Terminated | NotStarted::PoolFailed(_)) => End::Stopped,
    };
    (end, told.map_or_else(Usage::default, used))
}

/// What comes after an attempt that ended so. One that was stopped is taken back; of a cancelled job the store stops it.
pub(super) fn fate(claim: &Claim, end: &End) -> Fate {
    let again = match end {
        End::Exit(0) => return Fate::Over(State::Succeeded),
        End::Stopped => return Fate::Back,
        End::Crashed(_) => claim.may_be_lost_again(),
        End::Exit(_)
        | End::Signal(_)
        | End::OutOfMemory
        | End::TimeLimit
        | End::CpuLimit
        | End::Error(_)
        | End::NotStarted(_) => claim.may_fail_again(),
    };
    if again { Fate::Again } else { Fate::Over(State::Failed) }
}

fn failed(failure: &Failure, told: Option<&CommandEnd>) -> End {
    match (told, failure.kind) {
        (_, FailureKind::Stopped) => End::TimeLimit,
        (Some(CommandEnd { exceeded: Some(Exceeded::Memory { .. }), .. }), _) => End::OutOfMemory,
        (Some(CommandEnd { exceeded: Some(Exceeded::CpuTime { .. }), .. }), _) => End::CpuLimit,
        (Some(CommandEnd { exit, .. }), _) => exited(*exit),
        (None, FailureKind::Task) => End::Error(failure.message.clone()),
        (None, _) => End::NotStarted(failure.message.clone()),
    }
}

fn panicked(panic: &Panic) -> String {
    format!("panicked at {}: {}", panic.location.as_deref().unwrap_or("an unknown place"), panic.message)
}

fn exited(exit: Exit) -> End {
    match exit {
        Exit::Code(code) => End::Exit(code),
        Exit::Signal { number, .. } => End::Signal(number),
        Exit::OutOfMemory => End::OutOfMemory,
        Exit::Misbehaved => End::Crashed(exit.to_string()),
    }
}

fn crashed(exits: &[Exit], fault: Option<String>) -> End {
    match (exits.last(), fault) {
        (Some(Exit::OutOfMemory), _) => End::OutOfMemory,
        (_, Some(why)) => End::Crashed(why),
        (Some(exit), None) => End::Crashed(format!("its worker died: {exit}")),
        (None, None) => End::Crashed("its worker died".to_owned()),
    }
}

fn used(end: CommandEnd) -> Usage {
    let CommandEnd { wall, user, system, max_rss, peak, .. } = end;
    Usage { wall, user, system, max_rss, peak: peak.unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use ganger_store::{AttemptId, JobId, Policy, QueueId, RunId, TaskId};

    use super::*;

    fn claim(number: u32, policy: Policy) -> Claim {
        Claim {
            task: TaskId(1),
            job: JobId(1),
            run: RunId(1),
            queue: QueueId(1),
            attempt: AttemptId(1),
            number,
            handed_in: SystemTime::UNIX_EPOCH,
            began: SystemTime::UNIX_EPOCH,
            policy,
            command: Vec::new(),
            args: Vec::new(),
            directory: Vec::new(),
            environment: Vec::new(),
        }
    }

    fn failed(kind: FailureKind) -> Outcome {
        Outcome::Failed(Failure { kind, message: "why".to_owned(), value: None })
    }

    #[test]
    fn outcomes_are_judged() {
        let killed = Exit::Signal { number: 9, core: false };
        for (outcome, end) in [
            (Outcome::Returned(Vec::new()), End::Exit(0)),
            (failed(FailureKind::Task), End::Error("why".to_owned())),
            (failed(FailureKind::Spawn), End::NotStarted("why".to_owned())),
            (failed(FailureKind::Stopped), End::TimeLimit),
            (Outcome::TimedOut(Duration::ZERO), End::TimeLimit),
            (Outcome::Crashed(vec![killed]), End::Crashed(format!("its worker died: {killed}"))),
            (Outcome::Crashed(vec![killed, Exit::OutOfMemory]), End::OutOfMemory),
            (Outcome::Cancelled, End::Stopped),
            (Outcome::NotStarted(NotStarted::Terminated), End::Stopped),
        ] {
            assert_eq!(judge(&outcome, None, None).0, end, "{outcome:?}");
        }
        let told = judge(&Outcome::Crashed(vec![killed]), None, Some("w.py answered garbage".to_owned()));
        assert_eq!(told.0, End::Crashed("w.py answered garbage".to_owned()));
    }

    #[test]
    fn attempts_are_counted_by_what_they_ended_of() {
        let policy = Policy { failures: 2, losses: 3, ..Policy::default() };
        let (over, crashed) = (Fate::Over(State::Failed), End::Crashed(String::new()));
        for (number, end, wanted) in [
            (1, End::Exit(0), Fate::Over(State::Succeeded)),
            (1, End::Exit(1), Fate::Again),
            (2, End::Exit(1), over),
            (2, crashed.clone(), Fate::Again),
            (3, crashed, over),
            (1, End::TimeLimit, Fate::Again),
            (9, End::Stopped, Fate::Back),
        ] {
            assert_eq!(fate(&claim(number, policy), &end), wanted, "attempt {number}: {end:?}");
        }
    }
}
