//! A worker that writes anything anywhere harms nobody but itself: the supervisor gets an error or wrong bytes, and
//! never a panic, an endless loop, a wild access (there is a guard page on either side of a mapping) or a large bill.
#![cfg(not(loom))]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ganger_shm::link::{self, End};
use ganger_shm::ring::Corrupt;
use ganger_shm::{Assembly, Claims, HEAD, Piece, Received};
use proptest::prelude::*;

const CAPACITY: usize = 16 << 10;
const STATE_PAGE: usize = 4096;
const LIMIT: u64 = 1 << 30;

/// Where the ring from the worker has its tail in the state page, told by looking which word a message changes.
fn tail_of_from_worker() -> u64 {
    let (_supervisor, mut worker, memory) = ends();
    let before = page(&memory);
    assert!(worker.writer.send(&[1; HEAD], &[], &mut Piece::default()));
    let after = page(&memory);
    before.iter().zip(&after).position(|(b, a)| b != a).expect("the tail moved") as u64 / 8 * 8
}

fn page(memory: &File) -> Vec<u8> {
    let mut page = vec![0; STATE_PAGE];
    memory.read_exact_at(&mut page, 0).expect("a memfd can be read");
    page
}

fn ends() -> (End, End, File) {
    let (supervisor, fd) = link::create("garbage", CAPACITY).expect("memory for a small link");
    let worker = link::open(&fd).expect("the segment that was just made");
    (supervisor, worker, File::from(fd))
}

/// Reads until there is nothing or an error; no more often than a ring could hold messages.
fn read(supervisor: &mut End, assembly: &mut Assembly) -> Result<(), Corrupt> {
    for _ in 0..=CAPACITY / 64 {
        if supervisor.reader.receive(assembly, Claims::Unneeded)? == Received::Nothing {
            break;
        }
    }
    supervisor.reader.release_and_wake();
    Ok(())
}

/// All that a supervisor does with a link.
fn use_all(supervisor: &mut End, assembly: &mut Assembly) -> Result<(), Corrupt> {
    let mut piece = Piece::default();
    if supervisor.writer.send(&[3; HEAD], &[3; 100], &mut piece) {
        let _whatever = supervisor.writer.take_back(piece.position().expect("sent"));
    }
    let _whatever = (supervisor.writer.wait_for_room(4000), supervisor.writer.is_drained(), supervisor.state.current());
    supervisor.writer.wake_reader();
    supervisor.reader.wait(Duration::ZERO, Duration::from_nanos(1));
    read(supervisor, assembly)
}

