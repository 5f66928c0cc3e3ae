//! ④ What commands print, on its way to our own standard output and standard error.
//!
//! | style | a command's output appears |
//! |---|---|
//! | grouped | whole, when the command has ended: first its stdout, then its stderr |
//! | by lines | each line as soon as it is whole |
//!
//! In the order of the inputs, what is ahead of its turn waits in a [`Spill`]; by lines, the command whose turn it is
//! passes on what it prints at once, since nobody else can come in between. Bytes are never changed: a last line without
//! a newline stays without.

use std::collections::BTreeMap;
use std::io::{self, Write};

use ganger::Stream;

use crate::error::Error;
use crate::input::Task;
use crate::plan::{Layout, Order, Style};
use crate::spill::{Spill, Spool};

/// So many bytes are written late at the most.
const LATE: usize = 64 << 10;

/// Where output goes.
pub struct Sinks<'a> {
    /// What commands print to standard output.
    pub stdout: &'a mut dyn Write,
    /// What commands print to standard error.
    pub stderr: &'a mut dyn Write,
}

impl std::fmt::Debug for Sinks<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sinks").finish_non_exhaustive()
    }
}

/// The output of all commands that have begun and are not yet printed.
pub(crate) struct Output<'a> {
    layout: Layout,
    /// What tags begin with, by the task's job.
    names: Vec<Vec<u8>>,
    sinks: Sinks<'a>,
    spill: Spill,
    printed: BTreeMap<u64, Printed>,
    /// In the order of the inputs: the number of the task whose turn it is.
    turn: u64,
    /// Answers that are whole and in their turn, for standard output: they may come so fast that a write for each would
    /// cost more than all else.
    late: Vec<u8>,
}

/// What one command has printed.
#[derive(Default)]
struct Printed {
    tag: Option<Vec<u8>>,
    stdout: Printing,
    stderr: Printing,
    ended: bool,
}

/// One of its streams.
#[derive(Default)]
struct Printing {
    /// What has not been passed on.
    waiting: Spool,
    /// Whether what has been passed on ended within a line.
    mid_line: bool,
}

impl<'a> Output<'a> {
    pub(crate) fn new(layout: Layout, sinks: Sinks<'a>) -> Self {
        Self {
            layout,
            names: Vec::new(),
            sinks,
            spill: Spill::default(),
            printed: BTreeMap::new(),
            turn: 1,
            late: Vec::new(),
        }
    }

