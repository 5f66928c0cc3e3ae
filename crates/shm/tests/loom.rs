//! The ring's protocol under loom: every interleaving, and every value that the memory model lets a load return, with
//! up to [`PREEMPTIONS`] preemptions. What runs is the code that ships, over memory of loom's.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p ganger-shm --release --test loom`.
#![cfg(loom)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ganger_shm::model::{Died, Life, SMALLEST, ring};
use ganger_shm::ring::{Reader, Writer};
use ganger_shm::{Assembly, Claims, HEAD, Piece, Received};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

#[path = "loom/locks.rs"]
mod locks;
#[path = "loom/queue.rs"]
mod queue;

const PREEMPTIONS: usize = 3;

/// No time passes under loom.
const NEVER: Duration = Duration::MAX;

/// With a head, a body of this length fills one line; one more byte takes two.
const LINE_BODY: usize = 8;

fn model(f: impl Fn() + Sync + Send + 'static) {
    model_with(PREEMPTIONS, f);
}

fn model_with(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.check(f);
}

/// Message `n`: its bytes tell its number and its length.
fn message(n: u8, len: usize) -> ([u8; HEAD], Vec<u8>) {
    ([n; HEAD], (0..len).map(|i| n.wrapping_mul(31).wrapping_add(i as u8)).collect())
}

fn try_send(writer: &mut Writer, n: u8, len: usize) -> bool {
    let (head, body) = message(n, len);
    writer.send(&head, &body, &mut Piece::default())
}

/// Sends message `n`, sleeping for room where there is none, and wakes the reader.
fn send(writer: &mut Writer, n: u8, len: usize) {
    let (head, body) = message(n, len);
    let mut piece = Piece::default();
    while !writer.send(&head, &body, &mut piece) {
        writer.wake_reader();
        writer.wait(writer.next_len(&body, &piece), Duration::ZERO, NEVER);
    }
    writer.wake_reader();
}

fn check(assembly: &Assembly, n: u8, len: usize) {
    let (head, body) = message(n, len);
    assert_eq!((assembly.head, &assembly.body), (head, &body));
}

/// Receives the next message, sleeping while there is none.
fn receive(reader: &mut Reader, assembly: &mut Assembly, claims: Claims) {
    while reader.receive(assembly, claims).expect("an honest writer") == Received::Nothing {
        reader.release_and_wake();
        reader.wait(Duration::ZERO, NEVER);
    }
}

fn assembly() -> Assembly {
    Assembly::new(1 << 20)
}

fn long_lived() -> (Writer, Reader) {
    ring(SMALLEST, Life::long(), Life::long())
}

/// Uses the ring, so that the next message lies `lines` lines behind its beginning, with the reader done so far.
fn turn(writer: &mut Writer, reader: &mut Reader, lines: usize) {
    let mut assembly = assembly();
    for _ in 0..lines {
        assert!(try_send(writer, 0, LINE_BODY));
    }
    for _ in 0..lines {
        assert_eq!(reader.receive(&mut assembly, Claims::Unneeded), Ok(Received::Message));
    }
    assert!(!reader.release(), "no writer waits");
}

/// Sends messages of these lengths from one thread to another, beginning `lines` lines into the ring.
fn conversation(lines: usize, lens: &'static [usize]) {
    model(move || {
        let (mut writer, mut reader) = long_lived();
        turn(&mut writer, &mut reader, lines);
        let sender = thread::spawn(move || {
            for (n, &len) in lens.iter().enumerate() {
                send(&mut writer, n as u8, len);
            }
        });
        let mut assembly = assembly();
        for (n, &len) in lens.iter().enumerate() {
            receive(&mut reader, &mut assembly, Claims::Unneeded);
            check(&assembly, n as u8, len);
        }
        sender.join().expect("the sender ends");
        assert!(reader.is_empty());
    });
}

#[test]
fn a_reader_that_goes_to_sleep_misses_nothing() {
    conversation(0, &[0, LINE_BODY]);
}

#[test]
fn a_writer_that_waits_for_room_misses_none() {
    model(|| {
        let (mut writer, mut reader) = long_lived();
        for n in 0..8 {
            assert!(try_send(&mut writer, n, LINE_BODY));
        }
        let sender = thread::spawn(move || send(&mut writer, 8, LINE_BODY));
        let mut assembly = assembly();
        for n in 0..9 {
            receive(&mut reader, &mut assembly, Claims::Unneeded);
            check(&assembly, n, LINE_BODY);
        }
        sender.join().expect("the sender ends");
    });
}

