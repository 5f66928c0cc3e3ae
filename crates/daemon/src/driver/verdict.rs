//! What an outcome makes of a task.

use ganger::{CommandEnd, Ending, Exceeded, Exit, Outcome, Panic};
use ganger_store::{Claim, End, Fate, State, Usage};

/// How an attempt ended, and what it used, as its command has `told`. `fault`: what its program did wrong, if it died of that.
pub(super) fn judge(outcome: Outcome, told: Option<CommandEnd>, fault: Option<String>) -> (End, Usage) {
    let end = match Ending::of(outcome, told.as_ref()) {
        Ending::Succeeded => End::Exit(0),
        Ending::Exited(exit) => exited(exit),
        Ending::Exceeded(Exceeded::Memory { .. }) => End::OutOfMemory,
        Ending::Exceeded(Exceeded::CpuTime { .. }) => End::CpuLimit,
        Ending::TimedOut(_) => End::TimeLimit,
        Ending::Error(why) => End::Error(why),
        Ending::Panicked(panic) => End::Error(panicked(&panic)),
        Ending::NotStarted(why) => End::NotStarted(why),
        Ending::Crashed(exits) => crashed(&exits, fault),
        Ending::Cancelled | Ending::Unbegun(_) => End::Stopped,
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

    use ganger::{Failure, FailureKind, NotStarted};
    use ganger_store::{AttemptId, JobId, Policy, QueueId, RunId, TaskId};

    use super::*;

    fn claim(number: u32, policy: Policy) -> Claim {
        Claim {
            task: TaskId(1),
            job: JobId(1),
            task_number: 1,
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
            assert_eq!(judge(outcome.clone(), None, None).0, end, "{outcome:?}");
        }
        let told = judge(Outcome::Crashed(vec![killed]), None, Some("w.py answered garbage".to_owned()));
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
