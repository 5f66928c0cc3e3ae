//! A disk that is full, and then has room again.

use std::fs;

use ganger_store::{Durability, Reader, RunEnd, Store};

use crate::place::{Place, as_child, assert_beginning, begin, child_in, eventually, is_root, skipped, succeed};

/// Run by the next one, on a disk of one megabyte.
#[test]
fn on_a_small_disk() {
    let Some(file) = as_child() else { return };
    let (job, mut recorder) = begin(Store::open(&file, Durability::Process).unwrap(), "j");
    assert_eq!(recorder.trouble(), None);
    let filler = file.with_file_name("filler");
    // It ends with an error when the disk is full, and that is what it is for.
    let _ = fs::write(&filler, vec![1; 2 << 20]);
    let mut sent = 0;
    eventually("the disk refuses", || {
        (1..=100).for_each(|_| {
            sent += 1;
            succeed(&mut recorder, sent);
        });
        recorder.flush().unwrap();
        recorder.trouble().is_some()
    });
    let why = recorder.trouble().unwrap();
    assert!(why.contains("full"), "{why}");
    let reader = Reader::open(&file).unwrap();
    let kept: u64 = reader.counts(job).unwrap().iter().map(|(_, count)| count).sum();
    assert!(kept < sent, "something waits for room");

    fs::remove_file(&filler).unwrap();
    eventually("the disk takes it", || recorder.trouble().is_none());
    recorder.finish(RunEnd::Complete, |why| panic!("nobody gives up: {why}")).unwrap();
    assert_eq!(assert_beginning(&file), sent as usize);
}

#[test]
fn what_a_full_disk_refuses_is_there_when_it_has_room() {
    if !is_root() {
        return skipped("what_a_full_disk_refuses_is_there_when_it_has_room", "only root can mount a small disk");
    }
    let place = Place::new();
    // The mount is in a namespace of its own and goes with it.
    let script = "exec unshare -m sh -c 'mount -t tmpfs -o size=1m none \"${0%/*}\" && exec \"$@\"' \"$GANGER_STORE_CHILD\" \"$@\"";
    let done = child_in(script, "disk::on_a_small_disk", &place.file()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    assert!(!place.file().exists(), "it was on the small disk");
}
