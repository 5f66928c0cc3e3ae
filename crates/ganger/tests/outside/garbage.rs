//! Workers that write anything where they should not: into the memory that they share with the supervisor, into the
//! sockets that they have. They are killed, their task is told so, and nobody else is harmed.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use ganger::{Exit, Pool, TaskError};
use nix::sys::signal::Signal;
use nix::sys::socket::{MsgFlags, send};

use crate::support::{Gate, PROCESSES, at_once, builder, eventually, hold, on_each, process};
use crate::tasks::square;

/// Overwrites all that this worker shares with its supervisor by one word, and holds its breath.
#[ganger::task]
fn scribble(word: u64, gate: String) -> u32 {
    let memory = File::options().write(true).open("/proc/self/mem").unwrap();
    for line in fs::read_to_string("/proc/self/maps").unwrap().lines().filter(|line| line.contains("memfd:ganger-")) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|address| u64::from_str_radix(address, 16).unwrap());
        memory.write_all_at(&word.to_ne_bytes().repeat((to - from) as usize / 8), from).unwrap();
    }
    hold(gate)
}

/// The same, each time that it is tried: the error of it.
fn scribbled(pool: &Pool, word: u64) -> TaskError {
    let gate = Gate::new();
    let future = pool.submit(scribble, (word, gate.path())).unwrap();
    // Whoever waits for a result reads what the other workers have said meanwhile.
    eventually("the scribbler is found out", || {
        assert_eq!(pool.map(square, 0..100).unwrap()[99], 99 * 99);
        future.done()
    });
    future.result().unwrap_err()
}

#[test]
fn a_worker_that_scribbles_over_its_link_is_killed() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 2).restart(at_once()).build().unwrap();
        for word in [0, 0x5555_5555_5555_5555, 0xaaaa_aaaa_aaaa_aaaa, u64::MAX] {
            let error = scribbled(&pool, word);
            assert_eq!(error.crashes(), Some(&[Exit::Misbehaved; 3][..]), "{word:x}: {error}");
            assert!(error.to_string().contains("it broke the protocol"), "{error}");
        }
    });
}

#[test]
fn a_scribbled_process_group_is_not_killed() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 2).restart(at_once()).build().unwrap();
        let mut bystander = Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        let error = scribbled(&pool, bystander.id().into());
        let alive = bystander.try_wait().unwrap().is_none();
        bystander.kill().and_then(|()| bystander.wait()).unwrap();
        assert!(alive && error.crashes().is_some(), "{error}");
    });
}

/// Sends garbage over every socket that this worker has.
#[ganger::task]
fn babble(length: usize) -> u32 {
    for entry in fs::read_dir("/proc/self/fd").unwrap().flatten() {
        let is_socket = fs::read_link(entry.path()).is_ok_and(|target| target.to_string_lossy().starts_with("socket:"));
        if let (true, Some(socket)) = (is_socket, entry.file_name().to_str().and_then(|fd| fd.parse().ok())) {
            // Some have nobody at their other end.
            let _ = send(socket, &vec![0xa5; length], MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT);
        }
    }
    std::process::id()
}

#[test]
fn a_worker_that_talks_nonsense_over_its_sockets_keeps_no_other_from_coming() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 2).restart(at_once()).build().unwrap();
        for length in [1, 16, 3000, 5000] {
            let babbler = pool.apply(babble, length).unwrap();
            process::signal(babbler, Signal::SIGKILL);
            eventually("a replacement", || pool.worker_pids().len() == 2 && !pool.worker_pids().contains(&babbler));
            assert_eq!(pool.map(square, 0..100).unwrap()[99], 99 * 99);
        }
    });
}
