//! All that is said: messages to standard error, during a run by way of the [`Console`]. Standard output is the commands'
//! alone.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use ganger_batch::{Counts, End, Halt, Notice, Observer, Progress, Summary, When};

use crate::console::Console;
use crate::logging;

/// The status of an error of our own.
const OWN_ERROR: u8 = 255;

/// One line for people. Where standard error is closed, nobody misses it.
pub(crate) fn message(text: impl Display) {
    let _ = writeln!(io::stderr(), "ganger: {text}");
}

/// Tells an error of our own: the status to exit with.
pub(crate) fn error(error: &dyn Display) -> u8 {
    last_words(&format!("ganger: {error}"));
    OWN_ERROR
}

/// What ends the program: in systemd's journal it is an error.
fn last_words(text: &str) {
    let mark = if logging::is_the_journal() { "<3>" } else { "" };
    let lines: String = text.lines().map(|line| format!("{mark}{line}\n")).collect();
    let _ = io::stderr().write_all(lines.as_bytes());
}

/// Tells what clap has to say: help that was asked for, or what is wrong with the options.
pub(crate) fn usage(unclear: &clap::Error) -> u8 {
    if unclear.use_stderr() && logging::is_the_journal() {
        last_words(&unclear.to_string());
        return OWN_ERROR;
    }
    let told = unclear.print();
    if told.is_ok() && !unclear.use_stderr() { 0 } else { OWN_ERROR }
}

/// How a run ended, where there is more to say than that all went well. `recorded`: it can be taken up.
pub(crate) fn summary(summary: &Summary, recorded: bool) {
    let Counts { succeeded, failed, stopped, skipped, unreached } = summary.counts;
    let total = succeeded + failed + stopped;
    if skipped > 0 {
        message(format_args!("{skipped} had succeeded before and were left out"));
    }
    let left = if stopped > 0 { format!(", {stopped} stopped") } else { String::new() };
    let further = if recorded { "; with --resume it goes on" } else { "" };
    if unreached > 0 {
        let jobs = if unreached == 1 { "job was" } else { "jobs were" };
        message(format_args!("{unreached} {jobs} not run"));
    }
    match summary.end {
        End::Complete if failed > 0 => message(format_args!("{failed} of {total} commands failed")),
        End::Complete | End::OutputClosed => {}
        End::Halted => message(format_args!("halted: {succeeded} succeeded, {failed} failed{left}{further}")),
        End::Interrupted => message(format_args!("interrupted: {succeeded} succeeded, {failed} failed{left}{further}")),
        End::Quit => message(format_args!("quit: {succeeded} succeeded, {failed} failed{left}{further}")),
    }
}

/// Standard output without a buffer: what is passed on comes in large pieces, and at once.
pub(crate) fn stdout() -> io::Result<File> {
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

impl Observer for Console {
    fn notice(&mut self, notice: &Notice<'_>) {
        match *notice {
            Notice::Started { command } => self.command(command),
            Notice::Failed { job, number, input, cause, attempts } => {
                let attempts = if attempts > 1 { format!(" (after {attempts} attempts)") } else { String::new() };
                let what = match job {
                    // It has no inputs.
                    Some(job) if input.is_empty() && number == 1 => job.to_owned(),
                    Some(job) => format!("{job}: input {number} ({})", shown(input)),
                    None => format!("input {number} ({})", shown(input)),
                };
                self.message(format_args!("{what} failed: {cause}{attempts}"));
            }
            Notice::JobFailed { name, why } => self.message(format_args!("{name} cannot begin: {why}")),
            Notice::JobSkipped { name, because } => {
                self.message(format_args!("{name} is skipped: {because}, which it waits for, has not succeeded"));
            }
            Notice::Halted { halt, running } => {
                let rest = match halt {
                    _ if running == 0 => String::new(),
                    Halt::After { when: When::Now, .. } => format!("; stopping the {running} that run"),
                    Halt::After { when: When::Soon, .. } | Halt::Never => {
                        format!("; waiting for the {running} that run")
                    }
                };
                self.message(format_args!("--halt {halt}: no more are started{rest}"));
            }
            // The summary follows at once, and is the one line about it.
            Notice::Interrupted { step: 4.., .. } | Notice::Interrupted { running: 0, .. } => {}
            Notice::Interrupted { step, running } => self.message(match step {
                ..=1 => format!("interrupted: waiting for the {running} that run (Ctrl-C again: ask them to end)"),
                2 => format!("asked the {running} that run to end (Ctrl-C again: kill them)"),
                3.. => format!("killed the {running} that ran"),
            }),
            Notice::Waiting(waiting) => self.message(format_args!("{waiting}; nothing runs meanwhile")),
            Notice::Trouble { why, running } => self.message(format_args!(
                "{why}; nothing is lost yet, but no more is started: waiting for {running} that run, and until there is \
                 room (Ctrl-C: end without it)"
            )),
            Notice::Running(snapshot) => self.tell_running(snapshot),
            Notice::Progress(progress) => self.tell_progress(progress),
            Notice::TroubleOver => self.message("the store takes records again: going on"),
            Notice::Understaffed { workers, wanted, why } => {
                self.message(format_args!("only {workers} of {wanted} workers could be started: {why} or lower -j"));
            }
        }
    }

    fn progress(&mut self, progress: &Progress) {
        self.note(progress);
    }
}

/// An input as it can stand in a line: in quotes, with what is not printable escaped, and not longer than a line.
pub(crate) fn shown(input: &[u8]) -> String {
    const LONGEST: usize = 200;
    let text = String::from_utf8_lossy(&input[..input.len().min(LONGEST)]);
    let more = if input.len() > LONGEST { "…" } else { "" };
    format!("{text:?}{more}")
}
