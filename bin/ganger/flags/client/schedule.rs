//! Jobs that are handed in by the clock.

use clap::{Args, Subcommand};

use super::{AddFlags, ServiceFlags, examples};

/// Jobs that a service hands in by itself, by the clock.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ScheduleFlags {
    /// None: list
    #[command(subcommand)]
    pub(crate) verb: Option<ScheduleVerb>,

    #[command(flatten)]
    pub(crate) service: ServiceFlags,
}

/// What is done with schedules.
#[derive(Debug, Subcommand)]
pub(crate) enum ScheduleVerb {
    /// List them, and when each is next
    #[command(after_long_help = examples::SCHEDULE)]
    List {
        #[command(flatten)]
        service: ServiceFlags,
    },
    #[command(after_long_help = examples::SCHEDULE)]
    Add(Box<AddFlags>),
    /// Forget one; its jobs stay
    #[command(after_long_help = examples::SCHEDULE)]
    Remove(ScheduledFlags),
    /// Hold one: its times pass
    #[command(after_long_help = examples::SCHEDULE)]
    Pause(ScheduledFlags),
    /// Let one go on
    #[command(after_long_help = examples::SCHEDULE)]
    Resume(ScheduledFlags),
    /// Hand its job in now, beside its times
    #[command(after_long_help = examples::SCHEDULE)]
    Run(ScheduledFlags),
}

/// A schedule.
#[derive(Debug, Args)]
pub(crate) struct ScheduledFlags {
    #[command(flatten)]
    pub(crate) service: ServiceFlags,

    /// What it is called
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}
