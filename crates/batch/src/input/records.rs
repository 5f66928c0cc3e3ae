//! A stream cut into records, by a thread of its own.
//!
//! It is a few records ahead: a command's output is passed on, and a Ctrl-C heard, while the next input is still being
//! typed. The thread is left behind when the run ends early; nothing else could end a `read` that waits for a terminal.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::args::Args;
use super::reading::{Columns, Made, Reading};
use super::{InputError, LONGEST};

/// How much is read ahead at a time, in records and bytes.
const BATCH: usize = 64;
pub(super) const BATCH_BYTES: usize = 64 << 10;

/// The longest line that is split into columns: each of those must be short enough to be an argument.
const LONGEST_LINE: usize = 16 << 20;

pub(super) type Batch = Result<Vec<Args>, InputError>;

/// Reads on a thread of its own.
pub(super) fn spawn(records: Records) -> Receiver<Batch> {
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

/// What is read, and what is made of it.
pub(super) struct Records {
    name: String,
    reader: BufReader<Box<dyn Read + Send>>,
    reading: Reading,
    number: u64,
}

impl Records {
    pub(super) fn new(name: String, reader: Box<dyn Read + Send>, reading: Reading) -> Self {
        Self { name, reader: BufReader::with_capacity(BATCH_BYTES, reader), reading, number: 0 }
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
    fn batch(&mut self) -> (Vec<Args>, Result<bool, InputError>) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            match self.args() {
                Ok(Made::Args(args)) => {
                    bytes += args.joined().len();
                    batch.push(args);
                }
                Ok(Made::Skipped) => {}
                Ok(Made::TheEnd) => return (batch, Ok(false)),
                Err(error) => return (batch, Err(error)),
            }
            if self.reader.buffer().is_empty() {
                break;
            }
        }
        (batch, Ok(true))
    }

    fn args(&mut self) -> Result<Made, InputError> {
        self.number += 1;
        let Some(record) = self.record()? else { return Ok(Made::TheEnd) };
        let longest = if self.reading.has_columns() { LONGEST_LINE } else { LONGEST };
        if record.len() > longest {
            return Err(self.too_long(longest));
        }
        if record.contains(&0) {
            return Err(InputError::Nul { name: self.name.clone(), number: self.number });
        }
        let made = self.reading.make(record);
        match &made {
            Made::Args(args) if args.iter().any(|value| value.len() > LONGEST) => Err(self.too_long(LONGEST)),
            Made::Args(_) | Made::Skipped | Made::TheEnd => Ok(made),
        }
    }

    fn too_long(&self, longest: usize) -> InputError {
        InputError::TooLong { name: self.name.clone(), number: self.number, longest }
    }

    /// As it stands, without its delimiter.
    fn record(&mut self) -> Result<Option<Vec<u8>>, InputError> {
        let mut record = Vec::new();
        let mut quotes = match self.reading.columns {
            Columns::Csv(separator) => Some(Quotes::new(separator)),
            Columns::One | Columns::Separated(_) => None,
        };
        loop {
            let begun = record.len();
            self.read_on(&mut record)?;
            if record.is_empty() {
                return Ok(None);
            }
            // A newline within quotes ends no record.
            if !quotes.as_mut().is_some_and(|quotes| quotes.follow(&record[begun..])) {
                record.truncate(record.len() - usize::from(record.last() == Some(&self.reading.delimiter)));
                return Ok(Some(record));
            }
            if record.len() == begun || record.len() > LONGEST_LINE {
                return Err(InputError::OpenQuotes { name: self.name.clone(), number: self.number });
            }
        }
    }

    /// To the next delimiter, or a little further than any record may be long.
    fn read_on(&mut self, record: &mut Vec<u8>) -> Result<(), InputError> {
        let most = if self.reading.has_columns() { LONGEST_LINE } else { LONGEST };
        let mut limited = (&mut self.reader).take(most as u64 + 2);
        let read = limited.read_until(self.reading.delimiter, record);
        read.map(drop).map_err(|source| InputError::Read { name: self.name.clone(), source })
    }
}

/// Follows the quotes of comma-separated values. They count at the beginning of a column alone.
struct Quotes {
    separator: u8,
    within: bool,
    /// Before the first byte of a column, or right behind a closing quote: a quote opens, or opens again.
    may_open: bool,
}

impl Quotes {
    fn new(separator: u8) -> Self {
        Self { separator, within: false, may_open: true }
    }

    /// Whether what follows these bytes is within quotes.
    fn follow(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            let is_quote = byte == b'"';
            (self.within, self.may_open) = match (self.within, is_quote) {
                (true, true) => (false, true),
                (true, false) => (true, false),
                (false, true) => (self.may_open, false),
                (false, false) => (false, byte == self.separator),
            };
        }
        self.within
    }
}
