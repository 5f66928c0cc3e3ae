//! What is sent arrives: all of it, once, in order, unchanged, whatever the lengths, with a reader on another thread.
#![cfg(not(loom))]

use std::collections::HashSet;
use std::time::{Duration, Instant};

use ganger_shm::link::{self, End};
use ganger_shm::ring::{Corrupt, Position, Reader, Writer};
use ganger_shm::{Assembly, Claims, HEAD, Piece, Received};
use proptest::prelude::*;

const CAPACITY: usize = 16 << 10;
const LIMIT: u64 = 1 << 20;
const NAP: Duration = Duration::from_millis(100);
const DEADLINE: Duration = Duration::from_secs(20);

fn ends() -> (End, End) {
    let (supervisor, fd) = link::create("transfer", CAPACITY).expect("memory for a small link");
    let worker = link::open(&fd).expect("the segment that was just made");
    (supervisor, worker)
}

fn head(n: u64, body: &[u8]) -> [u8; HEAD] {
    let sum = body.iter().fold(n, |sum, byte| sum.rotate_left(5) ^ u64::from(*byte));
    let mut head = [0; HEAD];
    for (field, value) in head.chunks_exact_mut(8).zip([n, body.len() as u64, sum]) {
        field.copy_from_slice(&value.to_le_bytes());
    }
    head
}

fn body(n: u64, len: usize) -> Vec<u8> {
    (0..len as u64).map(|i| (i ^ (i >> 8)).wrapping_mul(n | 1) as u8).collect()
}

fn number(head: &[u8; HEAD]) -> u64 {
    let [n0, n1, n2, n3, n4, n5, n6, n7, ..] = *head;
    u64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7])
}

/// Sends all of a message, or gives it up when `deadline` is over.
fn send(writer: &mut Writer, n: u64, body: &[u8]) -> Option<Position> {
    let (mut piece, begun) = (Piece::default(), Instant::now());
    while !writer.send(&head(n, body), body, &mut piece) {
        assert!(begun.elapsed() < DEADLINE, "message {n} finds no room");
        wait_for_room(writer, writer.next_len(body, &piece));
    }
    writer.wake_reader();
    piece.position()
}

/// One thing that the supervisor does.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Sends a message with a body of this length.
    Send(usize),
    /// Takes back the message that was sent so many messages ago.
    TakeBack(usize),
    /// Begins a large message, takes it back and aborts it.
    GiveUp,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let len = prop_oneof![
        6 => 0..100_usize,
        3 => 3_900..4_200_usize,
        2 => 0..CAPACITY,
        1 => 0..5 * CAPACITY,
    ];
    let step = prop_oneof![
        8 => len.prop_map(Step::Send),
        4 => (0..12_usize).prop_map(Step::TakeBack),
        1 => Just(Step::GiveUp),
    ];
    proptest::collection::vec(step, 1..120)
}

/// How the worker reads.
#[derive(Clone, Copy, Debug)]
enum How {
    Copied,
    InPlace,
}

/// The numbers of all messages that come, up to `last`.
fn read_until(reader: &mut Reader, last: u64, how: How) -> Result<Vec<u64>, Corrupt> {
    let (mut assembly, mut got, begun) = (Assembly::new(LIMIT), Vec::new(), Instant::now());
    let check = |h: &[u8; HEAD], b: &[u8]| {
        assert_eq!(*h, head(number(h), b), "message {} arrived damaged", number(h));
        number(h)
    };
    while got.last() != Some(&last) {
        let n = match how {
            How::Copied => match reader.receive(&mut assembly, Claims::Needed)? {
                Received::Message => Some(check(&assembly.head, &assembly.body)),
                Received::Nothing => None,
            },
            How::InPlace => reader.receive_in_place(&mut assembly, Claims::Needed, check)?,
        };
        got.extend(n);
        if n.is_none() {
            assert!(begun.elapsed() < DEADLINE, "nothing comes behind {:?}", got.last());
            reader.release_and_wake();
            reader.wait(Duration::ZERO, NAP);
        }
    }
    Ok(got)
}

