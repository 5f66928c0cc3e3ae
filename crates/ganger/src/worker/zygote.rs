//! The zygote: the worker program, executed once, single-threaded, that forks a worker whenever it is asked.

use std::os::fd::{AsFd, OwnedFd};
use std::panic::catch_unwind;
use std::process::exit;

use ganger_proto::codec;
use ganger_proto::message::{Setup, Verdict};
use ganger_proto::outcome::{Failure, Panic};
use ganger_proto::spec::Function;
use ganger_shm::link;
use ganger_sys::{Bell, Fork, Socket, fork_sibling};

use crate::bootstrap::{Answer, Control, Orders, PACKET};
use crate::registry;
use crate::worker::invocation::Invocation;
use crate::worker::{Life, panic, settle_in};

/// Forks until the supervisor is gone. In a forked worker it returns when that worker's work is done.
pub(super) fn run(socket: &Socket, orders: Orders, supervisor: u32) -> std::io::Result<()> {
    while let Some(order) = orders.next() {
        match order {
            Control::Preload { calls, payload_limit } => preload(socket, &calls, payload_limit)?,
            Control::Fork(setup) => {
                if let Some((link, bell)) = fork(socket, setup.worker.to_bits())? {
                    drop(orders);
                    return be_worker(&link, bell, setup, supervisor);
                }
            }
            Control::Work(_) => return Err(std::io::Error::other("a zygote was told to work")),
        }
    }
    Ok(())
}

fn preload(socket: &Socket, calls: &[(Function, ganger_proto::spec::Bytes)], limit: u64) -> std::io::Result<()> {
    registry::warm();
    panic::keep_in_this_thread();
    let failed = calls.iter().find_map(|(function, args)| call(*function, args, limit).err());
    match failed {
        None => answer(socket, &Answer::Preloaded, None),
        Some(error) => {
            answer(socket, &Answer::PreloadFailed { error }, None)?;
            exit(0)
        }
    }
}

/// Calls a function for its effect: a preload, or an initializer.
pub(super) fn call(function: Function, args: &[u8], limit: u64) -> Result<(), String> {
    let mut out = Vec::new();
    let name = registry::name_of(function);
    let entry = registry::entry(function).ok_or_else(|| format!("{name} is not registered in this program"))?;
    let verdict =
        catch_unwind(std::panic::AssertUnwindSafe(|| (entry.call)(&mut Invocation { args, out: &mut out, limit })));
    let text = |e: codec::CodecError| e.to_string();
    match verdict {
        Ok(Verdict::Returned) => Ok(()),
        Ok(Verdict::Failed) => Err(format!("{name}: {}", codec::decode::<Failure>(&out, limit).map_err(text)?.message)),
        Ok(Verdict::Panicked) => {
            let panic = codec::decode::<Panic>(&out, limit).map_err(text)?;
            Err(format!("{name} panicked at {}: {}", panic.location.unwrap_or_default(), panic.message))
        }
        Err(_) => Err(format!("{name} panicked")),
    }
}

/// Forks one worker. What comes back is the worker's: its link and its bell; nothing for the zygote itself.
fn fork(socket: &Socket, worker: u64) -> std::io::Result<Option<(OwnedFd, OwnedFd)>> {
    let mut packet = [0; 16];
    let Some((_, fds)) = socket.recv(&mut packet, 2, None)? else { exit(0) };
    let Ok([link, bell]) = <[OwnedFd; 2]>::try_from(fds) else {
        return Err(std::io::Error::other("link and bell did not come"));
    };
    match fork_sibling() {
        Ok(Fork::Child) => Ok(Some((link, bell))),
        Ok(Fork::Sibling { pid, pidfd }) => {
            answer(socket, &Answer::Forked { worker, pid }, Some(&pidfd)).map(|()| None)
        }
        Err(error) => {
            let error = format!("failed to fork: {error}");
            answer(socket, &Answer::NotForked { worker, error }, None).map(|()| None)
        }
    }
}

fn answer(socket: &Socket, answer: &Answer, fd: Option<&OwnedFd>) -> std::io::Result<()> {
    let packet = codec::encode(answer, PACKET as u64).map_err(std::io::Error::other)?;
    let fds: Vec<_> = fd.iter().map(|fd| fd.as_fd()).collect();
    socket.send(&packet, &fds, None)
}

fn be_worker(link: &OwnedFd, bell: OwnedFd, setup: Setup, supervisor: u32) -> std::io::Result<()> {
    settle_in(supervisor)?;
    super::run(link::open(link)?, Bell::from(bell), setup, &Life::Process { supervisor });
    Ok(())
}