    /// Tells jobs apart, too: each has its name before its tags.
    pub(crate) fn of_jobs<'n>(mut self, names: impl Iterator<Item = Option<&'n str>>) -> Self {
        self.names = names.map(|name| name.map(|name| format!("{name} ")).unwrap_or_default().into_bytes()).collect();
        self
    }

    /// How many of the tasks up to number `started` are not printed yet, as far as that is a matter of their turn.
    pub(crate) fn held(&self, started: u64) -> u64 {
        match self.layout.order {
            Order::AsFinished => 0,
            Order::OfInput => (started + 1).saturating_sub(self.turn),
        }
    }

    /// A command has printed something.
    pub(crate) fn piece(&mut self, task: &Task, stream: Stream, bytes: &[u8]) -> Result<(), Error> {
        let printed = self.printed.entry(task.turn).or_default();
        if let (Some(tag), None) = (&self.layout.tag, &printed.tag) {
            let mut of_job = self.names.get(task.job).cloned().unwrap_or_default();
            of_job.extend(tag.of(task));
            printed.tag = Some(of_job);
        }
        let now = match (self.layout.style, self.layout.order) {
            (Style::Grouped, Order::AsFinished | Order::OfInput) => 0,
            (Style::Lines, Order::AsFinished) => whole_lines(bytes),
            (Style::Lines, Order::OfInput) if task.turn == self.turn => bytes.len(),
            (Style::Lines, Order::OfInput) => 0,
        };
        let (now, later) = bytes.split_at(now);
        if !now.is_empty() {
            flush(&mut self.sinks, &mut self.late)?;
            pass(&mut self.spill, &mut self.sinks, printed, stream, now)?;
        }
        if !later.is_empty() {
            self.spill.append(&mut printed.of(stream).0.waiting, later)?;
        }
        Ok(())
    }

    /// A task has all its output at once, and will print no more. It appears by the next [`flush`](Self::flush).
    pub(crate) fn answer(&mut self, task: &Task, bytes: &[u8]) -> Result<(), Error> {
        match self.layout.order {
            Order::AsFinished if self.layout.tag.is_none() && !self.printed.contains_key(&task.turn) => {
                self.late.extend_from_slice(bytes);
                if self.late.len() > LATE { self.flush() } else { Ok(()) }
            }
            Order::AsFinished | Order::OfInput => self.piece(task, Stream::Stdout, bytes),
        }
    }

    /// Writes what was put off.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        flush(&mut self.sinks, &mut self.late)
    }

    /// What a command has printed so far counts for nothing: another attempt follows. What was passed on is passed on.
    pub(crate) fn void(&mut self, turn: u64) {
        if let Some(printed) = self.printed.get_mut(&turn) {
            self.spill.clear(&mut printed.stdout.waiting);
            self.spill.clear(&mut printed.stderr.waiting);
        }
    }

    /// A command will print no more.
    pub(crate) fn end(&mut self, turn: u64) -> Result<(), Error> {
        match self.layout.order {
            Order::AsFinished => self.printed.remove(&turn).map_or(Ok(()), |mut printed| self.print(&mut printed)),
            Order::OfInput => {
                self.printed.entry(turn).or_default().ended = true;
                self.advance()
            }
        }
    }

    /// Prints those whose turn has come.
    fn advance(&mut self) -> Result<(), Error> {
        while let Some(mut printed) = self.printed.remove(&self.turn) {
            if !printed.ended {
                let caught_up = match self.layout.style {
                    Style::Lines => self.print(&mut printed),
                    Style::Grouped => Ok(()),
                };
                self.printed.insert(self.turn, printed);
                return caught_up;
            }
            self.turn += 1;
            self.print(&mut printed)?;
        }
        Ok(())
    }

    fn print(&mut self, printed: &mut Printed) -> Result<(), Error> {
        for stream in [Stream::Stdout, Stream::Stderr] {
            if !printed.of(stream).0.waiting.is_empty() {
                flush(&mut self.sinks, &mut self.late)?;
                pass(&mut self.spill, &mut self.sinks, printed, stream, b"")?;
            }
        }
        Ok(())
    }
}

impl Printed {
    fn of(&mut self, stream: Stream) -> (&mut Printing, Option<&[u8]>) {
        let printing = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        (printing, self.tag.as_deref())
    }
}

fn flush(sinks: &mut Sinks<'_>, late: &mut Vec<u8>) -> Result<(), Error> {
    if late.is_empty() {
        return Ok(());
    }
    let written = sinks.stdout.write_all(late).and_then(|()| sinks.stdout.flush());
    late.clear();
    written.map_err(|source| Error::write(Stream::Stdout, source))
}

fn whole_lines(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1)
}

/// Writes what waits, and then `more`.
fn pass(
    spill: &mut Spill,
    sinks: &mut Sinks<'_>,
    printed: &mut Printed,
    stream: Stream,
    more: &[u8],
) -> Result<(), Error> {
    let sink: &mut dyn Write = match stream {
        Stream::Stdout => sinks.stdout,
        Stream::Stderr => sinks.stderr,
    };
    let (Printing { waiting, mid_line }, tag) = printed.of(stream);
    let mut write = |bytes: &[u8]| match tag {
        None => sink.write_all(bytes),
        Some(tag) => write_tagged(sink, tag, bytes, mid_line),
    };
    let written = spill.drain(waiting, &mut write)?.and_then(|()| write(more)).and_then(|()| sink.flush());
    written.map_err(|source| Error::write(stream, source))
}

/// Writes with a tag before each line; `mid_line` carries over whether the last one is still open.
fn write_tagged(sink: &mut dyn Write, tag: &[u8], bytes: &[u8], mid_line: &mut bool) -> io::Result<()> {
    let mut tagged = Vec::with_capacity(bytes.len() + bytes.len() / 16 + tag.len());
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        tagged.extend_from_slice(if *mid_line { b"" } else { tag });
        tagged.extend_from_slice(line);
        *mid_line = !line.ends_with(b"\n");
        if tagged.len() > 64 << 10 {
            sink.write_all(&tagged)?;
            tagged.clear();
        }
    }
    sink.write_all(&tagged)
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
