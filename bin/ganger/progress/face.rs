//! Where progress is shown.

use std::io::{self, IsTerminal};
use std::time::Duration;

use ganger_batch::{Counts, Progress};
use indicatif::{ProgressBar, ProgressStyle};

use crate::flags::ProgressFlags;
use crate::show;

/// Where progress is shown.
#[derive(Clone)]
pub(crate) enum Face {
    /// Nowhere.
    None,
    /// On a terminal, as a bar.
    Bar(ProgressBar),
    /// On a terminal, as a line.
    Line(ProgressBar),
    /// Line by line; what was said last.
    Plain(Option<Progress>),
}

impl Face {
    /// What was asked for, on this standard error.
    pub(crate) fn of(flags: &ProgressFlags) -> Self {
        match (flags.bar, flags.progress || flags.eta, io::stderr().is_terminal()) {
            (false, false, _) => Face::None,
            (_, _, false) => Face::Plain(None),
            (true, _, true) => Face::Bar(ProgressBar::no_length().with_style(style("{spinner} {msg}"))),
            (false, true, true) => Face::Line(ProgressBar::no_length().with_style(style("{msg}"))),
        }
    }

    /// How often it is worth a look.
    pub(crate) fn interval(&self) -> Option<Duration> {
        match self {
            Face::None => None,
            Face::Bar(_) | Face::Line(_) => Some(Duration::from_millis(200)),
            Face::Plain(_) => Some(Duration::from_secs(1)),
        }
    }

    /// What has to be out of the way when something else is printed.
    pub(crate) fn bar(&self) -> Option<&ProgressBar> {
        match self {
            Face::None | Face::Plain(_) => None,
            Face::Bar(bar) | Face::Line(bar) => Some(bar),
        }
    }

    pub(crate) fn show(&mut self, progress: &Progress, line: impl FnOnce() -> String) {
        match self {
            Face::None => {}
            Face::Line(bar) => bar.set_message(line()),
            Face::Bar(bar) => {
                if let (Some(total), None) = (progress.total, bar.length()) {
                    bar.set_length(total);
                    bar.set_style(style("{wide_bar} {msg}"));
                }
                let Counts { succeeded, failed, stopped, skipped, .. } = progress.counts;
                bar.set_message(line());
                bar.set_position(succeeded + failed + stopped + skipped);
                bar.tick();
            }
            Face::Plain(said) => {
                // How many run at the moment is not in the line.
                let news = Progress { running: 0, slots: 0, ..*progress };
                if said.replace(news) != Some(news) {
                    show::message(line());
                }
            }
        }
    }

    /// The run is over: what was drawn goes; who was told line by line is told the end.
    pub(crate) fn finish(&mut self, progress: &Progress, line: impl FnOnce() -> String) {
        match self {
            Face::Bar(bar) | Face::Line(bar) => bar.finish_and_clear(),
            Face::Plain(Some(_)) => self.show(progress, line),
            Face::None | Face::Plain(None) => {}
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates in this file are well-formed")
}
