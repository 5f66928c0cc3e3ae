//! What may lie where a store is wanted.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use ganger_store::{Durability, Reader, Store, check};
use rusqlite::Connection;

use crate::place::{Place, as_child, child_in, is_root, skipped};

#[test]
fn where_nothing_is_a_store_is_made_for_its_owner_alone() {
    let place = Place::new();
    assert!(Reader::open(&place.file()).unwrap_err().to_string().contains("there is no such file"));
    assert!(!place.file().exists(), "who reads makes nothing");
    drop(place.store());
    assert_eq!(fs::metadata(place.file()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(place.reader().jobs().unwrap(), []);
}

#[test]
fn an_empty_file_becomes_one() {
    let place = Place::new();
    fs::write(place.file(), "").unwrap();
    for error in [Reader::open(&place.file()).unwrap_err(), check(&place.file()).unwrap_err()] {
        assert!(error.to_string().contains("it has no job yet"), "{error}");
    }
    place.job("j", 3);
    assert_eq!(place.tasks().len(), 3);
}

#[test]
fn nobody_waits_for_a_fifo() {
    let place = Place::new();
    assert!(Command::new("mkfifo").arg(place.file()).status().unwrap().success());
    for file in [place.file(), place.dir().to_owned(), "/dev/null".into()] {
        assert!(Store::open(&file, Durability::Process).unwrap_err().is_not_a_store(), "{file:?}");
        assert!(Reader::open(&file).unwrap_err().is_not_a_store(), "{file:?}");
    }
}

#[test]
fn ours_is_opened_again() {
    let place = Place::new();
    let first = place.job("j", 2);
    let second = place.job("j", 1);
    let reader = place.reader();
    assert_eq!(reader.job("j").unwrap().id, second, "the last of that name");
    assert_eq!(reader.job(&first.0.to_string()).unwrap().id, first, "by its number");
    assert!(reader.job("k").unwrap_err().is_no_job());
}

#[test]
fn what_is_not_ours_is_refused_and_left_as_it_is() {
    let text =
        "a letter, and longer than the header of a database, which is a hundred bytes long; so there is more of it.";
    let place = Place::new();
    fs::write(place.file(), text).unwrap();
    refused(&place);

    let place = Place::new();
    Connection::open(place.file())
        .unwrap()
        .execute_batch("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)")
        .unwrap();
    refused(&place);
}

#[track_caller]
fn refused(place: &Place) {
    let before = fs::read(place.file()).unwrap();
    assert!(Store::open(&place.file(), Durability::Process).unwrap_err().is_not_a_store());
    assert!(Reader::open(&place.file()).unwrap_err().is_not_a_store());
    assert!(fs::read(place.file()).unwrap() == before, "left as it is");
}

#[test]
fn a_newer_one_is_refused_and_left_as_it_is() {
    let place = Place::new();
    place.job("j", 1);
    Connection::open(place.file()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(place.file()).unwrap();
    assert!(Store::open(&place.file(), Durability::Process).unwrap_err().is_newer());
    assert!(Reader::open(&place.file()).unwrap_err().is_newer());
    assert!(fs::read(place.file()).unwrap() == before, "left as it is");
}

#[test]
fn a_directory_and_a_path_to_nowhere_are_told() {
    let place = Place::new();
    let told = |path: &std::path::Path| Store::open(path, Durability::Process).unwrap_err().to_string();
    assert!(told(place.dir()).contains("no regular file"), "{}", told(place.dir()));
    let nowhere = place.dir().join("no/s.db");
    assert!(told(&nowhere).contains("No such file"), "{}", told(&nowhere));
}

/// Run by the next one, as a user who may read and not write.
#[test]
fn as_one_who_may_only_read() {
    let Some(file) = as_child() else { return };
    let error = Store::open(&file, Durability::Process).unwrap_err();
    assert!(error.is_of_the_disk() && error.to_string().contains("Permission denied"), "{error}");
    // The log is gone with its writer, and none can be made.
    assert_eq!(Reader::open(&file).unwrap().jobs().unwrap().len(), 1);
}

#[test]
fn who_may_only_read_looks_and_does_not_write() {
    if !is_root() {
        return skipped("who_may_only_read_looks_and_does_not_write", "only root can become another user");
    }
    let place = Place::new();
    place.job("j", 1);
    fs::set_permissions(place.dir(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(place.file(), fs::Permissions::from_mode(0o644)).unwrap();
    let script = "exec setpriv --reuid=61837 --clear-groups \"$@\"";
    let done = child_in(script, "opening::as_one_who_may_only_read", &place.file()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}
