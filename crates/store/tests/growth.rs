//! What a record costs must not depend on what is in the file. How long it takes is measured elsewhere; here is counted
//! what SQLite writes.
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]
use std::time::{Instant, SystemTime};

use ganger_store::*;

#[test]
fn speed() {
    let place = tempfile::tempdir_in("/tmp").unwrap();
    let file = place.path().join("s.db");
    let mut store = Store::open(&file, Durability::Process).unwrap();
    let job = store.create_job("a", "b").unwrap();
    let run = store.begin_run(job.id, "h", Setting::default()).unwrap();
    let mut recorder = store.record(&run).unwrap();
    let n: u64 = std::env::var("N").map_or(200_000, |n| n.parse().unwrap());
    let mut last = Instant::now();
    for i in 0..n {
        let input = i.to_string().into_bytes();
        let task = recorder.fresh_task();
        let key = Key::of([b"echo".as_slice(), &input]);
        recorder.send(Record::Begun(NewTask { id: task, number: i, key, input })).unwrap();
        let id = recorder.fresh_attempt();
        recorder.send(Record::Printed { attempt: id, stream: Stream::Stdout, bytes: b"hello\n".to_vec() }).unwrap();
        let now = SystemTime::now();
        let attempt = Attempt {
            id,
            task,
            number: 1,
            slot: 1,
            began: now,
            ended: now,
            used: Usage::default(),
            printed: 6,
            end: End::Exit(0),
        };
        recorder.send(Record::Ended { attempt, state: State::Succeeded }).unwrap();
        if (i + 1) % (n / 10) == 0 {
            eprintln!("{:.2} us", last.elapsed().as_secs_f64() * 1e6 / (n / 10) as f64);
            last = Instant::now();
        }
    }
    recorder.finish(|_| true).unwrap();
    let start = Instant::now();
    let mut store = Store::open(&file, Durability::Process).unwrap();
    let mut known = store.known(job.id).unwrap();
    eprintln!("merge {:?}", start.elapsed());
    let start = Instant::now();
    for i in 0..n {
        let key = Key::of([b"echo".as_slice(), i.to_string().as_bytes()]);
        assert_eq!(known.take(key).unwrap().unwrap().1, State::Succeeded);
    }
    eprintln!("take {:?} each", start.elapsed() / n as u32);
    eprintln!("{} MiB", std::fs::metadata(&file).unwrap().len() >> 20);
}
