//! Memory that another process has written, tried with anything: bodies of fuzz targets.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use crate::layout::STATE_PAGE;
use crate::link::{self, End};
use crate::ring::{CAPACITIES, Corrupt};
use crate::{Assembly, Claims, HEAD, Piece, Received};

/// No more is ever reserved than has come, but for this.
const AHEAD: usize = 4 << 20;

const LIMIT: u64 = 1 << 30;

/// A supervisor, and a worker that writes wherever it likes, step by step as the bytes say.
struct World<'b> {
    supervisor: End,
    worker: End,
    memory: File,
    assembly: Assembly,
    capacity: u64,
    /// A message was begun that is to be ended before the next.
    aborting: bool,
    bytes: &'b [u8],
}

/// The supervisor reads and writes a link of which the worker changes anything: it gets errors or nonsense.
pub fn ring(bytes: &[u8]) {
    let capacity = *CAPACITIES.start();
    let (supervisor, fd) = link::create("fuzzed", capacity as usize).expect("memory for a small link");
    let worker = link::open(&fd).expect("the segment that was just made");
    let (memory, assembly) = (File::from(fd), Assembly::new(LIMIT));
    let mut world = World { supervisor, worker, memory, assembly, capacity, aborting: false, bytes };
    while let Some(step) = world.take::<1>() {
        world.step(step[0]);
        assert!(world.assembly.body.capacity() <= AHEAD, "{} bytes", world.assembly.body.capacity());
    }
}

impl World<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*taken)
    }

    fn number(&mut self) -> u64 {
        self.take().map_or(0, |bytes| u64::from(u16::from_le_bytes(bytes)))
    }

    fn step(&mut self, step: u8) {
        match step % 8 {
            0 => self.write_anywhere(),
            1 => self.write_record(),
            2 => self.move_tail(),
            3 => {
                let _error_or_nonsense = self.read();
            }
            4 => self.say(),
            5 => self.hand_over(),
            6 => self.listen(),
            _ => self.write_word_of_the_meeting(),
        }
    }

    fn write(&self, bytes: &[u8], at: u64) {
        self.memory.write_all_at(bytes, at).expect("a memfd can be written");
    }

    fn write_anywhere(&mut self) {
        let Some(word) = self.take::<8>() else { return };
        let at = (self.number() * 8) % (STATE_PAGE as u64 + 2 * self.capacity - 8);
        self.write(&word, at);
    }

    /// The words by which both sides meet are the first of the page.
    fn write_word_of_the_meeting(&mut self) {
        let Some([place, word]) = self.take() else { return };
        let word = u64::from(word) * 32;
        self.write(&word.to_le_bytes(), u64::from(place) % 16 * 64);
    }

    /// The head of a record, often almost right, at a line of the ring from the worker.
    fn write_record(&mut self) {
        let Some([line, kind]) = self.take() else { return };
        let (length, total) = (self.number(), self.number());
        let record = [length | u64::from(kind % 8) << 32, 0, total];
        let at = STATE_PAGE as u64 + self.capacity + u64::from(line) * 64 % (self.capacity - 64);
        record.iter().zip(0..).for_each(|(word, n)| self.write(&word.to_le_bytes(), at + n * 8));
    }

    fn move_tail(&mut self) {
        let (tail, at) = (self.number() * 64, self.tail_of_from_worker());
        self.write(&tail.to_le_bytes(), at);
    }

    fn tail_of_from_worker(&self) -> u64 {
        std::mem::offset_of!(crate::layout::State, from_worker) as u64
    }

    /// All that a supervisor reads.
    fn read(&mut self) -> Result<(), Corrupt> {
        let _whatever = (self.supervisor.state.current(), self.supervisor.writer.is_drained());
        self.supervisor.reader.wait(Duration::ZERO, Duration::from_nanos(1));
        let most = self.capacity / 64;
        for read in 0.. {
            assert!(read <= most, "more messages than there is room for");
            if self.supervisor.reader.receive(&mut self.assembly, Claims::Unneeded)? == Received::Nothing {
                break;
            }
        }
        self.supervisor.reader.release_and_wake();
        Ok(())
    }

    /// The worker says something as it should.
    fn say(&mut self) {
        let length = self.number() as usize % 8192;
        self.worker.writer.send(&[1; HEAD], &vec![1; length], &mut Piece::default());
    }

    /// The supervisor hands something over, and takes some of it back.
    fn hand_over(&mut self) {
        let length = self.number() as usize % 8192;
        let mut piece = Piece::default();
        // Whether there is room is the worker's word: one that gives none is not waited for.
        if self.aborting && !self.supervisor.writer.abort() {
            return;
        }
        let sent = self.supervisor.writer.send(&[3; HEAD], &vec![3; length], &mut piece);
        let _whatever = self.supervisor.writer.wait_for_room(length);
        self.supervisor.writer.wake_reader();
        if let Some(position) = piece.position() {
            let _whatever = self.supervisor.writer.take_back(position);
        }
        self.aborting = !sent;
    }

    /// The supervisor asks to be woken.
    fn listen(&mut self) {
        if !self.supervisor.reader.wait_for_record() {
            self.supervisor.reader.stop_waiting();
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_supervisor_takes_any_memory() {
        ganger_corpus::replay("ring", super::ring);
    }
}