/// A record's head: length, kind, total; each often almost right.
fn record() -> impl Strategy<Value = Vec<u8>> {
    let len = prop_oneof![0..200_u32, Just(CAPACITY as u32 - 24), Just(u32::MAX), any::<u32>()];
    let total = prop_oneof![0..400_u64, Just(LIMIT), any::<u64>()];
    (len, 0..9_u16, total).prop_map(|(len, kind, total)| {
        let kind = u64::from(len) | u64::from(kind) << 32;
        [kind, 0, total].into_iter().flat_map(u64::to_le_bytes).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_bytes_everywhere(words in proptest::collection::vec(any::<u64>(), 1..64), seed in any::<u64>()) {
        let (mut supervisor, _worker, memory) = ends();
        let mut assembly = Assembly::new(LIMIT);
        let mut place = seed;
        for word in words {
            place = place.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let offset = (place >> 33) % (STATE_PAGE + 2 * CAPACITY - 8) as u64;
            memory.write_all_at(&word.to_le_bytes(), offset).expect("a memfd can be written");
            let _error_or_nonsense = use_all(&mut supervisor, &mut assembly);
        }
    }

    #[test]
    fn records_that_are_almost_right(
        records in proptest::collection::vec((0..CAPACITY as u64 / 64, record()), 1..60),
        tails in proptest::collection::vec(0..2 * CAPACITY as u64 / 64, 1..20),
    ) {
        let (mut supervisor, _worker, memory) = ends();
        let mut assembly = Assembly::new(LIMIT);
        for (line, record) in records {
            let offset = (STATE_PAGE + CAPACITY) as u64 + line * 64;
            memory.write_all_at(&record[..record.len().min(CAPACITY - line as usize * 64)], offset).expect("written");
        }
        for tail in tails {
            memory.write_all_at(&(tail * 64).to_le_bytes(), tail_of_from_worker()).expect("written");
            let _error_or_nonsense = use_all(&mut supervisor, &mut assembly);
            prop_assert!(assembly.body.capacity() <= 4 << 20, "{} bytes", assembly.body.capacity());
        }
    }
}

#[test]
fn bytes_that_change_while_they_are_read() {
    let (mut supervisor, mut worker, memory) = ends();
    let (done, mut corrupt) = (AtomicBool::new(false), 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut place = 1_u64;
            while !done.load(Ordering::Relaxed) {
                worker.writer.send(&[1; HEAD], &[1; 300], &mut Piece::default());
                place = place.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let offset = place % (STATE_PAGE + 2 * CAPACITY - 8) as u64;
                memory.write_all_at(&(place >> 40).to_le_bytes(), offset).expect("a memfd can be written");
            }
        });
        let (mut assembly, begun) = (Assembly::new(LIMIT), Instant::now());
        while corrupt < 1000 && begun.elapsed() < Duration::from_secs(2) {
            corrupt += u32::from(use_all(&mut supervisor, &mut assembly).is_err());
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(corrupt > 0, "nothing was ever found out");
}

#[test]
fn a_message_above_the_limit_costs_nothing() {
    for (limit, len) in [(100, 101), (100_000, 100_001)] {
        let (mut supervisor, mut worker, _memory) = ends();
        let mut assembly = Assembly::new(limit);
        let _begun = worker.writer.send(&[1; HEAD], &vec![1; len], &mut Piece::default());
        let error = supervisor.reader.receive(&mut assembly, Claims::Unneeded).expect_err("above the limit");
        assert_eq!((error, assembly.body.capacity()), (Corrupt("a message above the payload limit"), 0));
    }
}

#[test]
fn a_message_of_exactly_the_limit_is_taken() {
    for limit in [100, 10_000] {
        let (mut supervisor, mut worker, _memory) = ends();
        let mut assembly = Assembly::new(limit as u64);
        assert!(worker.writer.send(&[1; HEAD], &vec![1; limit], &mut Piece::default()));
        assert_eq!(supervisor.reader.receive(&mut assembly, Claims::Unneeded), Ok(Received::Message));
        assert_eq!(assembly.body.len(), limit);
    }
}

#[test]
fn what_is_announced_is_not_reserved_before_it_comes() {
    let (mut supervisor, mut worker, _memory) = ends();
    let mut assembly = Assembly::new(LIMIT);
    let body = vec![1; 256 << 20];
    assert!(!worker.writer.send(&[1; HEAD], &body, &mut Piece::default()), "it is larger than the ring");
    assert_eq!(supervisor.reader.receive(&mut assembly, Claims::Unneeded), Ok(Received::Nothing));
    assert!((1..=1 << 20).contains(&assembly.body.capacity()), "{} bytes", assembly.body.capacity());
}

/// What the supervisor finds when a worker wrote these records (length, kind, total), each where it belongs, and a tail
/// that lies `extra` bytes behind them.
fn found(records: &[(u64, u64, u64)], extra: u64) -> Result<Received, Corrupt> {
    let (mut supervisor, _worker, memory) = ends();
    let mut position = 0;
    for (len, kind, total) in records {
        let record: Vec<u8> = [len | kind << 32, 0, *total].into_iter().flat_map(u64::to_le_bytes).collect();
        memory.write_all_at(&record, (STATE_PAGE + CAPACITY) as u64 + position).expect("a memfd can be written");
        position += (24 + len).next_multiple_of(64);
    }
    let tail = position.wrapping_add(extra).to_le_bytes();
    memory.write_all_at(&tail, tail_of_from_worker()).expect("a memfd can be written");
    supervisor.reader.receive(&mut Assembly::new(LIMIT), Claims::Unneeded)
}

#[test]
fn each_breach_of_the_rules_is_named() {
    let [whole, first, next, last, abort, pad] = [1, 2, 3, 4, 5, 6];
    let head = HEAD as u64;
    let breach = |records: &[_], extra, why| assert_eq!(found(records, extra), Err(Corrupt(why)), "{records:?}");
    breach(&[(head, whole, 0)], 1, "a tail outside the ring");
    breach(&[(head, whole, 0)], CAPACITY as u64, "a tail outside the ring");
    breach(&[(head, whole, 0)], 0_u64.wrapping_sub(128), "a tail outside the ring");
    breach(&[(head, 7, 0)], 0, "an unknown kind");
    breach(&[(head + 64, whole, 0)], 0_u64.wrapping_sub(64), "a record longer than the ring");
    breach(&[(head - 1, whole, 0)], 0, "a message shorter than its head");
    breach(&[(head, first, LIMIT + 1)], 0, "a message above the payload limit");
    breach(&[(head + 11, first, 10)], 0, "more pieces than announced");
    breach(&[(head + 5, first, 10), (6, next, 0)], 0, "more pieces than announced");
    breach(&[(head + 5, first, 10), (4, last, 0)], 0, "fewer pieces than announced");
    breach(&[(head, first, 10), (head, whole, 0)], 0, "pieces out of order");
    breach(&[(4, next, 0)], 0, "pieces out of order");
    breach(&[(0, abort, 0)], 0, "pieces out of order");
    breach(&[(40, pad, 0), (head, whole, 0)], 0, "a pad out of place");
    assert_eq!(found(&[(head + 5, first, 10), (5, last, 0)], 0), Ok(Received::Message));
}

#[test]
fn a_tail_that_goes_back_is_found() {
    let (mut supervisor, mut worker, memory) = ends();
    let mut assembly = Assembly::new(LIMIT);
    assert!(worker.writer.send(&[1; HEAD], &[], &mut Piece::default()));
    assert_eq!(supervisor.reader.receive(&mut assembly, Claims::Unneeded), Ok(Received::Message));
    memory.write_all_at(&[0; 8], tail_of_from_worker()).expect("a memfd can be written");
    let found = supervisor.reader.receive(&mut assembly, Claims::Unneeded);
    assert_eq!(found, Err(Corrupt("a tail outside the ring")));
}
