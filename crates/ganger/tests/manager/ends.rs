//! How servers end, and what is told of it.

use std::path::{Path, PathBuf};
use std::thread;

use ganger::connection::Address;
use ganger::manager::{LockProxy, Manager, ManagerError, QueueProxy};
use ganger::{Connection, Exit, Pipe, Pool, Process, StartMethod};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::LONG;
use crate::deadline::{bounded, eventually, on_each};

fn socket_of(manager: &Manager) -> PathBuf {
    match manager.address() {
        Address::Unix(path) => path.clone(),
        other @ (Address::Abstract(_) | Address::Tcp(_)) => panic!("{other}"),
    }
}

fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

#[ganger::task]
fn get(queue: QueueProxy<u8>, begun: Connection) -> bool {
    let waiting = queue.get_later().unwrap();
    begun.send(&()).unwrap();
    waiting.result().unwrap_err().is_gone() && queue.len().unwrap_err().is_gone()
}

#[test]
fn everybody_is_told_when_the_server_is_killed() {
    on_each(&[StartMethod::Zygote, StartMethod::Spawn], |method| {
        let manager = Manager::start().unwrap();
        let (queue, event, lock) = (manager.queue(0).unwrap(), manager.event().unwrap(), manager.lock().unwrap());
        let (pool, (here, there)) =
            (Pool::builder().workers(1).start_method(method).build().unwrap(), Pipe::one_way().unwrap());
        let elsewhere = pool.submit(get, (queue.clone(), there)).unwrap();
        here.recv::<()>().unwrap();
        let _guard = lock.lock().unwrap();
        let threads = [
            thread::spawn({
                let queue = queue.clone();
                move || queue.get().unwrap_err()
            }),
            thread::spawn({
                let event = event.clone();
                move || event.wait().unwrap_err()
            }),
            thread::spawn(move || event.wait_timeout(LONG).unwrap_err()),
        ];
        let pending = queue.get_later().unwrap();
        manager.process().unwrap().kill().unwrap();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap().is_gone()));
        assert!(pending.result().unwrap_err().is_gone() && elsewhere.result().unwrap());
        assert!(queue.put(&1).unwrap_err().is_gone() && manager.list::<u8>().unwrap_err().is_gone());
        let gone = queue.put(&1).unwrap_err().to_string();
        assert!(gone.contains(&manager.address().to_string()), "{gone}");
    });
}

#[test]
fn nothing_is_left_of_a_server() {
    for kill in [false, true] {
        let manager = Manager::start().unwrap();
        let (socket, pid) = (socket_of(&manager), manager.process().unwrap().pid().unwrap());
        assert!(socket.exists() && manager.list::<u8>().unwrap().is_empty().unwrap());
        if kill {
            manager.process().unwrap().kill().unwrap();
        }
        drop(manager);
        assert!(!lives(pid) && !socket.exists() && !socket.parent().unwrap().exists());
    }
}

#[test]
fn a_place_of_ones_own_stays() {
    let place = tempfile::Builder::new().prefix("ganger-").tempdir().unwrap();
    std::fs::write(place.path().join("other"), "mine").unwrap();
    let manager = Manager::bind(&*place.path().join("socket"), "key").unwrap();
    manager.process().unwrap().kill().unwrap();
    drop(manager);
    assert!(place.path().join("other").exists() && !place.path().join("socket").exists());
}

#[ganger::task]
fn own(tell: Connection) {
    let manager = Manager::start().unwrap();
    let memory = manager.shared_memory(10).unwrap();
    let pid = manager.process().unwrap().pid().unwrap();
    tell.send(&(pid, socket_of(&manager), memory.name().unwrap())).unwrap();
    loop {
        thread::park();
    }
}

#[test]
fn a_server_ends_with_its_owner_however_that_ends() {
    bounded("an owner that is killed", || {
        let (here, there) = Pipe::one_way().unwrap();
        let owner = Process::new(own, there).unwrap();
        owner.start().unwrap();
        let (pid, socket, memory): (u32, PathBuf, String) = here.recv().unwrap();
        assert!(lives(pid) && socket.exists());
        owner.kill().unwrap();
        eventually("the server is gone", || !lives(pid));
        assert!(!socket.exists() && !Path::new("/dev/shm").join(memory).exists());
    });
}

#[test]
fn a_server_that_is_stuck_is_killed() {
    bounded("a stuck server", || {
        let mut manager = Manager::builder().shutdown_timeout(crate::SHORT).start().unwrap();
        signal(&manager, Signal::SIGSTOP);
        manager.shutdown().unwrap();
        let exit = manager.process().unwrap().exit_status().unwrap();
        assert_eq!(exit, Some(Exit::Signal { number: 9, core: false }));
        manager.shutdown().unwrap();
    });
}

fn signal(manager: &Manager, signal: Signal) {
    let pid = manager.process().unwrap().pid().unwrap();
    kill(Pid::from_raw(pid.try_into().unwrap()), signal).unwrap();
}

