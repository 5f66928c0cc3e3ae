//! The inputs: one record each, from arguments or from a stream that is read as it comes.
//!
//! A stream is read by a thread of its own, a few records ahead: a command's output is passed on, and a Ctrl-C heard,
//! while the next input is still being typed. The thread is left behind when the run ends early; nothing else could end
//! a `read` that waits for a terminal.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::OsStringExt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

/// Where the inputs come from.
pub enum Input {
    /// The command line: known beforehand, all of them.
    Arguments(Vec<OsString>),
    /// A file, a pipe, a terminal.
    Stream {
        /// What it is called in errors.
        name: String,
        /// What is read. As much as it has, and no further than needed.
        reader: Box<dyn Read + Send>,
        /// What ends a record: a newline or NUL. The last one may lack it.
        delimiter: u8,
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

/// One input with its number, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) number: u64,
    pub(crate) value: Vec<u8>,
    /// Whose input it is: the position of its job in the run.
    pub(crate) job: usize,
    /// Its number among the tasks of all jobs, in the order in which they were handed out, from 1.
    pub(crate) turn: u64,
}

/// Why there is no next record.
#[derive(Debug)]
pub(crate) enum InputError {
    /// Reading failed.
    Read { name: String, source: io::Error },
    /// No program could be given it as an argument.
    TooLong { name: String, number: u64 },
    /// No program could be given it as an argument.
    Nul { name: String, number: u64 },
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputError::Read { name, source } => write!(f, "failed to read the inputs from {name}: {source}"),
            InputError::TooLong { name, number } => write!(
                f,
                "input {number} of {name} is longer than {LONGEST} bytes, the most that an argument may have: \
                 is it a list with one input a line (with -0: with a NUL after each)?"
            ),
            InputError::Nul { name, number } => write!(
                f,
                "input {number} of {name} has a NUL in it, which no argument may have: if NULs end the inputs, say -0"
            ),
        }
    }
}

/// The most that Linux takes as one argument (MAX_ARG_STRLEN with its NUL), less the name of a variable.
const LONGEST: usize = (128 << 10) - 64;

/// How much is read ahead at a time, in records and bytes.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 64 << 10;

type Batch = Result<Vec<Vec<u8>>, InputError>;

/// What [`Source::next`] has.
#[derive(Debug)]
pub(crate) enum Next {
    Task(Task),
    /// Nothing yet.
    NotYet,
    /// Nothing any more.
    End,
}

/// The inputs, one after the other.
pub(crate) struct Source {
    read: VecDeque<Vec<u8>>,
    stream: Stream,
    handed_out: u64,
}

enum Stream {
    Open(Receiver<Batch>),
    Ended(Option<InputError>),
}

/// Opens an input, and reads as much of it as must be known beforehand.
pub(crate) fn opened(input: Input, shuffle: bool, needs_total: bool) -> Source {
    let mut source = Source::open(input);
    if shuffle {
        source.shuffle();
    } else if needs_total {
        source.gather();
    }
    source
}

impl Source {
    pub(crate) fn open(input: Input) -> Self {
        let (read, stream) = match input {
            Input::Arguments(arguments) => {
                (arguments.into_iter().map(OsString::into_vec).collect(), Stream::Ended(None))
            }
            Input::Stream { name, reader, delimiter } => {
                (VecDeque::new(), Stream::Open(spawn(Records::new(name, reader, delimiter))))
            }
        };
        Self { read, stream, handed_out: 0 }
    }

    /// Reads all that there is, to the end. What could not be read comes as an error after the rest.
    pub(crate) fn gather(&mut self) {
        while let Stream::Open(batches) = &self.stream {
            let batch = batches.recv();
            self.take(batch.map_err(|_| TryRecvError::Disconnected));
        }
    }

    /// All that there is, in a random order.
    pub(crate) fn shuffle(&mut self) {
        self.gather();
        // RandomState is seeded by the system; no more is asked of the order than to be a different one each time.
        let mut random = RandomState::new().hash_one(self.read.len());
        for last in (1..self.read.len()).rev() {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let chance = (u128::from(random) * (last as u128 + 1)) >> 64;
            self.read.swap(last, usize::try_from(chance).unwrap_or(last));
        }
    }

