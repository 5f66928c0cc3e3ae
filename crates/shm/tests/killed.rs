//! A writer that is killed at any moment leaves whole messages behind, and nothing else.
//!
//! The test is its own worker: it starts itself again with the link's memory as standard input.

/// Under loom there are no processes; `tests/loom.rs` lets a writer die at every step instead.
#[cfg(loom)]
fn main() {}

#[cfg(not(loom))]
fn main() {
    if std::env::args().any(|arg| arg == WRITER) {
        write_for_ever();
    }
    for round in 0..200 {
        kill_one(round);
    }
}

#[cfg(not(loom))]
use {
    ganger_shm::link::{self, End},
    ganger_shm::{Assembly, Claims, HEAD, Piece, Received},
    std::os::fd::AsFd,
    std::process::{Child, Command, Stdio},
    std::time::{Duration, Instant},
};

#[cfg(not(loom))]
const WRITER: &str = "--be-the-writer";

#[cfg(not(loom))]
const CAPACITY: usize = 64 << 10;

/// Message `n`: lengths from nothing to several rings, and bytes that tell their place and message.
#[cfg(not(loom))]
fn body(n: u64) -> Vec<u8> {
    let random = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let len = if n % 16 == 15 { random % (3 * CAPACITY as u64) } else { random % 2000 };
    (0..len).map(|i| (i ^ (i >> 8) ^ n) as u8).collect()
}

#[cfg(not(loom))]
fn write_for_ever() -> ! {
    let fd = std::io::stdin().as_fd().try_clone_to_owned().expect("the memory is on standard input");
    let mut end = link::open(&fd).expect("a link's segment");
    for n in 0_u64.. {
        let (head, body, mut piece) = ([n as u8; HEAD], body(n), Piece::default());
        while !end.writer.send(&head, &body, &mut piece) {
            end.writer.wake_reader();
            end.writer.sleep_for_room(end.writer.next_len(&body, &piece), Duration::from_millis(20));
        }
        end.writer.wake_reader();
    }
    unreachable!("there are more numbers than that")
}

/// What the supervisor has read of one writer.
#[cfg(not(loom))]
struct Reading {
    end: End,
    assembly: Assembly,
    seen: u64,
}

#[cfg(not(loom))]
impl Reading {
    fn drain(&mut self) {
        while self.end.reader.receive(&mut self.assembly, Claims::Unneeded).expect("whole records") == Received::Message
        {
            let n = self.seen;
            assert!(self.assembly.head == [n as u8; HEAD] && self.assembly.body == body(n), "message {n} is damaged");
            self.seen += 1;
        }
        self.end.reader.release_and_wake();
    }
}

/// Lets a writer write, and kills it after a time that differs from round to round.
#[cfg(not(loom))]
fn kill_one(round: u64) {
    let (end, fd) = link::create("killed", CAPACITY).expect("memory for a link");
    let program = std::env::current_exe().expect("this test has a path");
    let mut writer = Command::new(program).arg(WRITER).stdin(Stdio::from(fd)).spawn().expect("this test can be run");
    let mut reading = Reading { end, assembly: Assembly::new(1 << 20), seen: 0 };
    wait_for_the_first(&mut reading, &mut writer);
    let life = Duration::from_nanos(round.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 43);
    let begun = Instant::now();
    while begun.elapsed() < life {
        reading.drain();
    }
    writer.kill().expect("it has not been waited for");
    writer.wait().expect("it is our child");
    reading.drain();
    assert!(reading.end.reader.is_empty(), "round {round}: everything is read");
}

#[cfg(not(loom))]
fn wait_for_the_first(reading: &mut Reading, writer: &mut Child) {
    let begun = Instant::now();
    while reading.seen == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the writer writes nothing: {:?}", writer.try_wait());
        reading.end.reader.wait(Duration::ZERO, Duration::from_millis(20));
        reading.drain();
    }
}
