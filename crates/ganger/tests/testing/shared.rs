//! Who dies, or stands still, in the middle of what processes share: the others go on, and are told.

use std::fs;
use std::time::Duration;

use ganger::sync::{Acquired, Lock, RLock, Semaphore};
use ganger::testing::{Deed, Fault, Point, arm, disarm, eventually, memory_of};
use ganger::{Exit, JoinableQueue, Process, Queue};

/// A time that is never over, unless something hangs.
const LONG: Duration = Duration::from_secs(30);
/// Long enough to see that something does not come.
const SHORT: Duration = Duration::from_millis(50);

/// The ends of a process that does this to itself.
const ENDS: [(Deed, Exit); 5] = [
    (Deed::Kill, Exit::Signal { number: 9, core: false }),
    (Deed::Segv, Exit::Signal { number: 11, core: false }),
    (Deed::Abort, Exit::Signal { number: 6, core: false }),
    (Deed::Exit(3), Exit::Code(3)),
    (Deed::Stop, Exit::Signal { number: 9, core: false }),
];

/// Has a process come to its end, or to where it stands still; then `meanwhile` looks, and it is killed.
#[track_caller]
fn comes_to_its_end(process: &Process, deed: Deed, exit: Exit, meanwhile: impl FnOnce()) {
    process.start().unwrap();
    if deed == Deed::Stop {
        let stat = format!("/proc/{}/stat", process.pid().unwrap());
        eventually(LONG, || fs::read_to_string(&stat).unwrap().contains(") T ")).unwrap();
        meanwhile();
        process.kill().unwrap();
    }
    assert_eq!(process.join(Some(LONG)).unwrap(), Some(exit), "{deed}");
}

#[ganger::task]
fn take(fault: Fault, lock: Lock) {
    arm(fault).unwrap();
    let _held = lock.lock();
    unreachable!("it is dead");
}

#[ganger::task]
fn take_again(fault: Fault, lock: RLock) {
    arm(fault).unwrap();
    let _held = lock.lock();
    unreachable!("it is dead");
}

#[ganger::task]
fn take_permit(fault: Fault, semaphore: Semaphore) {
    arm(fault).unwrap();
    let _held = semaphore.lock();
    unreachable!("it is dead");
}

#[ganger::test]
fn a_lock_whose_holder_dies_goes_to_the_next_who_is_told() {
    for (deed, exit) in ENDS {
        let lock = Lock::new().unwrap();
        let process = Process::new(take, (deed.at(Point::Lock), lock.clone())).unwrap();
        comes_to_its_end(&process, deed, exit, || {
            assert!(lock.locked() && lock.acquire_timeout(SHORT).is_none(), "who is stopped lives, and holds it");
        });
        assert_eq!(lock.acquire_timeout(LONG), Some(Acquired::OwnerDied), "{deed}");
        lock.release().unwrap();
        assert_eq!(lock.acquire(), Acquired::Clean, "told once");
    }
}

#[ganger::test]
fn a_recursive_lock_too() {
    for (deed, exit) in ENDS {
        let lock = RLock::new().unwrap();
        let process = Process::new(take_again, (deed.at(Point::Lock), lock.clone())).unwrap();
        comes_to_its_end(&process, deed, exit, || assert!(lock.try_acquire().is_none()));
        assert_eq!(lock.acquire_timeout(LONG), Some(Acquired::OwnerDied), "{deed}");
    }
}

#[ganger::test]
fn a_permit_comes_back_and_is_never_half_taken() {
    for (deed, exit) in ENDS {
        for point in [Point::Lock, Point::Turn] {
            let semaphore = Semaphore::new(2).unwrap();
            let process = Process::new(take_permit, (deed.at(point), semaphore.clone())).unwrap();
            comes_to_its_end(&process, deed, exit, || ());
            let told = [semaphore.acquire_timeout(LONG), semaphore.acquire_timeout(LONG)];
            assert!(told.iter().all(Option::is_some), "{deed} at {point}: {told:?}");
            assert_eq!(semaphore.try_acquire(), None, "{deed} at {point}: one permit too many");
        }
    }
}

#[ganger::task]
fn put_two(fault: Fault, queue: Queue<u32>) {
    queue.put(&1).unwrap();
    arm(fault).unwrap();
    queue.put(&2).unwrap();
}

#[ganger::test]
fn who_dies_halfway_in_a_put_has_put_nothing_and_holds_nobody_up() {
    for (deed, exit) in ENDS {
        let queue = Queue::new(0).unwrap();
        let process = Process::new(put_two, (deed.at(Point::Put), queue.clone())).unwrap();
        comes_to_its_end(&process, deed, exit, || {
            assert!(queue.try_put(&0).unwrap_err().is_full(), "who is stopped in a put holds up those who put");
        });
        assert_eq!(queue.get_timeout(LONG).unwrap(), 1);
        queue.put_timeout(&3, LONG).unwrap();
        assert_eq!(queue.get_timeout(LONG).unwrap(), 3, "{deed}: the second was never put");
    }
}

