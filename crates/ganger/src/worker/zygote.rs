//! The zygote: the worker program, executed once, single-threaded, that forks a worker whenever it is asked.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::parent_id;
use std::panic::catch_unwind;
use std::process::exit;
use std::sync::Arc;

use ganger_proto::WorkerId;
use ganger_proto::codec;
use ganger_proto::log_record::LogRecord;
use ganger_proto::message::{Seat, Setup, Verdict};
use ganger_proto::outcome::{Failure, Panic};
use ganger_proto::spec::{Bytes, Function};
use ganger_sys::{Fork, ForkDetector, MAX_FDS, Socket, fork_sibling, setup, wait_readable};

use crate::bootstrap::{Answer, Ends, Order, PACKET};
use crate::logging;
use crate::registry;
use crate::start_error::start_error;
use crate::title;
use crate::worker::invocation::{Host, Invocation};
use crate::worker::outlet::LOOK;
use crate::worker::wards::Wards;
use crate::worker::{Life, own_signals, panic, solo, stand_alone};

/// Forks until the supervisor is gone. In what was forked it returns when that one's work is done.
pub(super) fn run(
    socket: Arc<Socket>,
    calls: &[(Function, Bytes)],
    setup: Setup,
    supervisor: u32,
) -> std::io::Result<()> {
    title::be_zygote();
    if !calls.is_empty() {
        logging::forward(setup.log_level);
        logging::go_through_zygote(&socket);
    }
    preload(&socket, calls, setup.payload_limit)?;
    let mut wards = Wards::of(&setup.role);
    if wards.are_wanted() {
        // The end of the socket tells of the supervisor's, and there is something left to be done then.
        setup::outlive_parent()?;
    }
    while let Some((order, fds)) = hear(&socket, supervisor)? {
        let Some(pidfd) = fork(&socket, order.id())? else {
            // The one handle: what logs only borrows it.
            drop((socket, wards));
            return match order {
                Order::Worker(seat) => be_worker(Ends::from_fds(fds)?, setup, seat, supervisor),
                Order::Solo { solo, .. } => solo::run(&solo, fds, supervisor),
            };
        };
        if let (true, Some(pidfd), Some(link)) = (wards.are_wanted(), pidfd, fds.first()) {
            // Without memory for that the worker is as good as any.
            let _ = wards.take_on(pidfd, link);
        }
    }
    wards.end_commands();
    Ok(())
}

/// As [`next`]. What the supervisor has forked may hold its socket open when it is dead.
fn hear(socket: &Socket, supervisor: u32) -> std::io::Result<Option<(Order, Vec<OwnedFd>)>> {
    while let [false] = wait_readable([socket.as_fd()], Some(LOOK))? {
        if parent_id() != supervisor {
            return Ok(None);
        }
    }
    next(socket)
}

/// What they do to this process's signals is undone: its workers inherit them as they are.
fn preload(socket: &Socket, calls: &[(Function, Bytes)], limit: u64) -> std::io::Result<()> {
    panic::keep_in_this_thread();
    if calls.is_empty() {
        return Ok(());
    }
    let process = ForkDetector::new();
    match calls.iter().find_map(|(function, args)| call(*function, args, limit, &process).err()) {
        None => own_signals(),
        Some(error) => {
            answer(socket, &Answer::PreloadFailed { error }, None)?;
            exit(0)
        }
    }
}

/// What is wanted next, with its descriptors. None: the supervisor is gone.
pub(super) fn next(socket: &Socket) -> std::io::Result<Option<(Order, Vec<OwnedFd>)>> {
    let mut packet = [0; 4096];
    let Some((len, fds)) = socket.recv(&mut packet, MAX_FDS, None)? else { return Ok(None) };
    let order = codec::decode(&packet[..len], PACKET as u64).map_err(std::io::Error::other)?;
    Ok(Some((order, fds)))
}

/// Calls a function for its effect: a preload, or an initializer.
pub(crate) fn call(function: Function, args: &[u8], limit: u64, process: &ForkDetector) -> Result<(), String> {
    let mut out = Vec::new();
    let host = Some(Host { process, function });
    let name = registry::name_of(function);
    let entry = registry::entry(function).ok_or_else(|| format!("{name} is not registered in this program"))?;
    let verdict = catch_unwind(std::panic::AssertUnwindSafe(|| {
        (entry.call)(&mut Invocation { args, out: &mut out, passed: Vec::new(), limit, host })
    }));
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

/// Forks one, and gives its pidfd if that succeeded. None: this is the one.
fn fork(socket: &Socket, id: WorkerId) -> std::io::Result<Option<Option<OwnedFd>>> {
    let worker = id.to_bits();
    Ok(match fork_sibling() {
        Ok(Fork::Child) => None,
        Ok(Fork::Sibling { pid, pidfd }) => {
            answer(socket, &Answer::Forked { worker, pid }, Some(&pidfd))?;
            Some(Some(pidfd))
        }
        Err(error) => {
            answer(socket, &Answer::NotForked { worker, error: start_error(&error) }, None)?;
            Some(None)
        }
    })
}

fn answer(socket: &Socket, answer: &Answer, fd: Option<&OwnedFd>) -> std::io::Result<()> {
    let packet = codec::encode(answer, PACKET as u64).map_err(std::io::Error::other)?;
    let fds: Vec<_> = fd.iter().map(|fd| fd.as_fd()).collect();
    socket.send(&packet, &fds, None)
}

/// A record of what a preload logs. If the supervisor is gone, it does not matter any more.
pub(crate) fn answer_logged(socket: &Socket, record: LogRecord) {
    let _ = answer(socket, &Answer::Logged { record }, None);
}

fn be_worker(ends: Ends, setup: Setup, seat: Seat, supervisor: u32) -> std::io::Result<()> {
    stand_alone(supervisor)?;
    super::run(ends, setup, seat, Life::Process { supervisor })
}
