//! What attempts have printed, while they print more.

use ganger_store::{AttemptId, Backlog, NewJob, Order, Place as At, Stream, Turn};

use crate::place::Place;

/// A task that has begun: its attempt.
fn begun(backlog: &mut Backlog) -> AttemptId {
    let queue = backlog.queue("default").unwrap();
    let job = NewJob { command: vec![b"echo".to_vec()], tasks: vec![Vec::new()], ..NewJob::to(queue) };
    let turn = Turn { orders: vec![Order::Submit(Box::new(job))], wanted: vec![(queue, 1)], ..Turn::default() };
    backlog.commit(&turn).unwrap().claimed[0].attempt
}

fn print(backlog: &mut Backlog, attempt: AttemptId, pieces: &[&str]) {
    let printed = pieces.iter().map(|piece| (attempt, Stream::Stdout, piece.as_bytes().to_vec())).collect();
    backlog.commit(&Turn { printed, ..Turn::default() }).unwrap();
}

#[test]
fn what_is_printed_is_read_from_any_place_and_goes_on() {
    let place = Place::new();
    let mut backlog = Backlog::open(place.store()).unwrap();
    let attempt = begun(&mut backlog);
    print(&mut backlog, attempt, &["abc", "", "defg", "h"]);
    let reader = place.reader();
    assert_eq!(reader.printed_length(attempt, Stream::Stdout).unwrap(), 8);
    assert_eq!(reader.printed_length(attempt, Stream::Stderr).unwrap(), 0);
    for offset in 0..=9 {
        let mut at = reader.printed_place(attempt, Stream::Stdout, offset).unwrap();
        let rest = reader.printed_after(&mut at).unwrap();
        assert_eq!(rest, b"abcdefgh"[(offset as usize).min(8)..], "{offset}");
    }
    let mut at = At::of(attempt, Stream::Stdout);
    assert_eq!(reader.printed_after(&mut at).unwrap(), b"abcdefgh");
    assert_eq!(reader.printed_after(&mut at).unwrap(), b"");
    print(&mut backlog, attempt, &["more"]);
    assert_eq!(reader.printed_after(&mut at).unwrap(), b"more");
}

#[test]
fn attempts_are_found_by_number_and_order() {
    let place = Place::new();
    let mut backlog = Backlog::open(place.store()).unwrap();
    let attempt = begun(&mut backlog);
    let reader = place.reader();
    let served = reader.served(ganger_store::JobId(1)).unwrap().unwrap();
    let task = reader.served_task(&served, 1).unwrap().unwrap().id;
    assert_eq!(reader.attempt_numbered(task, 1).unwrap(), Some(attempt));
    assert_eq!(reader.attempt_numbered(task, 2).unwrap(), None);
    assert_eq!(reader.attempt_after(task, AttemptId(0)).unwrap(), Some(attempt));
    assert_eq!(reader.attempt_after(task, attempt).unwrap(), None);
    assert!(!reader.attempt_is_over(attempt).unwrap());
}
