//! The bare ring: there and back while both spin and while both sleep, and how much goes one way.

use std::io::stdin;
use std::os::fd::AsFd;
use std::os::unix::process::parent_id;
use std::process::{Child, Stdio};
use std::time::Duration;

use ganger_shm::link::{self, End};
use ganger_shm::{Assembly, Claims, HEAD, Piece, Received};

use crate::figure::Figure;
use crate::{Measured, timing};

pub(super) const SPINNING: &str = "ring-spinning";
pub(super) const SLEEPING: &str = "ring-sleeping";
pub(super) const SINK: &str = "ring-sink";

/// As a pool's rings are by default.
const CAPACITY: usize = 1 << 20;
pub(super) const SPIN: Duration = Duration::from_millis(1);
/// Who sleeps so long looks whether the other still lives.
const NAP: Duration = Duration::from_millis(100);
/// A full batch is told to a sleeping reader; waking costs more than writing.
const BATCH: u64 = 64;
/// No message is larger.
const LIMIT: u64 = 16 << 20;

pub(super) fn measure() -> Measured {
    // A reader that never spins sleeps on a futex.
    there_and_back("futex ping-pong", SLEEPING, Duration::ZERO)?;
    there_and_back("ring ping-pong", SPINNING, SPIN)?;
    let (messages, _) = one_way(8, 1_000_000)?;
    Figure::new("limits", "ring", messages, "messages/s").with("size", 8).print()?;
    let (_, bytes) = one_way(1 << 20, 400)?;
    Figure::new("limits", "ring", bytes / 1e9, "GB/s").with("size", 1 << 20).print()?;
    Ok(())
}

/// Both ends of a link, the other one in a process of its own.
fn connect(name: &str) -> std::io::Result<(End, Child)> {
    let (end, fd) = link::create("limits", CAPACITY)?;
    Ok((end, super::start(name, Stdio::from(fd), Stdio::null())?))
}

fn opened() -> std::io::Result<End> {
    link::open(&stdin().as_fd().try_clone_to_owned()?)
}

fn there_and_back(system: &str, name: &str, spin: Duration) -> Measured {
    let (mut end, mut other) = connect(name)?;
    let mut assembly = Assembly::new(LIMIT);
    super::round_trips(system, |_| {
        send(&mut end, &[7; 8]);
        end.writer.wake_reader();
        receive(&mut end, &mut assembly, spin)
    })?;
    bye(&mut end, &mut other)
}

/// Messages and bytes a second.
fn one_way(len: usize, count: u64) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let (mut end, mut other) = connect(SINK)?;
    let (body, mut assembly) = (vec![7; len], Assembly::new(LIMIT));
    let rate = timing::rate(count, || {
        for n in 1..=count {
            send(&mut end, &body);
            if n % BATCH == 0 {
                end.writer.wake_reader();
            }
        }
        send(&mut end, &[]);
        end.writer.wake_reader();
        receive(&mut end, &mut assembly, SPIN)
    })?;
    bye(&mut end, &mut other)?;
    Ok((rate, rate * len as f64))
}

/// Sends back what comes, until a message of one byte.
pub(super) fn bounce(spin: Duration) -> Measured {
    let (mut end, mut assembly) = (opened()?, Assembly::new(LIMIT));
    loop {
        receive(&mut end, &mut assembly, spin)?;
        if assembly.body.len() == 1 {
            return Ok(());
        }
        send(&mut end, &assembly.body);
        end.writer.wake_reader();
    }
}

/// Answers nothing but the empty message, until one of one byte.
pub(super) fn swallow() -> Measured {
    let (mut end, mut assembly) = (opened()?, Assembly::new(LIMIT));
    loop {
        receive(&mut end, &mut assembly, SPIN)?;
        match assembly.body.len() {
            0 => {
                send(&mut end, &[]);
                end.writer.wake_reader();
            }
            1 => return Ok(()),
            _ => {}
        }
    }
}

fn bye(end: &mut End, other: &mut Child) -> Measured {
    send(end, &[0]);
    end.writer.wake_reader();
    other.wait()?;
    Ok(())
}

/// Publishes a message; where there is no room, waits for it.
fn send(end: &mut End, body: &[u8]) {
    let mut piece = Piece::default();
    while !end.writer.send(&[7; HEAD], body, &mut piece) {
        end.writer.wake_reader();
        end.writer.wait(end.writer.next_len(body, &piece), SPIN, NAP);
    }
}

/// Waits for a message; it is in the assembly then.
fn receive(end: &mut End, assembly: &mut Assembly, spin: Duration) -> Measured {
    let parent = parent_id();
    while end.reader.receive(assembly, Claims::Needed)? == Received::Nothing {
        end.reader.release_and_wake();
        if !end.reader.wait(spin, NAP) && parent_id() != parent {
            return Err("the first process is gone".into());
        }
    }
    Ok(())
}
