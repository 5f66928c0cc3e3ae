//! All that is printed: messages and the progress bar to standard error. Standard output is the commands' alone.

use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use ganger_batch::{Counts, End, Halt, Notice, Observer, Progress, Summary, When};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// The status of an error of our own.
const OWN_ERROR: u8 = 255;

/// `RUST_LOG=debug` tells what the supervisor does.
pub(crate) fn start_logging() {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("error")).init();
}

/// One line for people. Where standard error is closed, nobody misses it.
pub(crate) fn message(text: impl Display) {
    let _ = writeln!(io::stderr(), "ganger: {text}");
}

/// Tells an error of our own: the status to exit with.
pub(crate) fn error(error: &dyn Display) -> u8 {
    message(error);
    OWN_ERROR
}

/// Tells what clap has to say: help that was asked for, or what is wrong with the options.
pub(crate) fn usage(unclear: &clap::Error) -> u8 {
    let told = unclear.print();
    if told.is_ok() && !unclear.use_stderr() { 0 } else { OWN_ERROR }
}

/// How a run ended, where there is more to say than that all went well.
pub(crate) fn summary(summary: &Summary) {
    let Counts { succeeded, failed, stopped, skipped, unreached } = summary.counts;
    let total = succeeded + failed + stopped;
    if skipped > 0 {
        message(format_args!("{skipped} had succeeded before and were left out"));
    }
    let left = if stopped > 0 { format!(", {stopped} stopped") } else { String::new() };
    if unreached > 0 {
        let jobs = if unreached == 1 { "job was" } else { "jobs were" };
        message(format_args!("{unreached} {jobs} not run"));
    }
    match summary.end {
        End::Complete if failed > 0 => message(format_args!("{failed} of {total} commands failed")),
        End::Complete | End::OutputClosed => {}
        End::Halted => message(format_args!("halted: {succeeded} succeeded, {failed} failed{left}")),
        End::Interrupted => message(format_args!("interrupted: {succeeded} succeeded, {failed} failed{left}")),
        End::Quit => message(format_args!("quit: {succeeded} succeeded, {failed} failed{left}")),
    }
}

/// Standard output without a buffer: what is passed on comes in large pieces, and at once.
pub(crate) fn stdout() -> io::Result<File> {
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

/// Standard error during a run: messages, and the bar if there is one.
pub(crate) struct Console {
    bar: Option<ProgressBar>,
}

impl Console {
    pub(crate) fn new(bar: bool) -> Self {
        Self { bar: (bar && io::stderr().is_terminal()).then(new_bar) }
    }

    /// A writer to `target` that keeps the bar out of the way.
    pub(crate) fn above<W: Write>(&self, target: W, same_terminal: bool) -> Above<W> {
        Above { bar: self.bar.clone().filter(|_| same_terminal), target }
    }

    /// The end of the run: the bar goes.
    pub(crate) fn finish(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }

    /// As it is: it may be pasted.
    fn command(&self, command: &[u8]) {
        let mut above = self.above(io::stderr(), true);
        let _ = above.write_all(&[command, b"\n"].concat());
    }

    fn message(&self, text: impl Display) {
        match &self.bar {
            Some(bar) => bar.suspend(|| message(text)),
            None => message(text),
        }
    }
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
            Notice::TroubleOver => self.message("the store takes records again: going on"),
            Notice::Understaffed { workers, wanted, why } => {
                self.message(format_args!("only {workers} of {wanted} workers could be started: {why} or lower -j"));
            }
        }
    }

    fn progress(&mut self, progress: &Progress) {
        let Some(bar) = &self.bar else { return };
        let Progress { counts: Counts { succeeded, failed, stopped, skipped, .. }, total, waiting } = *progress;
        if let (Some(total), None) = (total, bar.length()) {
            bar.set_length(total);
            bar.set_style(style("{wide_bar} {pos}/{len} {msg}, {rate}, {eta} left"));
        }
        let waiting = waiting.map(|waiting| format!(", {waiting}")).unwrap_or_default();
        bar.set_message(format!("{failed} failed{waiting}"));
        bar.set_position(succeeded + failed + stopped + skipped);
    }
}

/// A bar that does not know its end yet: the inputs are still coming.
fn new_bar() -> ProgressBar {
    let bar = ProgressBar::no_length().with_style(style("{spinner} {pos} done, {msg}, {rate}, {elapsed}"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).expect("the templates in this file are well-formed");
    style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A bar that cannot be drawn is no reason to stop.
        let _ = write!(out, "{:.1}/s", state.per_sec());
    })
}

/// An input as it can stand in a line: in quotes, with what is not printable escaped, and not longer than a line.
fn shown(input: &[u8]) -> String {
    const LONGEST: usize = 200;
    let text = String::from_utf8_lossy(&input[..input.len().min(LONGEST)]);
    let more = if input.len() > LONGEST { "…" } else { "" };
    format!("{text:?}{more}")
}

/// Writes while the bar is out of the way.
pub(crate) struct Above<W> {
    bar: Option<ProgressBar>,
    target: W,
}

impl<W: Write> Write for Above<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.target.write(bytes)),
            None => self.target.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.target.flush()
    }
}