#[test]
fn a_message_that_needs_a_pad_arrives() {
    conversation(7, &[LINE_BODY + 1, LINE_BODY]);
}

#[test]
fn a_writer_that_starts_over_early_overwrites_nothing() {
    conversation(2, &[LINE_BODY + 1, LINE_BODY + 1, LINE_BODY]);
    conversation(3, &[LINE_BODY + 1, 0]);
}

#[test]
fn a_message_flows_through_a_ring_that_has_no_room_for_all_of_it() {
    model(|| {
        let (mut writer, mut reader) = long_lived();
        for n in 0..6 {
            assert!(try_send(&mut writer, n, LINE_BODY));
        }
        // A first and a last piece of two lines each, of which only the first finds room.
        let sender = thread::spawn(move || send(&mut writer, 6, 156));
        let mut assembly = assembly();
        for n in 0..6 {
            assert_eq!(reader.receive(&mut assembly, Claims::Unneeded), Ok(Received::Message));
            check(&assembly, n, LINE_BODY);
        }
        receive(&mut reader, &mut assembly, Claims::Unneeded);
        check(&assembly, 6, 156);
        sender.join().expect("the sender ends");
    });
}

#[test]
fn who_rings_a_bell_misses_no_sleeper() {
    model(|| {
        let (mut writer, mut reader) = long_lived();
        let bell = Arc::new((Mutex::new(false), Condvar::new()));
        let ringer = Arc::clone(&bell);
        let sender = thread::spawn(move || {
            for n in 0..2 {
                assert!(try_send(&mut writer, n, LINE_BODY));
                if writer.reader_waits() {
                    *ringer.0.lock().expect("not poisoned") = true;
                    ringer.1.notify_one();
                }
            }
        });
        let mut assembly = assembly();
        for n in 0..2 {
            while reader.receive(&mut assembly, Claims::Unneeded) == Ok(Received::Nothing) {
                if !reader.wait_for_record() {
                    let mut rung = bell.0.lock().expect("not poisoned");
                    while !*rung {
                        rung = bell.1.wait(rung).expect("not poisoned");
                    }
                    *rung = false;
                }
            }
            check(&assembly, n, LINE_BODY);
        }
        sender.join().expect("the sender ends");
    });
}

#[test]
fn a_message_is_begun_or_taken_back_and_never_both() {
    model(|| {
        let (mut writer, mut reader) = long_lived();
        let mut pieces = [Piece::default(); 2];
        for (n, piece) in pieces.iter_mut().enumerate() {
            let (head, body) = message(n as u8, LINE_BODY);
            assert!(writer.send(&head, &body, piece));
        }
        let worker = thread::spawn(move || {
            let (mut assembly, mut begun) = (assembly(), Vec::new());
            while reader.receive(&mut assembly, Claims::Needed) == Ok(Received::Message) {
                begun.push(assembly.head[0]);
                let _nobody_waits = reader.release();
            }
            begun
        });
        let positions = pieces.map(|piece| piece.position().expect("sent"));
        let taken = [1, 0].map(|n| writer.take_back(positions[n]).then_some(n as u8));
        let begun = worker.join().expect("the worker ends");
        let mut all: Vec<u8> = begun.into_iter().chain(taken.into_iter().flatten()).collect();
        all.sort_unstable();
        assert_eq!(all, [0, 1]);
    });
}

#[test]
fn a_long_message_taken_back_on_its_way_is_passed_over() {
    model(|| {
        let (mut writer, mut reader) = long_lived();
        let (head, body) = message(1, 600);
        let mut piece = Piece::default();
        assert!(!writer.send(&head, &body, &mut piece), "it is larger than the ring");
        let worker = thread::spawn(move || {
            let mut assembly = assembly();
            receive(&mut reader, &mut assembly, Claims::Needed);
            check(&assembly, 2, LINE_BODY);
        });
        // Whether the worker has begun it or not: a message that is aborted never arrives.
        let _either = writer.take_back(piece.position().expect("begun"));
        while !writer.abort() {
            writer.wait(0, Duration::ZERO, NEVER);
        }
        writer.wake_reader();
        send(&mut writer, 2, LINE_BODY);
        worker.join().expect("the worker ends");
    });
}

