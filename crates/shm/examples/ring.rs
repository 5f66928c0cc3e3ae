//! What a ring carries: two threads on two cores, one JSON object a line.
//!
//! `cargo run --release -p ganger-shm --example ring`
#![cfg_attr(not(loom), expect(clippy::print_stdout, reason = "the figures are what it is for"))]

/// Under loom there is nothing to measure.
#[cfg(loom)]
fn main() {}

#[cfg(not(loom))]
fn main() {
    for how in [How::Copied, How::InPlace] {
        one_way(how, 8, 1_000_000, 1);
        one_way(how, 8, 1_000_000, 64);
        one_way(how, 64, 1_000_000, 1);
        one_way(how, 1 << 20, 500, 1);
    }
    round_trips("spinning", Duration::from_secs(1), 1_000_000);
    round_trips("sleeping", Duration::ZERO, 100_000);
}

#[cfg(not(loom))]
use {
    ganger_shm::link::{self, End},
    ganger_shm::{Assembly, Claims, HEAD, Piece},
    nix::sched::{CpuSet, sched_setaffinity},
    nix::unistd::Pid,
    std::time::{Duration, Instant},
};

#[cfg(not(loom))]
const CAPACITY: usize = 1 << 18;
#[cfg(not(loom))]
const NAP: Duration = Duration::from_millis(100);
#[cfg(not(loom))]
const SPIN: Duration = Duration::from_millis(1);
/// On a machine that others use too, the best of several runs tells what the code can do.
#[cfg(not(loom))]
const RUNS: usize = 15;

/// How the worker reads. The supervisor always copies.
#[cfg(not(loom))]
#[derive(Clone, Copy, Debug)]
enum How {
    Copied,
    InPlace,
}

#[cfg(not(loom))]
fn ends() -> (End, End) {
    let (supervisor, fd) = link::create("ring", CAPACITY).expect("memory for a link");
    (supervisor, link::open(&fd).expect("the segment that was just made"))
}

#[cfg(not(loom))]
fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core).expect("a small number");
    // On a machine with one core the figures tell of that.
    let _pinned = sched_setaffinity(Pid::from_raw(0), &set);
}

/// Each message is published by itself; the reader is woken where it must be.
#[cfg(not(loom))]
fn send(end: &mut End, body: &[u8]) {
    publish(end, body);
    end.writer.wake_reader();
}

#[cfg(not(loom))]
fn publish(end: &mut End, body: &[u8]) {
    let mut piece = Piece::default();
    while !end.writer.send(&[7; HEAD], body, &mut piece) {
        end.writer.wake_reader();
        end.writer.wait(end.writer.next_len(body, &piece), SPIN, NAP);
    }
}

#[cfg(not(loom))]
fn receive(end: &mut End, assembly: &mut Assembly, how: How, spin: Duration) -> u64 {
    let look = |_: &[u8; HEAD], body: &[u8]| body.len() as u64 + u64::from(body[0]);
    loop {
        let seen = match how {
            How::InPlace => end.reader.receive_in_place(assembly, Claims::Needed, look),
            How::Copied => end.reader.receive(assembly, Claims::Needed).map(|received| {
                (received == ganger_shm::Received::Message).then(|| look(&assembly.head, &assembly.body))
            }),
        };
        match seen.expect("an honest writer") {
            Some(seen) => return seen,
            None => {
                end.reader.release_and_wake();
                end.reader.wait(spin, NAP);
            }
        }
    }
}

#[cfg(not(loom))]
fn one_way(how: How, len: usize, count: u64, wake_every: u64) {
    let mut times: Vec<f64> = (0..RUNS).map(|_| one_run(how, len, count, wake_every)).collect();
    times.sort_unstable_by(f64::total_cmp);
    let rate = |time: f64| count as f64 / time / 1e6;
    let bytes = |time: f64| (count * len as u64) as f64 / time / 1e9;
    let (best, median) = (times[0], times[RUNS / 2]);
    println!(
        r#"{{"workload":"one way","how":"{how:?}","bytes":{len},"wake every":{wake_every},"M messages/s":{{"best":{:.2},"median":{:.2}}},"GB/s":{{"best":{:.2},"median":{:.2}}}}}"#,
        rate(best),
        rate(median),
        bytes(best),
        bytes(median),
    );
}

/// How long it takes until the last of `count` messages has been read, in seconds.
#[cfg(not(loom))]
fn one_run(how: How, len: usize, count: u64, wake_every: u64) -> f64 {
    let (mut supervisor, mut worker) = ends();
    let body = vec![7; len];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pin(1);
            let mut assembly = Assembly::new(1 << 30);
            let sum: u64 = (0..count).map(|_| receive(&mut worker, &mut assembly, how, SPIN)).sum();
            assert_eq!(sum, count * (len as u64 + 7));
            worker.reader.release_and_wake();
            send(&mut worker, &[1]);
        });
        pin(0);
        let begun = Instant::now();
        for n in 1..=count {
            publish(&mut supervisor, &body);
            if n % wake_every == 0 || n == count {
                supervisor.writer.wake_reader();
            }
        }
        receive(&mut supervisor, &mut Assembly::new(8), How::Copied, SPIN);
        begun.elapsed().as_secs_f64()
    })
}

#[cfg(not(loom))]
fn round_trips(name: &str, spin: Duration, count: u64) {
    let (mut supervisor, mut worker) = ends();
    let mut times: Vec<u128> = std::thread::scope(|scope| {
        scope.spawn(|| {
            pin(1);
            let mut assembly = Assembly::new(64);
            for _ in 0..count {
                receive(&mut worker, &mut assembly, How::InPlace, spin);
                send(&mut worker, &[7; 8]);
            }
        });
        pin(0);
        let mut assembly = Assembly::new(64);
        let mut round_trip = || {
            let begun = Instant::now();
            send(&mut supervisor, &[7; 8]);
            receive(&mut supervisor, &mut assembly, How::Copied, spin);
            begun.elapsed().as_nanos()
        };
        (0..count).map(|_| round_trip()).collect()
    });
    times.sort_unstable();
    let at = |share: f64| times[(count as f64 * share) as usize] as f64 / 1e3;
    println!(
        r#"{{"workload":"round trip","how":"{name}","p50 us":{:.2},"p90 us":{:.2},"p99 us":{:.2}}}"#,
        at(0.5),
        at(0.9),
        at(0.99)
    );
}
