//! The inputs: what each command is run with, from arguments or from streams that are read as they come.
//!
//! ```text
//!  Input ─► reading ─► List ─┐ linked: side by side
//!  Input ─► reading ─► List ─┴► Rows: all combinations ─► Packer: several for one command ─► Task
//! ```
//! Without a second list and without `-n` and the like, a record goes from its list into its task as it is.

mod args;
mod error;
mod reading;
mod records;
mod list;
mod linked;
mod rows;
mod packing;
mod blocks;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use args::Args;
pub(crate) use blocks::Block;
pub use blocks::{BlockSize, Blocks, Column, Groups, Separator};
pub(crate) use error::InputError;
pub(crate) use packing::Measure;
pub use packing::Packing;
pub use reading::{Columns, Reading, Trim};

use blocks::Feed;
use linked::Linked;
use list::List;
use packing::Packer;
use rows::Rows;

use crate::error::Error;

/// Where the inputs of one list come from.
pub enum Input {
    /// The command line: known beforehand, all of them.
    Arguments(Vec<OsString>),
    /// A file, a pipe, a terminal.
    Stream {
        /// What it is called in errors.
        name: String,
        /// What is read. As much as it has, and no further than needed.
        reader: Box<dyn Read + Send>,
    },
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Arguments(arguments) => f.debug_tuple("Arguments").field(arguments).finish(),
            Input::Stream { name, .. } => f.debug_struct("Stream").field("name", name).finish_non_exhaustive(),
        }
    }
}

/// How a list goes together with the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// Each input of the one with each of the other (`:::`).
    Product,
    /// The first with the first, and so on, until one of them ends (`:::+`).
    Linked,
    /// The first with the first, and so on; the shorter one begins anew (`--link`).
    Wrapped,
}

/// What one command is run with, and its number, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) number: u64,
    pub(crate) args: Args,
    /// Whose it is: the position of its job in the run.
    pub(crate) job: usize,
    /// Its number among the tasks of all jobs, in the order in which they were handed out, from 1.
    pub(crate) turn: u64,
    /// What its command reads.
    pub(crate) block: Option<Arc<Block>>,
}

impl Task {
    /// A task of a run's first job, and of no other.
    pub(crate) fn first(number: u64, args: Args) -> Self {
        Self { number, args, job: 0, turn: number, block: None }
    }

    /// What it is run with, for people.
    pub(crate) fn input(&self) -> Vec<u8> {
        let block = self.block.as_ref().map(|block| block.describe(self.number).into_bytes());
        block.unwrap_or_else(|| self.args.joined().to_vec())
    }
}

/// The most that Linux takes as one argument (MAX_ARG_STRLEN with its NUL), less the name of a variable.
const LONGEST: usize = (128 << 10) - 64;

/// What there is of something that comes bit by bit.
#[derive(Debug)]
pub(crate) enum Next<T> {
    Ready(T),
    /// Nothing yet.
    NotYet,
    /// Nothing any more.
    End,
}

/// The inputs of a run, one task after the other.
pub struct Source {
    rows: Rows,
    packer: Option<Packer>,
    /// What has been looked at beforehand.
    ready: VecDeque<Args>,
    over: Option<Over>,
    handed_out: u64,
    streams: Vec<String>,
    /// None: its inputs are arguments.
    blocks: Option<Feed>,
}

/// There is nothing behind what is ready; why, if that is to be told.
struct Over(Option<InputError>);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("handed_out", &self.handed_out).finish_non_exhaustive()
    }
}

impl From<Input> for Source {
    fn from(input: Input) -> Self {
        Source::open(vec![(Join::Product, input)], &Reading::default())
    }
}

/// Inputs that are there, a task each.
impl FromIterator<Args> for Source {
    fn from_iter<I: IntoIterator<Item = Args>>(inputs: I) -> Self {
        let none = Source::open(Vec::new(), &Reading::default());
        Self { ready: inputs.into_iter().collect(), over: Some(Over(None)), ..none }
    }
}

