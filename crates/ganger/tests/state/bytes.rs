//! Bytes that travel without a copy.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use ganger::state::SharedBytes;
use ganger::{Connection, Pipe, Pool, Process, StartMethod};

const ALL: [StartMethod; 4] = [StartMethod::Zygote, StartMethod::Spawn, StartMethod::Thread, StartMethod::Inline];

#[ganger::task]
fn give_back(bytes: SharedBytes) -> (SharedBytes, usize) {
    let sum = bytes.iter().map(|byte| usize::from(*byte)).sum();
    (bytes, sum)
}

#[ganger::task]
fn make(size: usize) -> SharedBytes {
    SharedBytes::new(&vec![3; size]).unwrap()
}

/// Which memory file it is.
fn file(bytes: &SharedBytes) -> u64 {
    File::from(bytes.as_fd().try_clone_to_owned().unwrap()).metadata().unwrap().ino()
}

#[test]
fn what_comes_back_is_the_same_memory() {
    for method in ALL {
        let pool = Pool::builder().workers(1).start_method(method).build().unwrap();
        for size in [0, 1, 5_000_000] {
            let bytes = SharedBytes::new(&vec![1; size]).unwrap();
            let (back, sum) = pool.apply(give_back, bytes.clone()).unwrap();
            assert_eq!((sum, back.len(), file(&back)), (size, size, file(&bytes)), "{method:?}");
            assert_eq!(back, bytes);
        }
        let made = pool.apply(make, 4_000_000).unwrap();
        assert!(made.len() == 4_000_000 && made.iter().all(|byte| *byte == 3), "{method:?}");
        assert_eq!(file(&pool.apply(give_back, made.clone()).unwrap().0), file(&made), "{method:?}");
    }
}

#[ganger::task]
fn add_up(conn: Connection) {
    let bytes: SharedBytes = conn.recv().unwrap();
    conn.send(&bytes.len()).unwrap();
}

#[test]
fn they_travel_in_messages() {
    let (ours, theirs) = Pipe::duplex().unwrap();
    let process = Process::new(add_up, theirs).unwrap();
    process.start().unwrap();
    ours.send(&SharedBytes::new(&[9; 70_000]).unwrap()).unwrap();
    assert_eq!(ours.recv::<usize>().unwrap(), 70_000);
}

#[test]
fn nobody_can_change_them() {
    let bytes = SharedBytes::new(b"as it was").unwrap();
    let mut file = File::from(bytes.as_fd().try_clone_to_owned().unwrap());
    assert!(file.write_all(b"other").is_err() && file.set_len(3).is_err() && file.set_len(30).is_err());
    assert_eq!(*bytes, *b"as it was");
}

#[test]
fn what_is_read_from_is_read_to_its_end() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[5; 3_000_000]).unwrap();
    file.rewind().unwrap();
    assert_eq!(*SharedBytes::read_from(&file).unwrap(), [5; 3_000_000]);
    let chained = b"one, ".chain(&b"two"[..]);
    assert_eq!(*SharedBytes::read_from(chained).unwrap(), *b"one, two");
}

#[test]
fn what_others_could_change_is_refused() {
    let (reader, writer) = std::io::pipe().unwrap();
    for fd in [reader.into(), writer.into(), tempfile::tempfile().unwrap().into()] {
        assert_eq!(SharedBytes::open(fd).unwrap_err().kind(), std::io::ErrorKind::InvalidData);
    }
}
