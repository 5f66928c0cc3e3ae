//! A user of a queue that is killed between any two instructions: it is led through its deeds step by step, and killed
//! after one more step each time.
//!
//! The test is its own victim: it starts itself again with the queue's memory as standard input, traced.

#![cfg_attr(not(loom), expect(unsafe_code, reason = "to be traced is asked of the kernel directly"))]

#[cfg(loom)]
fn main() {}

#[cfg(not(loom))]
fn main() {
    if std::env::args().any(|arg| arg == VICTIM) {
        be_the_victim();
    }
    for keeps in [false, true] {
        let Some(steps) = steps_of_a_life(keeps) else { return };
        let lives = kills().min(steps);
        for life in (0..lives).map(|n| (n * steps / lives + n % 7).min(steps)) {
            kill_after(life, keeps);
        }
    }
}

#[cfg(not(loom))]
use {
    ganger_shm::queue::{Bounds, Item, SharedQueue, Waiting},
    std::io::Write,
    std::os::fd::AsFd,
    std::os::unix::process::CommandExt,
    std::process::{Child, Command, Stdio},
    std::time::Duration,
};

#[cfg(not(loom))]
const VICTIM: &str = "--be-the-victim";

/// How many are killed, of each kind: `GANGER_KILLS`, or 20. Built without optimization, a life has thousands of steps, and to
/// be led takes time; with it, some hundreds.
#[cfg(not(loom))]
fn kills() -> usize {
    std::env::var("GANGER_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(20)
}

/// So long the items are.
#[cfg(not(loom))]
const LEN: usize = 40;

/// After so many items the fifth that follows goes round the end of the ring.
#[cfg(not(loom))]
const BEFORE: usize = 1166;

#[cfg(not(loom))]
fn waiting(timeout: Duration) -> Waiting<'static> {
    Waiting { timeout: Some(timeout), alone: &|| false }
}

#[cfg(not(loom))]
fn put(queue: &SharedQueue, n: u8) {
    let item = Item { bytes: &[n; LEN], attach: None };
    assert!(queue.put(&item, &waiting(Duration::from_secs(20))).is_ok(), "it is not full");
}

/// The next item, all of whose bytes are alike.
#[cfg(not(loom))]
fn get(queue: &SharedQueue, timeout: Duration) -> Option<u8> {
    let mut out = Vec::new();
    queue.get(&mut out, &mut |_| (), &waiting(timeout)).ok()?;
    assert!(out.len() == LEN && out.iter().all(|byte| *byte == out[0]), "a torn item");
    Some(out[0])
}

/// What the victim does: it takes an item and puts one.
#[cfg(not(loom))]
fn live(queue: &SharedQueue, items: std::ops::Range<u8>) {
    for n in items {
        get(queue, Duration::from_secs(20)).expect("two items wait");
        put(queue, n);
        if queue.keeps() && n % 2 == 0 {
            queue.done(None).expect("whole memory").expect("in hand");
        }
    }
}

#[cfg(not(loom))]
fn be_the_victim() -> ! {
    let fd = std::io::stdin().as_fd().try_clone_to_owned().expect("the memory is on standard input");
    let queue = SharedQueue::open(&fd).expect("a queue");
    // Twice in its own time: what is done at the first time only takes many steps.
    live(&queue, 10..12);
    // SAFETY: it stops, and the parent, which waits for that, leads it on.
    unsafe { libc::raise(libc::SIGSTOP) };
    live(&queue, 20..21);
    // SAFETY: as above; nobody leads it any further.
    unsafe { libc::raise(libc::SIGSTOP) };
    std::process::exit(0)
}

