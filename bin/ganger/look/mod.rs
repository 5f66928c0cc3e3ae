//! What was recorded, looked at: one file a verb. Data goes to standard output, all else to standard error.

mod error;
pub(crate) mod plain;
mod rows;
mod command;
mod ls;
mod job;
mod task;
mod logs;
mod replay;
mod report;
mod retention;
mod damage;

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use ganger_store::{Job, Reader, Task};
use serde::Serialize;

use crate::client;
use crate::flags::look::{JobFlags, Look, ShowFlags, StoreFlags, TaskName};
use crate::show;
use error::LookError;

/// As the shell tells of a SIGPIPE: nobody reads any more.
const CLOSED: u8 = 141;

/// Standard output.
type Out = BufWriter<File>;

/// Does what such a verb says: its exit status.
pub(crate) fn look(verb: Look) -> Result<u8, Box<dyn Display>> {
    if let Look::Logs(flags) = &verb
        && flags.is_of_service()
    {
        return client::logs(flags);
    }
    if let Look::Forget(flags) = &verb
        && flags.is_of_service()
    {
        return client::forget(flags);
    }
    match attempt(verb) {
        Ok(status) => Ok(status),
        Err(error) if error.is_closed() => Ok(CLOSED),
        Err(error) => Err(Box::new(error)),
    }
}

fn attempt(verb: Look) -> Result<u8, LookError> {
    let mut out = BufWriter::new(show::stdout()?);
    let status = match verb {
        Look::Ls(flags) => ls::ls(&flags, &mut out)?,
        Look::Show(flags) => show(&flags, &mut out)?,
        Look::Logs(flags) => logs::logs(&flags, &mut out)?,
        Look::Replay(flags) => replay::replay(&flags, &mut out)?,
        Look::Report(flags) => report::report(&flags, &mut out)?,
        Look::Forget(flags) => retention::forget(&flags, &mut out)?,
        Look::Vacuum(flags) => retention::vacuum(&flags, &mut out)?,
        Look::Check(flags) => damage::check(&flags, &mut out)?,
        Look::Salvage(flags) => damage::salvage(&flags, &mut out)?,
    };
    out.flush()?;
    Ok(status)
}

fn show(flags: &ShowFlags, out: &mut Out) -> Result<u8, LookError> {
    let (reader, job) = open_job(&flags.of)?;
    match flags.task {
        None => job::show(&reader, &job, flags, out),
        Some(name) => task::show(&reader, &job, &find(&reader, &job, name)?, flags.of.store.json, out),
    }
}

/// The store that was named.
fn file(flags: &StoreFlags) -> Result<&Path, LookError> {
    flags.store.as_deref().ok_or(LookError::NoStore)
}

fn open(flags: &StoreFlags) -> Result<Reader, LookError> {
    Ok(Reader::open(file(flags)?)?)
}

/// The job that was named, with its store.
fn open_job(flags: &JobFlags) -> Result<(Reader, Job), LookError> {
    let reader = open(&flags.store)?;
    let job = reader.job(&flags.job)?;
    Ok((reader, job))
}

/// The task that was named.
fn find(reader: &Reader, job: &Job, name: TaskName) -> Result<Task, LookError> {
    let mut found = match name {
        TaskName::Id(id) => reader.task(job.id, id)?.into_iter().collect(),
        TaskName::Number(number) => reader.tasks_numbered(job.id, number)?,
    };
    match (found.len(), found.pop()) {
        (1, Some(task)) => Ok(task),
        (_, None) => Err(LookError::NoTask { job: job.name.clone(), name }),
        (_, Some(last)) => {
            found.push(last);
            Err(LookError::SeveralTasks { job: job.name.clone(), tasks: found })
        }
    }
}

/// One JSON document on a line of its own.
fn json(out: &mut Out, document: &impl Serialize) -> Result<(), LookError> {
    serde_json::to_writer(&mut *out, document).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}
