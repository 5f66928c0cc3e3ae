//! A service is asked: one file a verb. Data goes to standard output, all else to standard error.
//!
//! ```text
//!  flags ──► verb ──► Service ── one request after the other ──► ganger serve
//!              │         └ connects anew where nothing can happen twice by that
//!              └──► views: what it says ──► a table, or its JSON as it came
//! ```

mod error;
mod service;
mod views;
mod farewell;
mod wish;
mod chunks;
mod submit;
mod append;
mod status;
mod wait;
mod logs;
mod tagged;
mod orders;
mod forget;
mod queues;
mod dead;
mod schedule;
mod top;

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, Write as _};

use serde_json::Value;

pub(crate) use error::AskError;

use crate::flags::client::Ask;
use crate::flags::look::{ForgetFlags, LogsFlags};
use crate::show;

/// As the shell tells of a SIGPIPE: nobody reads any more.
const CLOSED: u8 = 141;

/// Standard output.
type Out = BufWriter<File>;

/// Does what such a verb says: its exit status.
pub(crate) fn ask(verb: Ask) -> Result<u8, Box<dyn Display>> {
    told(|out| attempt(verb, out))
}

/// `ganger logs` of a service's job.
pub(crate) fn logs(flags: &LogsFlags) -> Result<u8, Box<dyn Display>> {
    told(|out| logs::logs(flags, out))
}

/// `ganger forget` of a service's jobs.
pub(crate) fn forget(flags: &ForgetFlags) -> Result<u8, Box<dyn Display>> {
    told(|_| forget::forget(flags))
}

fn told(work: impl FnOnce(&mut Out) -> Result<u8, AskError>) -> Result<u8, Box<dyn Display>> {
    let attempt = || {
        let mut out = BufWriter::new(show::stdout()?);
        let status = work(&mut out)?;
        out.flush()?;
        Ok(status)
    };
    match attempt() {
        Ok(status) => Ok(status),
        Err(error) if AskError::is_closed(&error) => Ok(CLOSED),
        Err(error) => Err(Box::new(error)),
    }
}

fn attempt(verb: Ask, out: &mut Out) -> Result<u8, AskError> {
    match verb {
        Ask::Submit(flags) => submit::submit(*flags, out),
        Ask::Append(flags) => append::append(*flags, out),
        Ask::Status(flags) => status::status(&flags, out),
        Ask::Wait(flags) => wait::wait(&flags, out),
        Ask::Cancel(flags) => orders::to_targets(&flags, "cancel", out),
        Ask::Retry(flags) => orders::to_targets(&flags, "retry", out),
        Ask::Pause(flags) => orders::hold(&flags, "pause", out),
        Ask::Resume(flags) => orders::hold(&flags, "resume", out),
        Ask::Queues(flags) => queues::queues(&flags.service, out),
        Ask::Top(flags) => top::top(&flags, out),
        Ask::Dead(flags) => dead::dead(&flags, out),
        Ask::Schedule(flags) => schedule::schedule(flags, out),
        Ask::Drain(flags) => orders::drain(&flags.service, out),
    }
}

/// What the service said, on a line.
fn json(out: &mut Out, said: &Value) -> Result<u8, AskError> {
    writeln!(out, "{said}")?;
    Ok(0)
}
