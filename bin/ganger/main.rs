//! The command `ganger`: what was typed → what will be done → doing it → an exit status.

mod flags;
mod jobs;
mod limits;
mod plan;
mod stdin;
mod program;
mod record;
mod worker;
mod verbs;
mod look;
mod show;
mod console;
mod progress;
mod tui;

use std::process::ExitCode;

use clap::Parser;

use crate::flags::{Flags, Verb};

fn main() -> ExitCode {
    ganger::init();
    show::start_logging();
    let status = match Flags::try_parse() {
        Ok(Flags { verb: Verb::Run(flags) }) => verbs::run(*flags).unwrap_or_else(|error| show::error(&error)),
        Ok(Flags { verb: Verb::Look(look) }) => look::look(look).unwrap_or_else(|error| show::error(&error)),
        Err(unclear) => show::usage(&unclear),
    };
    ExitCode::from(status)
}