fn stands_still(pid: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let stat = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
    threads.map_while(Result::ok).map(stat).all(|stat| stat.contains(") T "))
}

#[test]
fn a_server_that_is_stuck_is_waited_for_as_long_as_was_told() {
    bounded("calls to a stuck server", || {
        let manager = Manager::builder().call_timeout(crate::SHORT).start().unwrap();
        let (list, queue) = (manager.list().unwrap(), manager.queue::<u8>(0).unwrap());
        list.push(&1).unwrap();
        signal(&manager, Signal::SIGSTOP);
        eventually("all its threads stand still", || stands_still(manager.process().unwrap().pid().unwrap()));
        assert!(matches!(list.len(), Err(ManagerError::TimedOut)));
        assert!(matches!(queue.get_timeout(crate::SHORT), Err(ManagerError::TimedOut)));
        let later = list.push_later(&2).unwrap();
        signal(&manager, Signal::SIGCONT);
        later.result().unwrap();
        eventually("it answers again", || list.to_vec().is_ok_and(|items| items == [1, 2]));
        queue.put(&3).unwrap();
        assert_eq!(queue.get_timeout(LONG).unwrap(), 3, "who was not answered waits no longer");
    });
}

#[ganger::task]
fn take_and_die(lock: LockProxy) {
    std::mem::forget(lock.lock().unwrap());
    std::process::exit(0);
}

#[ganger::task]
fn take_and_go(lock: LockProxy, go_on: Connection) {
    std::mem::forget(lock.lock().unwrap());
    drop(lock);
    let _ = go_on.recv::<()>();
}

#[test]
fn a_lock_is_its_processs_as_long_as_that_lives() {
    bounded("locks of those who live and die", || {
        let manager = Manager::start().unwrap();
        let lock = manager.lock().unwrap();
        let dead = Process::new(take_and_die, lock.clone()).unwrap();
        dead.start().unwrap();
        dead.join(None).unwrap();
        assert!(lock.lock().unwrap().owner_died());
        assert!(!lock.lock().unwrap().owner_died(), "it is told once");

        let (go_on, theirs) = Pipe::duplex().unwrap();
        let alive = Process::new(take_and_go, (lock.clone(), theirs)).unwrap();
        alive.start().unwrap();
        eventually("it has the lock", || lock.locked().unwrap());
        assert!(lock.acquire_timeout(crate::SHORT).unwrap().is_none());
        drop(go_on);
        alive.join(None).unwrap();
        assert!(lock.lock_timeout(LONG).unwrap().unwrap().owner_died());
    });
}

#[ganger::task]
fn push_for_ever(list: ganger::manager::ListProxy<Vec<u8>>) {
    loop {
        let _unread = [list.push_later(&vec![7; 100]).unwrap(), list.push_later(&vec![8; 100]).unwrap()];
        let _all = list.to_vec().unwrap();
    }
}

/// The server writes answers to sockets whose other ends are gone.
#[test]
fn clients_over_tcp_that_are_killed_take_no_server_along() {
    let manager = Manager::bind(("127.0.0.1", 0), "key").unwrap();
    let list = manager.list::<Vec<u8>>().unwrap();
    for _ in 0..20 {
        let clients = [(); 3].map(|()| Process::new(push_for_ever, list.clone()).unwrap());
        clients.iter().for_each(|client| client.start().unwrap());
        let before = list.len().unwrap();
        eventually("something pushed", || list.len().unwrap() > before);
        clients.iter().for_each(|client| client.kill().unwrap());
        clients.iter().for_each(|client| assert!(client.join(Some(LONG)).unwrap().is_some()));
        list.clear().unwrap();
    }
}

#[test]
fn nothing_many_times_is_nothing() {
    let manager = Manager::start().unwrap();
    let list = manager.list::<u8>().unwrap();
    list.repeat(usize::MAX).unwrap();
    assert_eq!(list.len().unwrap(), 0);
    list.push(&1).unwrap();
    assert!(list.repeat(usize::MAX).is_err());
    assert_eq!(list.len().unwrap(), 1);
}

#[ganger::task]
fn release_and_take(lock: LockProxy, taken: Connection) {
    lock.release().unwrap();
    taken.send(&lock.try_acquire().unwrap().is_some()).unwrap();
    loop {
        std::thread::park();
    }
}

/// Another may release a lock, and then it may be another's.
#[test]
fn a_guard_releases_nothing_of_others() {
    let manager = Manager::start().unwrap();
    let lock = manager.lock().unwrap();
    let guard = lock.lock().unwrap();
    let (here, there) = Pipe::duplex().unwrap();
    let other = Process::new(release_and_take, (lock.clone(), there)).unwrap();
    other.start().unwrap();
    assert!(here.recv::<bool>().unwrap());
    drop(guard);
    assert!(lock.locked().unwrap(), "the other has it");
    other.kill().unwrap();
    assert_eq!(lock.acquire().unwrap(), ganger::sync::Acquired::OwnerDied);
}
