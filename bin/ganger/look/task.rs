//! `ganger show JOB TASK`: one task, whole.

use std::io::Write as _;

use ganger_store::{Attempt, Job, Reader, Run, Stream, Task};
use serde::Serialize;

use super::command::recipe;
use super::error::LookError;
use super::rows::{AttemptRow, Bytes, DirectoryName, TaskRow, TextName};
use super::{Out, json, plain};

/// The document, or the page: the output of its last attempt at its end.
pub(crate) fn show(reader: &Reader, job: &Job, task: &Task, as_json: bool, out: &mut Out) -> Result<u8, LookError> {
    let attempts = reader.attempts(task.id)?;
    let run = reader.run_of(task.id, job.id)?;
    let seen = Seen { reader, job, task, run, attempts };
    if as_json {
        seen.document(out)?
    } else {
        seen.page(out)?
    }
    Ok(0)
}

struct Seen<'a> {
    reader: &'a Reader,
    job: &'a Job,
    task: &'a Task,
    run: Run,
    attempts: Vec<Attempt>,
}

impl Seen<'_> {
    /// What was run; of what a newer program wrote, the words alone.
    fn command(&self) -> String {
        match recipe(&self.run) {
            Ok(recipe) => recipe.shown(self.task),
            Err(_) => plain::line(&self.run.setting.words.join(&b' ')),
        }
    }

    fn page(&self, out: &mut Out) -> Result<(), LookError> {
        let (job, task) = (self.job, self.task);
        writeln!(out, "task {} of job {} ({}): {}", task.number, job.id.0, job.name, task.state.word())?;
        writeln!(out, "id         #{}", task.id.0)?;
        writeln!(out, "input      {}", plain::line(&task.input))?;
        writeln!(out, "command    {}", self.command())?;
        writeln!(out, "directory  {}", plain::line(&self.run.setting.directory))?;
        for (at, attempt) in self.attempts.iter().enumerate() {
            writeln!(out, "attempt {:<2} {}", at + 1, told(attempt))?;
        }
        match self.attempts.last() {
            None => Ok(writeln!(out, "attempts   none is over")?),
            Some(last) => self.output(last, out),
        }
    }

    fn output(&self, attempt: &Attempt, out: &mut Out) -> Result<(), LookError> {
        let pieces = self.reader.output(attempt.id)?;
        for (stream, name) in [(Stream::Stdout, "standard output"), (Stream::Stderr, "standard error")] {
            let bytes: Vec<u8> =
                pieces.iter().filter(|(of, _)| *of == stream).flat_map(|(_, bytes)| bytes.clone()).collect();
            if bytes.is_empty() {
                continue;
            }
            writeln!(out, "\n{name}, {}:", plain::size(bytes.len() as u64))?;
            out.write_all(&bytes)?;
            if !bytes.ends_with(b"\n") {
                writeln!(out)?;
            }
        }
        let kept: usize = pieces.iter().map(|(_, bytes)| bytes.len()).sum();
        let lost = attempt.printed.saturating_sub(kept as u64);
        if lost > 0 {
            writeln!(out, "\n(it printed {} more, which were not kept)", plain::size(lost))?;
        }
        Ok(())
    }

    fn document(&self, out: &mut Out) -> Result<(), LookError> {
        let attempts = self.attempts.iter().map(|attempt| {
            let pieces = self.reader.output(attempt.id)?;
            let output = pieces.into_iter().map(|(stream, bytes)| PieceRow::of(stream, &bytes)).collect();
            Ok(AttemptDocument { attempt: AttemptRow::of(attempt), output })
        });
        let attempts = attempts.collect::<Result<_, LookError>>()?;
        let task = TaskRow::of(self.task, self.attempts.last());
        let directory = Bytes::of(&self.run.setting.directory);
        json(out, &Document { job: self.job.id.0, task, command: self.command(), directory, attempts })
    }
}

/// An attempt on a line.
fn told(attempt: &Attempt) -> String {
    let (used, end) = (&attempt.used, plain::end(&attempt.end));
    let peak = if used.peak > 0 { format!(", peak {}", plain::size(used.peak)) } else { String::new() };
    format!(
        "{}, slot {}: {end} after {} (user {}, system {}, max RSS {}{peak})",
        plain::moment(attempt.began),
        attempt.slot,
        plain::duration(used.wall),
        plain::duration(used.user),
        plain::duration(used.system),
        plain::size(used.max_rss)
    )
}

#[derive(Serialize)]
struct Document {
    job: i64,
    #[serde(flatten)]
    task: TaskRow,
    command: String,
    #[serde(flatten)]
    directory: Bytes<DirectoryName>,
    attempts: Vec<AttemptDocument>,
}

#[derive(Serialize)]
struct AttemptDocument {
    #[serde(flatten)]
    attempt: AttemptRow,
    output: Vec<PieceRow>,
}

/// A piece of output.
#[derive(Debug, Serialize)]
pub(crate) struct PieceRow {
    stream: &'static str,
    #[serde(flatten)]
    text: Bytes<TextName>,
}

impl PieceRow {
    pub(crate) fn of(stream: Stream, bytes: &[u8]) -> Self {
        let stream = match stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        };
        Self { stream, text: Bytes::of(bytes) }
    }
}
