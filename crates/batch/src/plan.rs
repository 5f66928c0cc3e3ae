//! What a run is to do. Policy is data: public fields, nothing decided in here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use ganger::{Backoff, Sandbox};

use crate::control::Control;
use crate::halt::Halt;
use crate::input::{Packing, Source};
use crate::limits::Limits;
use crate::record::Recording;
use crate::slots::Slots;
use crate::template::Tag;
use crate::throttle::Throttle;
use crate::timeout::Timeout;
use crate::work::Work;

/// A command over many inputs, and how it is to be run.
#[derive(Debug)]
pub struct Plan {
    /// What is done with each input.
    pub work: Work,
    /// What it is run with.
    pub input: Source,
    /// Several inputs for one command.
    pub packing: Option<Packing>,
    /// In a random order instead of that of the inputs.
    pub shuffle: bool,
    /// How many commands run at a time (1 or more).
    pub jobs: usize,
    /// The directory to run in; our own if none.
    pub dir: Option<PathBuf>,
    /// Variables that the commands have beside our own.
    pub environment: Vec<(OsString, OsString)>,
    /// How often a command that fails is tried, in all (1 or more).
    pub attempts: u32,
    /// The pause before it is tried again.
    pub backoff: Backoff,
    /// How long it may run.
    pub timeout: Option<Timeout>,
    /// When the run ends before its inputs do.
    pub halt: Halt,
    /// The time from one start to the next, at least.
    pub delay: Duration,
    /// What becomes of what commands print.
    pub output: OutputMode,
    /// What each command may use.
    pub limits: Limits,
    /// What commands, and all that they start, are kept from.
    pub sandbox: Option<Sandbox>,
    /// When no more are started though there are slots for them.
    pub throttle: Throttle,
    /// Lists of values that commands have in turn: no more run at a time than the shortest has.
    pub slots: Vec<Slots>,
    /// What is left behind of it.
    pub record: Recording,
    /// Whether each command is told of before it starts.
    pub verbose: bool,
    /// Whether all inputs are read before the first is run, so that it is known how many there are.
    pub count_first: bool,
    /// Who holds the run while it goes on.
    pub control: Control,
}

impl Plan {
    /// A plan with nothing special about it: as many commands at a time as there are processors, one attempt, output
    /// in groups as the commands end.
    #[must_use]
    pub fn new(work: impl Into<Work>, input: impl Into<Source>) -> Self {
        Self {
            work: work.into(),
            input: input.into(),
            packing: None,
            shuffle: false,
            jobs: ganger::cpu_count(),
            dir: None,
            environment: Vec::new(),
            attempts: 1,
            backoff: BACKOFF,
            timeout: None,
            halt: Halt::Never,
            delay: Duration::ZERO,
            output: OutputMode::default(),
            limits: Limits::default(),
            sandbox: None,
            throttle: Throttle::default(),
            slots: Vec::new(),
            record: Recording::default(),
            verbose: false,
            count_first: false,
            control: Control::default(),
        }
    }
}

impl Plan {
    /// Whether it must be known beforehand how many inputs there are.
    #[must_use]
    pub fn needs_total(&self) -> bool {
        self.halt.needs_total() || self.work.needs_total()
    }

    /// Whether there is no command, so that each input is one.
    #[must_use]
    pub fn runs_its_inputs(&self) -> bool {
        matches!(&self.work, Work::Command(template) if template.is_the_input())
    }

    /// The plan with its inputs read as far as it must know them beforehand.
    pub(crate) fn opened(mut self) -> Self {
        if let Some(packing) = self.packing {
            self.input.pack(packing, self.work.measure());
        }
        if self.shuffle {
            self.input.shuffle();
        } else if self.count_first || self.needs_total() {
            self.input.gather();
        }
        self
    }
}

/// Quick at first, since most of what fails and then works was busy for a moment; never more than 10 s.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_secs(10), jitter: 0.25 };

/// What becomes of what commands print.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputMode {
    /// It goes to our own standard output and standard error without passing through our hands.
    Ungrouped,
    /// It is collected and passed on.
    Collected(Layout),
}

impl Default for OutputMode {
    fn default() -> Self {
        Self::Collected(Layout::default())
    }
}

/// How collected output is passed on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// In what portions.
    pub style: Style,
    /// In what order.
    pub order: Order,
    /// What each line begins with, before a tab.
    pub tag: Option<Tag>,
}

/// In what portions output is passed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// All that a command printed, when it has ended.
    #[default]
    Grouped,
    /// Lines, as soon as they are whole.
    Lines,
}

/// In what order output is passed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the commands end, or print.
    #[default]
    AsFinished,
    /// As the inputs came.
    OfInput,
}