    /// The next input, if it is there.
    ///
    /// # Errors
    /// When it could not be read or cannot be an argument; once, and then there is no more.
    pub(crate) fn next(&mut self) -> Result<Next, InputError> {
        if self.read.is_empty()
            && let Stream::Open(batches) = &self.stream
        {
            let batch = batches.try_recv();
            self.take(batch);
        }
        match (self.read.pop_front(), &mut self.stream) {
            (Some(value), _) => {
                self.handed_out += 1;
                let number = self.handed_out;
                Ok(Next::Task(Task { number, value, job: 0, turn: number }))
            }
            (None, Stream::Open(_)) => Ok(Next::NotYet),
            (None, Stream::Ended(error)) => error.take().map_or(Ok(Next::End), Err),
        }
    }

    /// Waits until there is something to be said by [`next`](Self::next), at most `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) {
        if self.read.is_empty()
            && let Stream::Open(batches) = &self.stream
        {
            let batch = batches.recv_timeout(limit).map_err(|error| match error {
                RecvTimeoutError::Timeout => TryRecvError::Empty,
                RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
            });
            self.take(batch);
        }
    }

    /// How many inputs there are in all, once that is known.
    pub(crate) fn total(&self) -> Option<u64> {
        matches!(self.stream, Stream::Ended(_)).then_some(self.handed_out + self.read.len() as u64)
    }

    fn take(&mut self, batch: Result<Batch, TryRecvError>) {
        match batch {
            Ok(Ok(records)) => self.read.extend(records),
            Ok(Err(error)) => self.stream = Stream::Ended(Some(error)),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => self.stream = Stream::Ended(None),
        }
    }
}

/// Reads on a thread of its own.
fn spawn(records: Records) -> Receiver<Batch> {
    let (batches, received) = sync_channel(2);
    let reading = std::thread::Builder::new().name("inputs".to_owned()).spawn({
        let batches = batches.clone();
        move || records.send_all(&batches)
    });
    if let Err(source) = reading {
        // The channel is empty: this neither blocks nor fails.
        let _ = batches.send(Err(InputError::Read { name: "a thread".to_owned(), source }));
    }
    received
}

/// A stream cut into records.
struct Records {
    name: String,
    reader: BufReader<Box<dyn Read + Send>>,
    delimiter: u8,
    number: u64,
}

impl Records {
    fn new(name: String, reader: Box<dyn Read + Send>, delimiter: u8) -> Self {
        Self { name, reader: BufReader::with_capacity(BATCH_BYTES, reader), delimiter, number: 0 }
    }

    /// Sends the records until the end, an error, or until nobody listens.
    fn send_all(mut self, batches: &SyncSender<Batch>) {
        loop {
            let (batch, last) = self.batch();
            let sent = batch.is_empty() || batches.send(Ok(batch)).is_ok();
            match last {
                Ok(true) if sent => {}
                Ok(_) => return,
                // Whether anybody listens does not matter any more.
                Err(error) => return drop(batches.send(Err(error))),
            }
        }
    }

    /// What can be read at once, and whether more may follow. A record that has come is never held back for the next.
    fn batch(&mut self) -> (Vec<Vec<u8>>, Result<bool, InputError>) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            match self.record() {
                Ok(Some(record)) => {
                    bytes += record.len();
                    batch.push(record);
                }
                Ok(None) => return (batch, Ok(false)),
                Err(error) => return (batch, Err(error)),
            }
            if self.reader.buffer().is_empty() {
                break;
            }
        }
        (batch, Ok(true))
    }

    fn record(&mut self) -> Result<Option<Vec<u8>>, InputError> {
        self.number += 1;
        let mut record = Vec::new();
        let mut limited = (&mut self.reader).take(LONGEST as u64 + 2);
        let read = limited.read_until(self.delimiter, &mut record);
        let (name, number) = (|| self.name.clone(), self.number);
        if let Err(source) = read {
            return Err(InputError::Read { name: name(), source });
        }
        if record.is_empty() {
            return Ok(None);
        }
        record.truncate(record.len() - usize::from(record.last() == Some(&self.delimiter)));
        if record.len() > LONGEST {
            return Err(InputError::TooLong { name: name(), number });
        }
        if record.contains(&0) {
            return Err(InputError::Nul { name: name(), number });
        }
        Ok(Some(record))
    }
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
