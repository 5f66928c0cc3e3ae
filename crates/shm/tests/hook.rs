//! The sites of `hook` are where their words say, and are passed over when nobody asked for them.

#![cfg(not(loom))]

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Mutex;
use std::time::Duration;

use ganger_shm::hook::{Reached, Site, arm};
use ganger_shm::link;
use ganger_shm::locks::Ledger;
use ganger_shm::queue::{Bounds, Item, SharedQueue, Waiting};
use ganger_shm::{HEAD, Piece};
use ganger_sys::Identity;

static SEEN: Mutex<Vec<(Site, Option<u64>)>> = Mutex::new(Vec::new());

fn note(reached: &Reached) {
    SEEN.lock().expect("nobody panics here").push((reached.site, reached.memory()));
}

/// What was seen at these sites while `act` ran.
fn seen_at<R>(sites: &[Site], act: impl FnOnce() -> R) -> Vec<(Site, Option<u64>)> {
    arm(sites.iter().copied(), note);
    act();
    arm([], note);
    std::mem::take(&mut *SEEN.lock().expect("nobody panics here"))
}

fn inode(fd: OwnedFd) -> Option<u64> {
    File::from(fd).metadata().map(|file| file.ino()).ok()
}

const ALL: [Site; 5] = [Site::Record, Site::Lock, Site::Turn, Site::Put, Site::Get];
const NOW: Waiting<'static> = Waiting { timeout: Some(Duration::ZERO), alone: &|| false };

// What is armed is armed for the whole process: so there is one test.
#[test]
fn each_site_tells_itself_and_its_memory_and_no_other() {
    let (ledger, fd) = Ledger::create("hooked", 1, 4).expect("memory");
    let (gate, ledger_inode) = (|| ledger.gate().acquire(Identity::of_this_process(), None), inode(fd));
    assert_eq!(seen_at(&ALL, gate), [(Site::Lock, ledger_inode)]);
    assert_eq!(ledger.gate().holder(), Some(Identity::of_this_process()));
    let two = || ledger.turn(None, |turn| [0, 1].into_iter().for_each(|word| turn.set(word, 7)));
    assert_eq!(seen_at(&ALL, two), [(Site::Turn, ledger_inode)], "and the inner lock is none of the user's");
    assert_eq!(seen_at(&ALL, || ledger.turn(None, |turn| turn.set(0, 8))), [], "one word changes at once");

    let bounds = Bounds { items: 0, bytes: 1 << 16, keeps: false };
    let (queue, fd) = SharedQueue::create("hooked", bounds).expect("memory");
    let queue_inode = inode(fd);
    let put = || queue.put(&Item { bytes: b"item", attach: None }, &NOW).expect("room");
    let get = || queue.get(&mut Vec::new(), &mut |_| (), &NOW).expect("an item");
    assert_eq!(seen_at(&ALL, put), [(Site::Put, queue_inode)]);
    assert_eq!(seen_at(&ALL, get), [(Site::Get, queue_inode)]);
    assert_eq!(seen_at(&[Site::Get], put), [], "puts are not asked for");

    let (mut link, fd) = link::create("hooked", 1 << 16).expect("memory");
    let link_inode = inode(fd);
    let send = || assert!(link.writer.send(&[0; HEAD], b"message", &mut Piece::default()));
    assert_eq!(seen_at(&ALL, send), [(Site::Record, link_inode)]);
    assert_eq!(seen_at(&[], || (put(), get())), [], "nothing is armed");
}