/// Does the steps; returns which messages were taken back.
fn write_all(writer: &mut Writer, steps: &[Step]) -> HashSet<u64> {
    let (mut sent, mut taken) = (Vec::new(), HashSet::new());
    for step in steps {
        let n = sent.len() as u64;
        match *step {
            Step::Send(len) => sent.push(send(writer, n, &body(n, len)).expect("sent")),
            Step::TakeBack(ago) => {
                let n = sent.len().checked_sub(ago + 1);
                let fresh = n.filter(|n| !taken.contains(&(*n as u64)) && writer.take_back(sent[*n]));
                taken.extend(fresh.map(|n| n as u64));
            }
            Step::GiveUp => {
                sent.push(give_up(writer, n));
                taken.insert(n);
            }
        }
    }
    taken
}

/// Begins a message, takes it back if it can, and aborts it: in either case it does not arrive.
fn give_up(writer: &mut Writer, n: u64) -> Position {
    let (body, mut piece) = (body(n, 4 * CAPACITY), Piece::default());
    let position = loop {
        assert!(!writer.send(&head(n, &body), &body, &mut piece), "it is larger than the ring");
        match piece.position() {
            Some(position) => break position,
            None => wait_for_room(writer, writer.next_len(&body, &piece)),
        }
    };
    let _begun_or_not = writer.take_back(position);
    while !writer.abort() {
        wait_for_room(writer, 0);
    }
    writer.wake_reader();
    position
}

fn wait_for_room(writer: &mut Writer, len: usize) {
    writer.wake_reader();
    writer.sleep_for_room(len, NAP);
}

fn what_is_sent_arrives(steps: &[Step], how: How) {
    let (mut supervisor, mut worker) = ends();
    let last = steps.iter().filter(|step| !matches!(step, Step::TakeBack(_))).count() as u64;
    let (got, taken) = std::thread::scope(|scope| {
        let reader = scope.spawn(move || read_until(&mut worker.reader, last, how));
        let taken = write_all(&mut supervisor.writer, steps);
        send(&mut supervisor.writer, last, &[]);
        (reader.join().expect("the reader ends").expect("an honest writer"), taken)
    });
    let expected: Vec<u64> = (0..=last).filter(|n| !taken.contains(n)).collect();
    assert_eq!(got, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn copied_messages_arrive(steps in steps()) {
        what_is_sent_arrives(&steps, How::Copied);
    }

    #[test]
    fn messages_read_in_place_arrive(steps in steps()) {
        what_is_sent_arrives(&steps, How::InPlace);
    }
}

#[test]
fn what_was_read_cannot_be_taken_back_even_when_its_place_is_used_again() {
    let (mut supervisor, mut worker) = ends();
    let mut assembly = Assembly::new(LIMIT);
    let old = send(&mut supervisor.writer, 0, &[]).expect("sent");
    for n in 1..1000 {
        assert_eq!(worker.reader.receive(&mut assembly, Claims::Needed), Ok(Received::Message));
        assert!(!worker.reader.release());
        send(&mut supervisor.writer, n, &[]);
        assert!(!supervisor.writer.take_back(old), "after message {n}");
    }
    assert_eq!(worker.reader.receive(&mut assembly, Claims::Needed), Ok(Received::Message));
}

#[test]
fn a_message_whose_reading_panics_is_left_behind() {
    let (mut supervisor, mut worker) = ends();
    let mut assembly = Assembly::new(LIMIT);
    send(&mut supervisor.writer, 0, &[]);
    send(&mut supervisor.writer, 1, &[]);
    let reading = std::panic::AssertUnwindSafe(|| {
        worker.reader.receive_in_place(&mut assembly, Claims::Unneeded, |_, _| std::panic::resume_unwind(Box::new(())))
    });
    let panicked: Result<Result<Option<()>, Corrupt>, _> = std::panic::catch_unwind(reading);
    assert!(panicked.is_err());
    let next = worker.reader.receive_in_place(&mut assembly, Claims::Unneeded, |head, _| number(head));
    assert_eq!(next, Ok(Some(1)));
}

#[test]
fn a_ring_of_an_impossible_size_is_refused() {
    for capacity in [0, 1, 4096, 8192, 3 << 14, 1 << 32, 1 << 63, usize::MAX] {
        assert!(link::create("impossible", capacity).is_err(), "{capacity}");
    }
}
