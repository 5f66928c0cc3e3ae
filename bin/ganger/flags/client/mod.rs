//! What is asked of a service. One file a kind of wish.

mod door;
mod submit;
mod jobs;
mod schedule;

use clap::{Args, Subcommand};

pub(crate) use door::{DoorFlags, ServiceFlags};
pub(crate) use jobs::{DeadFlags, HoldFlags, StatusFlags, Target, TargetFlags, WaitFlags};
pub(crate) use schedule::{ScheduleFlags, ScheduleVerb, ScheduledFlags};
pub(crate) use submit::{AddFlags, AppendFlags, SubmitFlags, WishFlags};

use super::examples;

/// The verbs that ask a service.
#[derive(Debug, Subcommand)]
pub(crate) enum Ask {
    #[command(after_long_help = examples::SUBMIT)]
    Submit(Box<SubmitFlags>),
    #[command(after_long_help = examples::APPEND)]
    Append(Box<AppendFlags>),
    #[command(after_long_help = examples::STATUS)]
    Status(StatusFlags),
    #[command(after_long_help = examples::WAIT)]
    Wait(WaitFlags),
    /// End jobs of a service, or single tasks: what waits never begins, what runs is ended
    #[command(after_long_help = examples::CANCEL)]
    Cancel(TargetFlags),
    /// Let what failed or was cancelled wait again, with attempts as at first
    #[command(after_long_help = examples::RETRY)]
    Retry(TargetFlags),
    /// Hold jobs or queues of a service: nothing of them begins, what runs goes on
    #[command(after_long_help = examples::PAUSE)]
    Pause(HoldFlags),
    /// Let jobs or queues of a service go on that were paused
    #[command(after_long_help = examples::RESUME)]
    Resume(HoldFlags),
    /// List a service's queues, and how long they are
    #[command(after_long_help = examples::QUEUES)]
    Queues(QueuesFlags),
    #[command(after_long_help = examples::TOP)]
    Top(TopFlags),
    #[command(after_long_help = examples::DEAD)]
    Dead(DeadFlags),
    #[command(after_long_help = examples::SCHEDULE)]
    Schedule(ScheduleFlags),
    /// Let a service end: nothing more begins, what runs may finish, what waits is kept
    #[command(after_long_help = examples::DRAIN)]
    Drain(QueuesFlags),
}

/// Nothing but which service.
#[derive(Debug, Args)]
pub(crate) struct QueuesFlags {
    #[command(flatten)]
    pub(crate) service: ServiceFlags,
}

/// Show what a service does, as it does it: queues, and the newest jobs.
///
/// On a terminal it is redrawn and has keys: Up and Down select a job, Enter shows what runs
/// and what failed of it, p pauses it and lets it go on, c cancels it, r tries
/// again what failed of it, q quits. Elsewhere a line is printed every --every.
#[derive(Debug, Args)]
pub(crate) struct TopFlags {
    /// From one look to the next
    #[arg(long, value_name = "TIME", value_parser = ganger_batch::parse_duration, default_value = "1s")]
    pub(crate) every: std::time::Duration,

    /// So many looks, and then end [default: until q or Ctrl-C]
    #[arg(long, value_name = "N")]
    pub(crate) looks: Option<u64>,

    #[command(flatten)]
    pub(crate) service: ServiceFlags,
}
