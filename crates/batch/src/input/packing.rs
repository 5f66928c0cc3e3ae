//! Several inputs for one command: `-n`, `-N`, `-L`, `-X`, `-m`, `--xargs`.
//!
//! Inputs are added until there are as many as are wanted or as fit. Where jobs are to share the end of the inputs,
//! what is left for the last command is cut into as many pieces as there are jobs.

use super::InputError;
use super::args::Args;

/// How many inputs a command gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// At most so many. None: as many as fit.
    pub most: Option<usize>,
    /// The longest that a command may become, in bytes, as one would type it.
    pub longest: usize,
    /// Whether fewer than `most` are an error where they would become too long.
    pub exact: bool,
    /// Whether an input that ends with a blank goes on with the next one.
    pub continued: bool,
    /// Whether the command gets none of its inputs, only runs for them.
    pub withheld: bool,
    /// Among how many commands the end of the inputs is shared: 1 or more.
    pub share: usize,
}

impl Packing {
    /// Linux takes 128 KiB as one argument, and a script is one.
    pub const LONGEST: usize = (128 << 10) - 64;
}

/// How long a command becomes, in bytes.
pub(crate) trait Measure: Send {
    /// Without any input.
    fn empty(&self) -> usize;

    /// What these arguments add to it, of which the first has this place among all.
    fn added(&self, args: &Args, place: usize) -> usize;
}

/// Puts inputs together.
pub(super) struct Packer {
    packing: Packing,
    measure: Box<dyn Measure>,
    open: Vec<Args>,
    /// How many arguments are in `open`, and how long the command is with them.
    places: usize,
    length: usize,
    /// An input did not fit into a command of its own.
    refused: Option<InputError>,
    /// Which input is the last that was looked at, from 1.
    number: u64,
}

impl Packer {
    pub(super) fn new(packing: Packing, measure: Box<dyn Measure>) -> Self {
        let length = measure.empty();
        Self { packing, measure, open: Vec::new(), places: 0, length, refused: None, number: 0 }
    }

    /// Adds an input; what a command is to be run with, if it is complete now.
    pub(super) fn add(&mut self, row: &Args) -> Result<Option<Args>, InputError> {
        if let Some(error) = self.refused.take() {
            return Err(error);
        }
        if self.goes_on() {
            self.length += row.joined().len();
            self.open.last_mut().into_iter().for_each(|last| last.continue_last(row.joined()));
            return Ok(self.complete());
        }
        self.number += 1;
        if self.fits(row) {
            self.put(row);
            return Ok(self.complete());
        }
        if self.open.is_empty() || self.packing.exact && self.packing.most.is_some() {
            return Err(self.no_room(row));
        }
        let full = self.close();
        if self.fits(row) {
            self.put(row);
        } else {
            self.refused = Some(self.no_room(row));
        }
        Ok(Some(full))
    }

    /// What is left when there are no more inputs.
    pub(super) fn end(&mut self) -> Result<Vec<Args>, InputError> {
        if let Some(error) = self.refused.take() {
            return Err(error);
        }
        let each = self.open.len().div_ceil(self.packing.share.max(1)).max(1);
        let shared = self.open.chunks(each).map(|rows| self.joined(rows)).collect();
        self.open.clear();
        Ok(shared)
    }

    fn no_room(&self, row: &Args) -> InputError {
        let length = self.length + self.measure.added(row, self.places);
        InputError::NoRoom { number: self.number, length, most: self.packing.longest }
    }

    /// The last input that was added goes on in the next one.
    fn goes_on(&self) -> bool {
        let ends_blank = |last: &Args| matches!(last.joined().last(), Some(b' ' | b'\t'));
        self.packing.continued && self.open.last().is_some_and(ends_blank)
    }

    fn fits(&self, row: &Args) -> bool {
        self.length + self.measure.added(row, self.places) <= self.packing.longest
    }

    fn put(&mut self, row: &Args) {
        self.length += self.measure.added(row, self.places);
        self.places += row.len();
        self.open.push(row.clone());
    }

    fn complete(&mut self) -> Option<Args> {
        let complete = self.packing.most.is_some_and(|most| self.open.len() >= most) && !self.goes_on();
        complete.then(|| self.close())
    }

    fn close(&mut self) -> Args {
        (self.places, self.length) = (0, self.measure.empty());
        let packed = self.joined(&self.open);
        self.open.clear();
        packed
    }

    fn joined(&self, rows: &[Args]) -> Args {
        match rows {
            _ if self.packing.withheld => Args::none(),
            [only] => only.clone(),
            several => several.iter().flat_map(Args::iter).collect(),
        }
    }
}
