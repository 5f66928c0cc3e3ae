//! Faults of a manager: in the middle of a call its server dies, stands still or talks nonsense. Every client is told, and
//! nobody hangs.

use std::thread;
use std::time::Duration;

use ganger::manager::{ListProxy, Manager, ManagerError, QueueProxy};
use ganger::testing::{Deed, Fault, Point};

const POINTS: [Point; 2] = [Point::Request, Point::Answer];

/// A manager that does it at its fourth call: the first of a user's, behind two that make objects and one that names the
/// list.
struct Victim {
    manager: Manager,
    list: ListProxy<u8>,
    /// Nobody ever puts anything in.
    queue: QueueProxy<u8>,
}

fn victim(fault: Fault, call_timeout: Duration) -> Victim {
    let manager = Manager::builder().faults([fault.task(4)]).call_timeout(call_timeout).start().unwrap();
    let (list, queue) = (manager.list().unwrap(), manager.queue(0).unwrap());
    manager.publish("list", &list).unwrap();
    Victim { manager, list, queue }
}

fn is_told(error: &ManagerError) -> bool {
    matches!(error, ManagerError::Gone(_) | ManagerError::Interrupted)
}

#[ganger::test]
fn when_the_server_dies_in_a_call_every_client_is_told() {
    for point in POINTS {
        for deed in [Deed::Kill, Deed::Segv, Deed::Abort, Deed::Exit(0), Deed::OutOfMemory] {
            let Victim { manager, list, queue } = victim(deed.at(point), Duration::from_secs(30));
            let error = list.push(&1).unwrap_err();
            assert!(is_told(&error), "{deed} at {point}: {error}");
            let error = list.len().unwrap_err();
            assert!(error.to_string().contains("is gone, and its objects with it"), "{deed} at {point}: {error}");
            assert!(is_told(&queue.get().unwrap_err()));
            drop(manager);
        }
    }
}

#[ganger::test]
fn who_waits_for_an_item_is_told_as_well() {
    // The wait is the fourth call, and is answered never; the fifth kills.
    let manager = Manager::builder().faults([Fault::kill(Point::Request).task(4)]).start().unwrap();
    let (list, queue) = (manager.list::<u8>().unwrap(), manager.queue::<u8>(0).unwrap());
    let waiting = thread::spawn(move || queue.get());
    // Whichever of the two comes second is the fourth call.
    let error = (0..2).find_map(|_| list.len().err());
    assert!(error.is_some_and(|error| is_told(&error)));
    assert!(is_told(&waiting.join().unwrap().unwrap_err()));
}

#[ganger::test]
fn a_server_that_stands_still_is_found_by_the_time_limit_and_ended() {
    for deed in [Deed::Stop, Deed::Stubborn] {
        let Victim { mut manager, list, .. } = victim(deed.at(Point::Request), Duration::from_millis(300));
        let error = list.push(&1).unwrap_err();
        assert!(matches!(error, ManagerError::TimedOut), "{deed}: {error}");
        manager.shutdown().unwrap();
        assert!(is_told(&list.len().unwrap_err()));
    }
}

#[ganger::test]
fn a_call_that_is_cut_off_is_told_and_the_next_one_goes_by_a_new_connection() {
    for point in POINTS {
        for deed in [Deed::Close, Deed::Garbage, Deed::Panic] {
            let Victim { manager, list, .. } = victim(deed.at(point), Duration::from_secs(30));
            let error = list.push(&1).unwrap_err();
            assert!(matches!(error, ManagerError::Interrupted), "{deed} at {point}: {error}");
            let again: ListProxy<u8> = manager.find("list").unwrap();
            again.push(&2).unwrap();
            assert_eq!(again.get(again.len().unwrap() - 1).unwrap(), 2, "{deed} at {point}");
        }
    }
}

#[ganger::test]
fn a_server_that_does_not_start_is_told() {
    for deed in [Deed::Kill, Deed::Exit(3), Deed::Panic] {
        let error = Manager::builder().faults([deed.at(Point::Start)]).start().unwrap_err();
        assert!(error.to_string().contains("the manager did not begin"), "{deed}: {error}");
    }
    let why = Manager::builder().faults([Deed::Oversized.at(Point::Answer)]).start().unwrap_err().to_string();
    assert!(why.contains("use garbage"), "{why}");
}
