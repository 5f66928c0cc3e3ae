//! A leak of each kind is caught and named; what is only slow to end, or stays by design, is none.

use std::fs;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use ganger::state::SharedMemory;
use ganger::testing::Leaks;
use ganger::{Pool, Process};

use crate::tasks::square;

/// Something is left, and the words are among what is said of it.
#[track_caller]
fn caught<T>(words: &[&str], leak: impl FnOnce() -> T) {
    let leaks = Leaks::watch().patience(Duration::ZERO);
    let leaked = leak();
    let left = leaks.check().unwrap_err();
    let told = |thing: &String| words.iter().all(|word| thing.contains(word));
    assert!(left.things().iter().any(told), "{words:?}: {left}");
    drop(leaked);
}

#[ganger::test]
fn a_child_that_runs_and_one_that_nobody_has_waited_for_are_named() {
    let sleeper = || Command::new("sleep").arg("1000").spawn().unwrap();
    let mut left = Vec::new();
    caught(&["process ", "(sleep)"], || left.push(sleeper()));
    caught(&["process ", "(sleep, dead and not waited for)"], || {
        let mut child = sleeper();
        child.kill().unwrap();
        // So that it has died, and is still there.
        ganger::testing::eventually(Duration::from_secs(30), || is_dead(child.id())).unwrap();
        left.push(child);
    });
    for mut child in left {
        let _ = child.kill();
        child.wait().unwrap();
    }
}

fn is_dead(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

#[ganger::test]
fn a_descriptor_a_thread_and_a_mapping_are_named() {
    caught(&["descriptor ", "pipe:"], || std::io::pipe().unwrap());
    let again = fs::File::open("/dev/null").unwrap();
    caught(&["descriptor ", "(/dev/null)"], || again.try_clone().unwrap());
    caught(&["descriptor ", "memfd:ganger-sync"], || ganger::sync::Lock::new().unwrap());
    caught(&["shared memory ", "memfd:ganger-sync"], || ganger::sync::Lock::new().unwrap());
    caught(&["shared memory ", "/dev/shm/"], || SharedMemory::create_unique(100).unwrap());
    let (end, ended) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    caught(&["thread ", "(forgotten)"], || {
        let thread = std::thread::Builder::new().name("forgotten".to_owned());
        let thread = thread.spawn(move || (begin.send(()), ended.recv())).unwrap();
        // Then it has its name.
        begun.recv().unwrap();
        thread
    });
    drop(end);
}

#[ganger::test]
fn a_file_and_memory_are_named() {
    let directory = std::env::temp_dir();
    caught(&["file ", "/left.txt"], || fs::write(directory.join("left.txt"), "").unwrap());
    fs::remove_file(directory.join("left.txt")).unwrap();
    caught(&["file ", "/tmp/left"], || UnixListener::bind(directory.join("left")).map(drop).unwrap());
    fs::remove_file(directory.join("left")).unwrap();
    caught(&["memory: ", " MiB more than before"], || vec![1_u8; 200 << 20]);
    let leaks = Leaks::watch().allow_memory(300 << 20).patience(Duration::ZERO);
    let kept = vec![1_u8; 200 << 20];
    leaks.check().unwrap();
    drop(kept);
}

#[ganger::test]
fn what_the_library_does_leaves_nothing() {
    let leaks = Leaks::watch();
    let pool = Pool::new(2).unwrap();
    assert_eq!(pool.apply(square, 3).unwrap(), 9);
    drop(pool);
    let process = Process::new(square, 3).unwrap();
    process.start().unwrap();
    process.join(None).unwrap();
    drop(process);
    let manager = ganger::manager::Manager::start().unwrap();
    assert!(manager.list::<u8>().unwrap().is_empty().unwrap());
    drop(manager);
    leaks.check().unwrap();
}

#[ganger::test]
fn who_is_just_ending_has_time_for_it() {
    let leaks = Leaks::watch();
    let (hold, held) = mpsc::channel::<()>();
    let slow = std::thread::spawn(move || held.recv_timeout(Duration::from_millis(100)));
    leaks.check().unwrap();
    drop((hold, slow));
}

#[ganger::test]
#[should_panic(expected = "left behind: descriptor ")]
fn a_watch_that_is_dropped_fails_the_test() {
    let leaks = Leaks::watch().patience(Duration::ZERO);
    let pipe = std::io::pipe().unwrap();
    drop(leaks);
    drop(pipe);
}
