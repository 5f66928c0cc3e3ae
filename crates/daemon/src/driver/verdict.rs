//! What an outcome makes of a task.

use ganger::{CommandEnd, Exceeded, Exit, Failure, FailureKind, NotStarted, Outcome, command_end};
use ganger_store::{Claim, End, Fate, State, Usage};

/// How an attempt ended, and what it used.
pub(super) fn judge(outcome: &Outcome, fault: Option<String>) -> (End, Usage) {
    let told = command_end(outcome);
    let end = match outcome {
        Outcome::Returned(_) => End::Exit(0),
        Outcome::Failed(failure) => failed(failure, told.as_ref()),
        Outcome::Panicked(panic) => End::NotStarted(format!("its worker failed: {}", panic.message)),
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