/// A queue with two items, and a victim that is about to use it. None: it cannot be traced.
#[cfg(not(loom))]
fn born(keeps: bool) -> Option<(SharedQueue, Child)> {
    let bounds = Bounds { items: 0, bytes: 1 << 20, keeps };
    let (queue, fd) = SharedQueue::create("stepped", bounds).expect("memory");
    for n in 0..BEFORE {
        put(&queue, n as u8);
        assert_eq!(get(&queue, Duration::ZERO), Some(n as u8));
        assert!(!keeps || queue.done(None).expect("whole memory").is_ok());
    }
    (1..3).for_each(|n| put(&queue, n));
    let mut command = Command::new(std::env::current_exe().expect("this test has a path"));
    // SAFETY: one system call, which a process between fork and exec may make.
    unsafe {
        command.pre_exec(|| match libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    let child = command.arg(VICTIM).stdin(Stdio::from(fd)).spawn();
    let child = child.inspect_err(|e| assert_eq!(e.kind(), std::io::ErrorKind::PermissionDenied, "{e}")).ok()?;
    let stopped = until_it_stops(&child);
    assert_eq!(stopped, Some(libc::SIGTRAP), "at its beginning");
    let stopped = lead(&child, libc::PTRACE_CONT);
    assert_eq!(stopped, Some(libc::SIGSTOP), "it is warm");
    Some((queue, child))
}

/// The signal that it has stopped for. None: it has ended.
#[cfg(not(loom))]
fn until_it_stops(child: &Child) -> Option<i32> {
    let mut status = 0;
    // SAFETY: the status outlives the call, and the child is ours.
    let waited = unsafe { libc::waitpid(child.id().cast_signed(), &mut status, 0) };
    assert_eq!(waited, child.id().cast_signed());
    libc::WIFSTOPPED(status).then(|| libc::WSTOPSIG(status))
}

/// Lets it do one step, or go on, until it stops again.
#[cfg(not(loom))]
fn lead(child: &Child, how: u32) -> Option<i32> {
    // SAFETY: the child is stopped, and traced by this thread.
    let led = unsafe { libc::ptrace(how, child.id().cast_signed(), 0, 0) };
    assert_eq!(led, 0, "{}", std::io::Error::last_os_error());
    until_it_stops(child)
}

#[cfg(not(loom))]
fn steps_of_a_life(keeps: bool) -> Option<usize> {
    let Some((_queue, child)) = born(keeps) else {
        let _ = writeln!(std::io::stderr(), "SKIPPED stepped: processes cannot be traced here");
        return None;
    };
    let steps = (0..).take_while(|_| lead(&child, libc::PTRACE_SINGLESTEP) == Some(libc::SIGTRAP)).count();
    end(child);
    Some(steps)
}

#[cfg(not(loom))]
fn end(mut child: Child) {
    child.kill().expect("it has not been waited for");
    assert_eq!(until_it_stops(&child), None);
}

#[cfg(not(loom))]
fn kill_after(steps: usize, keeps: bool) {
    let (queue, child) = born(keeps).expect("it could be traced before");
    for _ in 0..steps {
        lead(&child, libc::PTRACE_SINGLESTEP);
    }
    end(child);
    put(&queue, 99);
    let rest: Vec<u8> = std::iter::from_fn(|| get(&queue, Duration::from_millis(20))).collect();
    let told = format!("killed after {steps} steps, kept: {keeps}, then there were {rest:?}");
    check(&rest, keeps, &told);
    if keeps {
        rest.iter().for_each(|_| queue.done(None).expect("whole memory").expect("in hand"));
        assert!(queue.join(Some(Duration::from_secs(20))).expect("whole memory"), "{told}");
    }
}

/// The items have one order. Of those that are not kept the victim has taken the first ones, and each was there before
/// it put its own; of those that are kept all are there but those that it had finished.
#[cfg(not(loom))]
fn check(rest: &[u8], keeps: bool, told: &str) {
    let all = [1, 2, 10, 11, 20, 99];
    let mut sorted = rest.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    assert!(sorted.len() == rest.len() && sorted.iter().all(|n| all.contains(n)), "twice, or from nowhere: {told}");
    assert_eq!(sorted.last(), Some(&99), "{told}");
    if !keeps {
        // It takes one before it puts one: two wait, or one and it was about to put.
        assert!(sorted == rest && (2..=3).contains(&rest.len()), "{told}");
        let first = all.iter().position(|n| *n == rest[0]).expect("one of them");
        assert!(all[first..].starts_with(&rest[..rest.len() - 1]), "a gap: {told}");
    } else {
        // One that it had taken in its own time, and two that waited; or two and the new one, or all of them.
        assert!((4..=5).contains(&rest.len()), "{told}");
    }
}
