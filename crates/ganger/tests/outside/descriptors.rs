//! Descriptors in arguments and results.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd};

use ganger::{Descriptor, TaskOptions};

use crate::support::{ALL, PROCESSES, at_once, builder, eventually, on_each, pool};
use crate::tasks::{Death, die};

#[ganger::task]
fn write(file: Descriptor, text: String) -> u64 {
    let mut file = File::from(file.into_fd().unwrap());
    file.write_all(text.as_bytes()).unwrap();
    file.stream_position().unwrap()
}

#[ganger::task]
fn open(path: String) -> (Descriptor, String, Descriptor) {
    let file = Descriptor::from(File::open(&path).unwrap());
    (file.clone(), path, file)
}

#[ganger::task]
fn held(_files: Vec<Descriptor>) -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[ganger::task]
fn write_or_die(file: Descriptor, dies: bool) -> u64 {
    if dies {
        die(Death::Kill);
    }
    write(file, "x".to_owned())
}

fn contents(mut file: &File) -> String {
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

fn file() -> (File, Descriptor) {
    let file = tempfile::tempfile().unwrap();
    let passed = Descriptor::from(file.try_clone().unwrap());
    (file, passed)
}

#[test]
fn a_worker_writes_to_the_same_open_file() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        let (file, passed) = file();
        let written = pool.starmap(write, (0..200).map(|_| (passed.clone(), "ab".to_owned()))).unwrap();
        assert_eq!(written.iter().max(), Some(&400), "one position for all");
        assert_eq!(contents(&file).len(), 400);
    });
}

#[test]
fn a_result_brings_its_descriptor() {
    on_each(ALL, |method| {
        let pool = pool(method, 2);
        let opened = pool.map(open, (0..50).map(|_| "/proc/self/comm".to_owned())).unwrap();
        for (file, path, same) in opened {
            assert_eq!((file.as_fd().as_raw_fd(), &*path), (same.as_fd().as_raw_fd(), "/proc/self/comm"));
            assert!(contents(&File::from(file.into_fd().unwrap())).len() > 1);
        }
    });
}

/// More than a socket holds, and most of them taken back and sent again.
#[test]
fn many_descriptors_wait_for_their_workers() {
    on_each(PROCESSES, |method| {
        let pool = pool(method, 2);
        let futures: Vec<_> = (0..2_000).map(|_| pool.submit(write, (file().1, "abc".to_owned())).unwrap()).collect();
        assert!(futures.iter().all(|written| written.result().unwrap() == 3));
    });
}

#[test]
fn a_worker_lets_go_of_what_nobody_names_any_more() {
    on_each(PROCESSES, |method| {
        let pool = pool(method, 1);
        let before = pool.apply(held, vec![]).unwrap();
        let more = pool.apply(held, (0..20).map(|_| file().1).collect::<Vec<_>>()).unwrap();
        assert_eq!(more, before + 20);
        eventually("they are closed", || pool.apply(held, vec![]).unwrap() == before);
    });
}

#[test]
fn a_replacement_is_passed_it_again() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 1).restart(at_once()).build().unwrap();
        let (file, passed) = file();
        let options = TaskOptions::new().crash_attempts(1);
        for dies in [false, true, false] {
            let outcome = pool.submit_with(&options, write_or_die, (passed.clone(), dies)).unwrap().result();
            assert_eq!(outcome.is_err(), dies);
        }
        assert_eq!(contents(&file), "xx");
    });
}
