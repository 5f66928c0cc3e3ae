//! One list of inputs, as far as it has come.

use std::collections::VecDeque;
use std::os::unix::ffi::OsStringExt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use super::args::Args;
use super::reading::{Made, Reading};
use super::records::{self, Batch, Records};
use super::{Input, InputError, Next};

/// A list, from its first input to its last.
pub(super) struct List {
    read: VecDeque<Args>,
    stream: Stream,
    handed_out: u64,
}

enum Stream {
    Open(Receiver<Batch>),
    Ended(Option<InputError>),
}

impl List {
    pub(super) fn open(input: Input, reading: &Reading) -> Self {
        let (read, stream) = match input {
            Input::Arguments(arguments) => {
                let values = arguments.into_iter().map(OsStringExt::into_vec);
                (made(values, reading), Stream::Ended(None))
            }
            Input::Stream { name, reader } => {
                let records = Records::new(name, reader, reading.clone());
                (VecDeque::new(), Stream::Open(records::spawn(records)))
            }
        };
        Self { read, stream, handed_out: 0 }
    }

    /// Reads all that there is, to the end. What could not be read comes as an error after the rest.
    pub(super) fn gather(&mut self) {
        while let Stream::Open(batches) = &self.stream {
            let batch = batches.recv();
            self.take(batch.map_err(|_| TryRecvError::Disconnected));
        }
    }

    /// The next input, if it is there.
    ///
    /// # Errors
    /// When it could not be read or cannot be an argument; once, and then there is no more.
    pub(super) fn next(&mut self) -> Result<Next<Args>, InputError> {
        self.look();
        match (self.read.pop_front(), &mut self.stream) {
            (Some(args), _) => {
                self.handed_out += 1;
                Ok(Next::Ready(args))
            }
            (None, Stream::Open(_)) => Ok(Next::NotYet),
            (None, Stream::Ended(error)) => error.take().map_or(Ok(Next::End), Err),
        }
    }

    fn look(&mut self) {
        if self.read.is_empty()
            && let Stream::Open(batches) = &self.stream
        {
            let batch = batches.try_recv();
            self.take(batch);
        }
    }

    /// Whether [`next`](Self::next) has nothing to say yet.
    pub(super) fn is_waiting(&mut self) -> bool {
        self.look();
        self.read.is_empty() && matches!(self.stream, Stream::Open(_))
    }

    /// Waits until there is something to be said by [`next`](Self::next), at most `limit`.
    pub(super) fn wait(&mut self, limit: Duration) {
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

    /// Takes the first input off as a header; waits for it.
    pub(super) fn header(&mut self) -> Result<Option<Args>, InputError> {
        self.wait(Duration::MAX);
        match self.next()? {
            Next::Ready(header) => {
                self.handed_out = 0;
                Ok(Some(header))
            }
            Next::NotYet | Next::End => Ok(None),
        }
    }

    /// How many inputs there are in all, once that is known.
    pub(super) fn total(&self) -> Option<u64> {
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

fn made(values: impl Iterator<Item = Vec<u8>>, reading: &Reading) -> VecDeque<Args> {
    let mut all = VecDeque::new();
    for value in values {
        match reading.make(value) {
            Made::Args(args) => all.push_back(args),
            Made::Skipped => {}
            Made::TheEnd => break,
        }
    }
    all
}