impl Source {
    /// Begins to read lists, each joined to those before it. Streams are read a little ahead, by a thread each.
    #[must_use]
    pub fn open(lists: Vec<(Join, Input)>, reading: &Reading) -> Self {
        let streams = lists.iter().filter_map(|(_, input)| stream_name(input)).collect();
        let mut groups: Vec<Vec<(Join, List)>> = Vec::new();
        for (join, input) in lists {
            let list = (join, List::open(input, reading));
            match groups.last_mut().filter(|_| join != Join::Product) {
                Some(group) => group.push(list),
                None => groups.push(vec![list]),
            }
        }
        let mut groups = groups.into_iter().map(linked);
        let first = groups.next().unwrap_or_else(|| Linked::Shortest(Vec::new()));
        let rows = Rows::new(first, groups.collect());
        Self { rows, packer: None, ready: VecDeque::new(), over: None, handed_out: 0, streams, blocks: None }
    }

    /// Streams, one after the other, in blocks that commands read.
    #[must_use]
    pub fn of_blocks(inputs: Vec<Input>, blocks: Blocks) -> Self {
        let streams = inputs.iter().filter_map(stream_name).collect();
        Self { blocks: Some(Feed::of_streams(inputs, blocks)), streams, ..Source::from_iter([]) }
    }

    /// Files, one after the other, in blocks that commands read; each with the size of its blocks. They are regular files.
    #[must_use]
    pub fn of_parts(files: Vec<(PathBuf, Blocks)>) -> Self {
        Self { blocks: Some(Feed::of_files(files)), ..Source::from_iter([]) }
    }

    /// How many tasks may be handed out beyond those that can run.
    pub(crate) fn ahead(&self) -> usize {
        self.blocks.as_ref().map_or(usize::MAX, Feed::ahead)
    }

    /// Whether a stream of this name is among the lists.
    #[must_use]
    pub fn reads(&self, name: &str) -> bool {
        self.streams.iter().any(|stream| stream == name)
    }

    /// Takes the first input of each list for the name of what follows, or of its columns. Waits for them.
    ///
    /// # Errors
    /// When a list cannot be read.
    pub fn header(&mut self) -> Result<Vec<Vec<u8>>, Error> {
        Ok(self.rows.header()?.iter().map(<[u8]>::to_vec).collect())
    }

    /// From here on several inputs make a task.
    pub(crate) fn pack(&mut self, packing: Packing, measure: Box<dyn Measure>) {
        self.packer = Some(Packer::new(packing, measure));
    }

    /// Reads all that there is, to the end. What could not be read comes as an error after the rest.
    pub(crate) fn gather(&mut self) {
        self.rows.gather();
        if self.packer.is_some() {
            while self.advance(true) {}
        }
    }

    /// All that there is, in a random order.
    pub(crate) fn shuffle(&mut self) {
        while self.advance(true) {}
        // RandomState is seeded by the system; no more is asked of the order than to be a different one each time.
        let mut random = RandomState::new().hash_one(self.ready.len());
        for last in (1..self.ready.len()).rev() {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let chance = (u128::from(random) * (last as u128 + 1)) >> 64;
            self.ready.swap(last, usize::try_from(chance).unwrap_or(last));
        }
    }

    /// Waits until there is a task, or certainly none.
    pub(crate) fn wait_for_first(&mut self) {
        self.blocks.iter_mut().for_each(|blocks| blocks.wait(Duration::MAX));
        while self.ready.is_empty() && self.advance(true) {}
    }

    /// Whether there is a task, or certainly none.
    pub(crate) fn has_first(&mut self) -> bool {
        while self.ready.is_empty() && self.advance(false) {}
        !self.ready.is_empty() || self.over.is_some()
    }