#[ganger::task]
fn get_one(fault: Fault, queue: Queue<u32>) {
    arm(fault).unwrap();
    queue.get().unwrap();
}

#[ganger::test]
fn who_dies_halfway_in_a_get_has_got_nothing() {
    for (deed, exit) in ENDS {
        let queue = Queue::new(0).unwrap();
        queue.put(&1).unwrap();
        let process = Process::new(get_one, (deed.at(Point::Get), queue.clone())).unwrap();
        comes_to_its_end(&process, deed, exit, || queue.put(&2).unwrap());
        assert_eq!(queue.get_timeout(LONG).unwrap(), 1, "{deed}");
    }
}

#[ganger::task]
fn get_and_finish(fault: Fault, queue: JoinableQueue<u32>) {
    arm(fault).unwrap();
    queue.get().unwrap();
    queue.task_done().unwrap();
}

#[ganger::test]
fn what_was_half_got_of_a_queue_that_keeps_its_items_waits_again() {
    for (deed, exit) in ENDS {
        let queue = JoinableQueue::new(0).unwrap();
        queue.put(&1).unwrap();
        let process = Process::new(get_and_finish, (deed.at(Point::Get), queue.clone())).unwrap();
        comes_to_its_end(&process, deed, exit, || assert!(queue.join_timeout(SHORT).unwrap_err().is_timeout()));
        assert_eq!(queue.get_timeout(LONG).unwrap(), 1, "{deed}");
        queue.task_done().unwrap();
        queue.join_timeout(LONG).unwrap();
    }
}

#[ganger::task]
fn put_many(fault: Fault, queue: Queue<u32>) {
    arm(fault).unwrap();
    (1..=100).for_each(|n| queue.put(&n).unwrap());
}

#[ganger::test]
fn the_nth_time_is_the_nth_and_a_name_means_that_memory_alone() {
    let (queue, other) = (Queue::new(0).unwrap(), Queue::<u32>::new(0).unwrap());
    let run = |fault: Fault| {
        let process = Process::new(put_many, (fault, queue.clone())).unwrap();
        process.start().unwrap();
        let exit = process.join(Some(LONG)).unwrap().unwrap();
        let mut put = Vec::new();
        while let Ok(n) = queue.try_get() {
            put.push(n);
        }
        (exit, put.len())
    };
    let killed = Exit::Signal { number: 9, core: false };
    assert_eq!(run(Fault::kill(Point::Put).nth(3)), (killed, 2));
    assert_eq!(run(Fault::kill(Point::Put).nth(3).memory(memory_of(&queue))), (killed, 2));
    assert_eq!(run(Fault::kill(Point::Put).memory(memory_of(&other))), (Exit::Code(0), 100));
    assert_eq!(run(Fault::kill(Point::Get)), (Exit::Code(0), 100), "it gets nothing");
}

#[ganger::test]
fn what_is_no_fault_of_this_process_is_refused_and_what_was_armed_can_be_taken_back() {
    let why = |fault: Fault| arm(fault).unwrap_err().to_string();
    assert!(why(Fault::kill(Point::Begin)).contains("give it to the builder"));
    assert!(why(Fault::kill(Point::Lock).worker(2)).contains("leave out worker, task and pool"));
    assert!(why(Fault::panic(Point::Lock)).contains("makes no sense"));
    arm(Fault::kill(Point::Lock)).unwrap();
    disarm();
    assert_eq!(Lock::new().unwrap().acquire(), Acquired::Clean);
}

/// Whether its last holder had died.
#[ganger::task]
fn hold(lock: Lock) -> bool {
    lock.lock().is_err()
}

#[ganger::test]
fn a_plan_of_a_pool_strikes_a_task_that_holds_a_lock() {
    let (lock, other) = (Lock::new().unwrap(), Lock::new().unwrap());
    let kill = |lock| Fault::kill(Point::Lock).task(2).memory(memory_of(lock));
    for (named, told) in [(&lock, [false, true, false]), (&other, [false, false, false])] {
        let pool = ganger::Pool::builder().workers(1).faults([kill(named)]).build().unwrap();
        let held: Vec<_> = (0..3).map(|_| pool.submit(hold, lock.clone()).unwrap()).collect();
        let held: Vec<bool> = held.iter().map(|held| held.result().unwrap()).collect();
        assert_eq!(held, told, "the second died with it, and was tried again");
    }
}
