//! `ganger logs`: outputs as they were printed.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use ganger_store::{Attempt, Job, Reader, State, Stream, Task};
use serde::Serialize;

use super::error::LookError;
use super::rows::{Bytes, InputName};
use super::task::PieceRow;
use super::{Out, find, json, open_job, plain};
use crate::flags::look::{LogsFlags, Which};
use crate::show;

/// How often a run that goes on is asked for more.
const OFTEN: Duration = Duration::from_millis(200);

/// Task by task in the order in which they were first begun, which is that of the inputs; or, where one follows, as they end.
pub(crate) fn logs(flags: &LogsFlags, out: &mut Out) -> Result<u8, LookError> {
    let (reader, job) = open_job(&flags.of)?;
    let only = flags.stderr.then_some(Stream::Stderr);
    let mut printer = Printer { reader: &reader, out, tag: flags.tag, json: flags.of.store.json, only };
    match flags.task {
        Some(_) if flags.follow => return Err(LookError::FollowTask),
        _ if flags.follow => follow(&mut printer, &job)?,
        Some(name) => some(&mut printer, &find(&reader, &job, name)?, flags.attempt)?,
        None => {
            let state = flags.failed.then_some(State::Failed);
            for task in reader.each_task(job.id, state) {
                some(&mut printer, &task?, flags.attempt)?;
            }
        }
    }
    Ok(0)
}

fn some(printer: &mut Printer<'_>, task: &Task, which: Which) -> Result<(), LookError> {
    match which {
        Which::Last => printer.reader.last_attempt(task.id)?.iter().try_for_each(|last| printer.print(task, last)),
        Which::All => printer.reader.attempts(task.id)?.iter().try_for_each(|each| printer.print(task, each)),
        Which::Nth(nth) => {
            let attempts = printer.reader.attempts(task.id)?;
            attempts.get(nth - 1).map_or(Ok(()), |attempt| printer.print(task, attempt))
        }
    }
}

/// The last run of a job, to its end.
fn follow(printer: &mut Printer<'_>, job: &Job) -> Result<(), LookError> {
    let reader = printer.reader;
    let id = reader.last_run(job.id)?.id;
    let mut cursor = reader.cursor(id)?;
    loop {
        // Asked first: what is committed after it was over is none of its.
        let runs = reader.runs(job.id)?;
        let goes_on = runs.iter().find(|run| run.id == id).map_or(Ok(false), |run| reader.is_running(run))?;
        loop {
            let over = reader.follow(&mut cursor)?;
            if over.is_empty() {
                break;
            }
            for attempt in over {
                if let Some(task) = reader.task(job.id, attempt.task)? {
                    printer.print(&task, &attempt)?;
                }
            }
        }
        printer.out.flush()?;
        if !goes_on {
            return Ok(());
        }
        thread::sleep(OFTEN);
    }
}

struct Printer<'a> {
    reader: &'a Reader,
    out: &'a mut Out,
    tag: bool,
    json: bool,
    /// None: all streams.
    only: Option<Stream>,
}

impl Printer<'_> {
    fn print(&mut self, task: &Task, attempt: &Attempt) -> Result<(), LookError> {
        let mut pieces = self.reader.output(attempt.id)?;
        let kept: usize = pieces.iter().map(|(_, bytes)| bytes.len()).sum();
        pieces.retain(|(stream, _)| self.only.is_none_or(|only| only == *stream));
        if self.json {
            pieces
                .into_iter()
                .try_for_each(|(stream, bytes)| json(self.out, &Line::of(task, attempt, stream, &bytes)))?;
        } else if self.tag {
            self.tagged(&task.input, &pieces)?;
        } else {
            pieces.iter().try_for_each(|(stream, bytes)| self.piece(*stream, bytes))?;
        }
        self.tell_lost(task, attempt.printed.saturating_sub(kept as u64))
    }

    fn piece(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), LookError> {
        match stream {
            Stream::Stdout => self.out.write_all(bytes)?,
            Stream::Stderr => {
                // In the order in which they came, where both go to the same place.
                self.out.flush()?;
                io::stderr().write_all(bytes)?;
            }
        }
        Ok(())
    }

    /// Whole lines: a piece may end in the middle of one.
    fn tagged(&mut self, input: &[u8], pieces: &[(Stream, Vec<u8>)]) -> Result<(), LookError> {
        let tag = plain::line(input);
        for stream in [Stream::Stdout, Stream::Stderr] {
            let of_stream = pieces.iter().filter(|(of, _)| *of == stream);
            let bytes: Vec<u8> = of_stream.flat_map(|(_, bytes)| bytes.iter().copied()).collect();
            for line in bytes.split_inclusive(|&byte| byte == b'\n') {
                let end: &[u8] = if line.ends_with(b"\n") { b"" } else { b"\n" };
                self.piece(stream, &[tag.as_bytes(), b"\t", line, end].concat())?;
            }
        }
        Ok(())
    }

    fn tell_lost(&mut self, task: &Task, lost: u64) -> Result<(), LookError> {
        if lost > 0 {
            self.out.flush()?;
            let input = plain::line(&task.input);
            show::message(format_args!(
                "input {} ({input}) printed {} more, which were not kept",
                task.number,
                plain::size(lost)
            ));
        }
        Ok(())
    }
}

/// A piece of output in JSON.
#[derive(Serialize)]
struct Line {
    task: i64,
    number: u64,
    #[serde(flatten)]
    input: Bytes<InputName>,
    attempt: i64,
    #[serde(flatten)]
    piece: PieceRow,
}

impl Line {
    fn of(task: &Task, attempt: &Attempt, stream: Stream, bytes: &[u8]) -> Self {
        let (input, piece) = (Bytes::of(&task.input), PieceRow::of(stream, bytes));
        Self { task: task.id.0, number: task.number, input, attempt: attempt.id.0, piece }
    }
}