#[test]
fn what_is_lent_stays_as_it_is() {
    model(|| {
        let (mut writer, mut reader) = long_lived();
        for n in 0..7 {
            assert!(try_send(&mut writer, n, LINE_BODY));
        }
        let sender = thread::spawn(move || {
            send(&mut writer, 7, LINE_BODY);
            send(&mut writer, 8, LINE_BODY);
        });
        let mut assembly = assembly();
        for n in 0..9 {
            let read = |head: &[u8; HEAD], body: &[u8]| {
                thread::yield_now();
                assert_eq!((*head, body.to_vec()), message(n, LINE_BODY));
            };
            while reader.receive_in_place(&mut assembly, Claims::Needed, read) == Ok(None) {
                reader.release_and_wake();
                reader.wait(Duration::ZERO, NEVER);
            }
        }
        sender.join().expect("the sender ends");
    });
}

/// Runs a side until it is done or dies.
fn until_death(side: impl FnOnce()) -> bool {
    match catch_unwind(AssertUnwindSafe(side)) {
        Ok(()) => false,
        Err(payload) if payload.is::<Died>() => true,
        Err(payload) => std::panic::resume_unwind(payload),
    }
}

/// Explores `world` with a side that dies before its step 0, 1, 2 … until one does not die any more.
fn die_at_every_step(world: fn(usize) -> bool) {
    for steps in 0.. {
        let survived = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let told = std::sync::Arc::clone(&survived);
        model(move || told.store(!world(steps), std::sync::atomic::Ordering::Relaxed));
        if survived.load(std::sync::atomic::Ordering::Relaxed) {
            assert!(steps > 10, "there were steps to die at");
            return;
        }
    }
}

#[test]
fn of_a_dead_writer_whole_messages_are_seen() {
    const LENS: [usize; 3] = [LINE_BODY, LINE_BODY + 1, 105];
    die_at_every_step(|steps| {
        let (mut writer, mut reader) = ring(SMALLEST, Life::of(steps), Life::long());
        let sender = thread::spawn(move || {
            until_death(|| {
                LENS.into_iter().enumerate().for_each(|(n, len)| assert!(try_send(&mut writer, n as u8, len)))
            })
        });
        let (mut assembly, mut seen) = (assembly(), 0);
        let mut drain = |reader: &mut Reader| {
            while reader.receive(&mut assembly, Claims::Unneeded).expect("whole records") == Received::Message {
                check(&assembly, seen as u8, LENS[seen]);
                seen += 1;
            }
        };
        drain(&mut reader);
        let died = sender.join().expect("the sender ends or dies");
        drain(&mut reader);
        assert!(died || seen == LENS.len(), "nothing that was sent is lost");
        died
    });
}

#[test]
fn what_a_dead_reader_began_is_not_taken_back() {
    die_at_every_step(|steps| {
        let (mut writer, mut reader) = ring(SMALLEST, Life::long(), Life::of(steps));
        let mut pieces = [Piece::default(); 2];
        for (n, piece) in pieces.iter_mut().enumerate() {
            let (head, body) = message(n as u8, LINE_BODY);
            assert!(writer.send(&head, &body, piece));
        }
        let begun = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let diary = std::sync::Arc::clone(&begun);
        let worker = thread::spawn(move || {
            until_death(|| {
                let mut assembly = assembly();
                while reader.receive(&mut assembly, Claims::Needed) == Ok(Received::Message) {
                    diary.lock().expect("not poisoned").push(assembly.head[0]);
                    let _nobody_waits = reader.release();
                }
            })
        });
        let last = writer.take_back(pieces[1].position().expect("sent"));
        let died = worker.join().expect("the worker ends or dies");
        let first = writer.take_back(pieces[0].position().expect("sent"));
        for (n, taken) in [(0, first), (1, last)] {
            let begun = begun.lock().expect("not poisoned").contains(&n);
            assert!(!(begun && taken), "message {n} was both begun and taken back");
            assert!(died || begun || taken, "message {n} is lost");
        }
        died
    });
}
