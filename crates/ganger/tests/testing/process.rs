//! Faults of a `Process`: each point, each deed, by each start method that makes processes.

use std::time::Duration;

use ganger::testing::{Deed, Fault, Point, eventually};
use ganger::{Exit, Process, Queue, StartMethod};

const LONG: Duration = Duration::from_secs(30);

const fn died_of(number: i32) -> Exit {
    Exit::Signal { number, core: false }
}

#[ganger::task]
fn say(queue: Queue<u32>) {
    queue.put(&1).unwrap();
}

/// A process with that fault, and where it says that its function was called.
fn process(method: StartMethod, fault: Fault) -> (Process, Queue<u32>) {
    let said = Queue::new(0).unwrap();
    let process = Process::builder().start_method(method).faults([fault]).build(say, said.clone()).unwrap();
    process.start().unwrap();
    (process, said)
}

const PROCESSES: [StartMethod; 2] = [StartMethod::Zygote, StartMethod::Spawn];

#[ganger::test]
fn a_process_ends_of_what_was_ordered_where_it_was_ordered() {
    let ends = [
        (Deed::Kill, died_of(9)),
        (Deed::Segv, died_of(11)),
        (Deed::Abort, died_of(6)),
        (Deed::OutOfMemory, died_of(6)),
        (Deed::Exit(0), Exit::Code(0)),
        (Deed::Exit(3), Exit::Code(3)),
        (Deed::Panic, Exit::Code(101)),
    ];
    for method in PROCESSES {
        for point in [Point::Start, Point::Begin, Point::Retire] {
            for (deed, exit) in ends {
                let (process, said) = process(method, deed.at(point));
                assert_eq!(process.join(Some(LONG)).unwrap(), Some(exit), "{deed} at {point}, {method:?}");
                assert_eq!(said.qsize(), usize::from(point == Point::Retire), "{deed} at {point}, {method:?}");
            }
        }
    }
}

#[ganger::test]
fn one_that_does_not_go_on_is_ended_by_a_kill() {
    for method in PROCESSES {
        for deed in [Deed::Stop, Deed::Stubborn] {
            let (process, said) = process(method, deed.at(Point::Begin));
            process.terminate().unwrap();
            let state = if deed == Deed::Stop { ") T " } else { ") S " };
            let stat = format!("/proc/{}/stat", process.pid().unwrap());
            eventually(LONG, || std::fs::read_to_string(&stat).unwrap().contains(state) || !process.is_alive())
                .unwrap();
            process.kill().unwrap();
            assert!(process.join(Some(LONG)).unwrap().is_some() && said.empty(), "{deed}, {method:?}");
        }
    }
}

#[ganger::test]
fn a_plan_that_makes_no_sense_is_refused_with_a_remedy() {
    let why = |method, fault| {
        let builder = Process::builder().start_method(method).faults([fault]);
        builder.build(say, Queue::new(0).unwrap()).unwrap_err().to_string()
    };
    let zygote = |fault| why(StartMethod::Zygote, fault);
    assert!(zygote(Fault::kill(Point::Idle)).contains("a process comes past start, begin, retire"));
    assert!(zygote(Deed::Garbage.at(Point::Begin)).contains("has no link"));
    assert!(zygote(Fault::kill(Point::Begin).task(2)).contains("neither workers nor tasks"));
    assert!(why(StartMethod::Thread, Fault::kill(Point::Begin)).contains("start it by Zygote or Spawn"));
    let other = Process::builder().name("one").faults([Fault::kill(Point::Begin).pool("other")]);
    let process = other.build(say, Queue::new(0).unwrap()).unwrap();
    process.start().unwrap();
    assert_eq!(process.join(Some(LONG)).unwrap(), Some(Exit::Code(0)), "it is another's fault");
}