    /// The next task, if it is there.
    ///
    /// # Errors
    /// When it could not be read or cannot be an argument; once, and then there is no more.
    pub(crate) fn next(&mut self) -> Result<Next<Task>, InputError> {
        if let Some(blocks) = &mut self.blocks {
            let block = blocks.next()?;
            return Ok(self.block(block));
        }
        // The frequent case: one row is one task, and nothing was looked at beforehand.
        if self.packer.is_none() && self.ready.is_empty() && self.over.is_none() {
            // What is behind an error is not known: a list that could not be read has not ended there.
            let next = self.rows.next().inspect_err(|_| self.over = Some(Over(None)));
            return next.map(|next| match next {
                Next::Ready(args) => Next::Ready(self.task(args)),
                Next::NotYet => Next::NotYet,
                Next::End => Next::End,
            });
        }
        while self.ready.is_empty() && self.advance(false) {}
        match (self.ready.pop_front(), &mut self.over) {
            (Some(args), _) => Ok(Next::Ready(self.task(args))),
            (None, None) => Ok(Next::NotYet),
            (None, Some(Over(error))) => error.take().map_or(Ok(Next::End), Err),
        }
    }

    fn task(&mut self, args: Args) -> Task {
        self.handed_out += 1;
        Task::first(self.handed_out, args)
    }

    fn block(&mut self, block: Next<Block>) -> Next<Task> {
        match block {
            Next::Ready(block) => {
                let task = self.task(block.args());
                Next::Ready(Task { block: Some(Arc::new(block)), ..task })
            }
            Next::NotYet => Next::NotYet,
            Next::End => Next::End,
        }
    }

    /// Waits until there may be something to be said by [`next`](Self::next), at most `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) {
        self.blocks.iter_mut().for_each(|blocks| blocks.wait(limit));
        if self.ready.is_empty() && self.over.is_none() {
            self.rows.wait(limit);
        }
    }

    /// How many tasks there are in all, once that is known.
    pub(crate) fn total(&self) -> Option<u64> {
        if let Some(blocks) = &self.blocks {
            return blocks.total();
        }
        match (&self.packer, &self.over) {
            (_, Some(_)) => Some(self.handed_out + self.ready.len() as u64),
            (None, None) => self.rows.total(),
            (Some(_), None) => None,
        }
    }

    /// Looks at one row more. False: there is none, or none yet.
    fn advance(&mut self, patient: bool) -> bool {
        if self.over.is_some() {
            return false;
        }
        match self.rows.next() {
            Ok(Next::Ready(row)) => {
                self.put(row);
                true
            }
            Ok(Next::NotYet) => {
                if patient {
                    self.rows.wait(Duration::MAX);
                }
                patient
            }
            Ok(Next::End) => self.end(None),
            Err(error) => self.end(Some(error)),
        }
    }

    fn put(&mut self, row: Args) {
        match self.packer.as_mut().map(|packer| packer.add(&row)) {
            None => self.ready.push_back(row),
            Some(Ok(packed)) => self.ready.extend(packed),
            Some(Err(error)) => _ = self.end(Some(error)),
        }
    }

    fn end(&mut self, error: Option<InputError>) -> bool {
        let left = self.packer.as_mut().map_or(Ok(Vec::new()), Packer::end);
        let error = match left {
            Ok(left) => {
                self.ready.extend(left);
                error
            }
            Err(refused) => error.or(Some(refused)),
        };
        self.over = Some(Over(error));
        false
    }
}

fn stream_name(input: &Input) -> Option<String> {
    match input {
        Input::Arguments(_) => None,
        Input::Stream { name, .. } => Some(name.clone()),
    }
}

/// Lists that were joined to each other by anything but a product.
fn linked(group: Vec<(Join, List)>) -> Linked {
    let wraps = group.iter().any(|(join, _)| *join == Join::Wrapped);
    let lists = group.into_iter().map(|(_, list)| list);
    if wraps { Linked::longest(lists) } else { Linked::Shortest(lists.collect()) }
}

#[cfg(test)]
mod tests;
