//! The command `ganger`: what was typed → what will be done → doing it → an exit status.

mod flags;
mod jobs;
mod toml;
mod config;
mod jobfile;
mod limits;
mod plan;
mod stdin;
mod program;
mod record;
mod results;
mod after;
mod worker;
mod verbs;
mod look;
mod client;
mod pages;
mod show;
mod logging;
mod console;
mod progress;
mod tui;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;

use std::process::ExitCode;

use crate::config::Unclear;
use crate::flags::{Flags, Verb};

/// What `main` does: `ganger` with the words that it was started with.
pub fn main() -> ExitCode {
    ganger::init();
    let parsed = config::parse(std::env::args_os().collect());
    logging::start(parsed.as_ref().ok().map(|(flags, _)| &flags.verb));
    let status = match parsed {
        Ok((Flags { verb: Verb::Run(flags) }, typed)) => {
            verbs::run(*flags, &typed).unwrap_or_else(|error| show::error(&error))
        }
        Ok((Flags { verb: Verb::Serve(flags) }, _)) => verbs::serve(flags).unwrap_or_else(|error| show::error(&error)),
        Ok((Flags { verb: Verb::Ask(ask) }, _)) => client::ask(ask).unwrap_or_else(|error| show::error(&error)),
        Ok((Flags { verb: Verb::Look(look) }, _)) => look::look(look).unwrap_or_else(|error| show::error(&error)),
        Ok((Flags { verb: Verb::Completions(flags) }, _)) => {
            pages::completions(&flags).unwrap_or_else(|error| show::error(&error))
        }
        Ok((Flags { verb: Verb::Man(flags) }, _)) => pages::man(&flags).unwrap_or_else(|error| show::error(&error)),
        Err(Unclear::Typed(unclear)) => show::usage(&unclear),
        Err(Unclear::Configured(fault)) => show::error(&fault),
    };
    ExitCode::from(status)
}
