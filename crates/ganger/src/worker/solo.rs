//! A process whose whole life is one call.

use std::os::fd::OwnedFd;
use std::process::exit;

use ganger_proto::fault::Point;
use ganger_proto::message::Verdict;
use ganger_proto::outcome::Failure;
use ganger_proto::spec::Function;
use ganger_sys::{ForkDetector, Signal, Socket, read_sealed, setup};

use crate::bootstrap::{Order, Solo};
use crate::logging;
use crate::passing::{self, Passed};
use crate::process::current;
use crate::registry;
use crate::testing::alone::reach;
use crate::title;
use crate::worker::invocation::{Host, Invocation};
use crate::worker::{panic, zygote};

/// The exit status of a function that returned an error.
const FAILED: i32 = 1;
/// The exit status of a function that panicked: that of a Rust program.
pub(crate) const PANICKED: i32 = 101;

/// Makes the call for which this program was executed, and exits. Returns if the supervisor is gone before.
pub(super) fn alone(socket: Socket, supervisor: u32) -> std::io::Result<()> {
    match zygote::next(&socket)? {
        None => Ok(()),
        Some((Order::Worker(_), _)) => Err(std::io::Error::other("it was to make a call, and is told to be a worker")),
        Some((Order::Solo { solo, .. }, fds)) => {
            drop(socket);
            run(&solo, fds, supervisor)
        }
    }
}

/// Makes the call, and exits.
pub(super) fn run(solo: &Solo, fds: Vec<OwnedFd>, supervisor: u32) -> std::io::Result<()> {
    if solo.daemon {
        setup::die_with_parent(supervisor, Signal::Kill)?;
    } else {
        setup::outlive_parent()?;
    }
    setup::own_process_group()?;
    setup::reset_signals(&[Signal::Pipe])?;
    reach(&solo.faults, Point::Start);
    title::be_process(&solo.name);
    current::set(solo, supervisor)?;
    logging::inherit(solo.log_level);
    let mut fds = fds.into_iter();
    let args = fds.next().ok_or_else(|| std::io::Error::other("its arguments did not come"))?;
    let mut bytes = Vec::new();
    read_sealed(args, solo.length, &mut bytes)?;
    let came = fds.map(Passed::from).collect();
    // Nobody reads a result: a panic says all there is to say by itself.
    panic::let_go_of_this_thread();
    let process = ForkDetector::new();
    let host = Some(Host { process: &process, function: solo.function });
    reach(&solo.faults, Point::Begin);
    let code = passing::receiving(came, || exit_code(solo.function, &solo.name, &bytes, solo.limit, host));
    reach(&solo.faults, Point::Retire);
    exit(code)
}

/// Makes the call, for a process of that name, and tells with what it exits.
#[expect(clippy::print_stderr, reason = "the process ends of it, and who started it sees no more than its status")]
pub(crate) fn exit_code(function: Function, process: &str, args: &[u8], limit: u64, host: Option<Host<'_>>) -> i32 {
    let Some(entry) = registry::entry(function) else {
        eprintln!("{process}: {} is not registered in this program", registry::name_of(function));
        return FAILED;
    };
    let mut out = Vec::new();
    match (entry.call)(&mut Invocation { args, out: &mut out, passed: Vec::new(), limit, host }) {
        Verdict::Returned => 0,
        Verdict::Panicked => PANICKED,
        Verdict::Failed => {
            let failure = ganger_proto::codec::decode::<Failure>(&out, limit);
            eprintln!("{process}: {}", failure.map_or_else(|e| e.to_string(), |failure| failure.message));
            FAILED
        }
    }
}
