//! Blocks on their way to a run, cut by a thread of their own.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use super::Blocks;
use super::block::Block;
use super::cutter::{CutError, Cutter, LONGEST};
use super::parts::Parts;
use crate::input::{Input, InputError, Next};

type Cut = Result<Block, InputError>;

/// The blocks of all streams, one stream after the other.
pub(crate) struct Feed {
    cut: Receiver<Cut>,
    ready: Option<Block>,
    over: Option<Option<InputError>>,
    /// How long the last one was.
    length: u64,
    handed_out: u64,
}

/// What blocks wait beside those that are read, in bytes, at the most.
const AHEAD: u64 = 16 << 20;

impl Feed {
    /// Cuts streams as they are read.
    pub(crate) fn of_streams(inputs: Vec<Input>, blocks: Blocks) -> Self {
        Self::spawn(move |cut| inputs.into_iter().try_for_each(|input| stream(input, &blocks, cut)))
    }

    /// Cuts files by positions; each with the size of its blocks.
    pub(crate) fn of_files(files: Vec<(PathBuf, Blocks)>) -> Self {
        Self::spawn(move |cut| files.iter().try_for_each(|(path, blocks)| parts(path, blocks, cut)))
    }

    /// One block is cut ahead of those that were asked for.
    fn spawn(work: impl FnOnce(&SyncSender<Cut>) -> Result<(), InputError> + Send + 'static) -> Self {
        let (sender, cut) = sync_channel(1);
        let cutting = std::thread::Builder::new().name("blocks".to_owned()).spawn({
            let sender = sender.clone();
            move || {
                if let Err(error) = work(&sender) {
                    // Whether anybody listens does not matter any more.
                    let _ = sender.send(Err(error));
                }
            }
        });
        if let Err(source) = cutting {
            // The channel is empty: this neither blocks nor fails.
            let _ = sender.send(Err(InputError::Read { name: "a thread".to_owned(), source }));
        }
        Self { cut, ready: None, over: None, length: 0, handed_out: 0 }
    }

    pub(crate) fn next(&mut self) -> Result<Next<Block>, InputError> {
        self.look();
        match (self.ready.take(), &mut self.over) {
            (Some(block), _) => {
                (self.handed_out, self.length) = (self.handed_out + 1, block.length);
                Ok(Next::Ready(block))
            }
            (None, None) => Ok(Next::NotYet),
            (None, Some(error)) => error.take().map_or(Ok(Next::End), Err),
        }
    }

    fn look(&mut self) {
        if self.ready.is_none() && self.over.is_none() {
            match self.cut.try_recv() {
                Ok(cut) => self.take(Some(cut)),
                Err(TryRecvError::Disconnected) => self.take(None),
                Err(TryRecvError::Empty) => {}
            }
        }
    }

    fn take(&mut self, cut: Option<Cut>) {
        match cut {
            Some(Ok(block)) => self.ready = Some(block),
            Some(Err(error)) => self.over = Some(Some(error)),
            None => self.over = Some(None),
        }
    }

    /// Waits until there is something to be said by [`next`](Self::next), at most `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) {
        if self.ready.is_none() && self.over.is_none() {
            match self.cut.recv_timeout(limit) {
                Ok(cut) => self.take(Some(cut)),
                Err(RecvTimeoutError::Disconnected) => self.take(None),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// How many blocks there are in all, once that is known.
    pub(crate) fn total(&self) -> Option<u64> {
        self.over.as_ref().map(|_| self.handed_out + u64::from(self.ready.is_some()))
    }

    /// How many may be handed out beyond those that can run: their bytes are in memory.
    pub(crate) fn ahead(&self) -> usize {
        usize::try_from(AHEAD / self.length.max(1)).map_or(usize::MAX, |blocks| blocks.max(1))
    }
}

fn stream(input: Input, blocks: &Blocks, cut: &SyncSender<Cut>) -> Result<(), InputError> {
    let Input::Stream { name, reader } = input else { return Ok(()) };
    let mut cutter = Cutter::new(reader, blocks.clone());
    let told = |error| told(&name, error);
    let head = cutter.header().map_err(told)?;
    let mut start = head.len() as u64;
    while let Some(bytes) = cutter.next().map_err(told)? {
        let length = bytes.len() as u64;
        let bare = blocks.bare.then(|| blocks.separator.removed(bytes));
        let runs = [head.as_slice(), bare.as_deref().unwrap_or(bytes)];
        let block = Block::memory(&runs, start, length, blocks.named);
        if cut.send(Ok(block.map_err(|source| InputError::Memory { source })?)).is_err() {
            return Ok(());
        }
        start += length;
    }
    Ok(())
}

fn parts(path: &Path, blocks: &Blocks, cut: &SyncSender<Cut>) -> Result<(), InputError> {
    let told = |error| told(&path.display().to_string(), error);
    let mut parts = Parts::open(path, blocks).map_err(told)?;
    while let Some(part) = parts.next().map_err(|error| told(CutError::Read(error)))? {
        let block = Block::part(part, blocks.named).map_err(|error| told(CutError::Read(error)))?;
        if cut.send(Ok(block)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn told(name: &str, error: CutError) -> InputError {
    match error {
        CutError::Read(source) => InputError::Read { name: name.to_owned(), source },
        CutError::NoColumn(column) => InputError::NoColumn { name: name.to_owned(), column },
        CutError::TooLong => InputError::NoBorder { name: name.to_owned(), longest: LONGEST },
    }
}
