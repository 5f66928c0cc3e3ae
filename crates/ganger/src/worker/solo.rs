//! A process whose whole life is one call.

use std::os::fd::OwnedFd;
use std::process::exit;

use ganger_proto::message::Verdict;
use ganger_proto::outcome::Failure;
use ganger_sys::{ForkDetector, Signal, read_sealed, setup};

use crate::bootstrap::Solo;
use crate::logging;
use crate::passing::{self, Passed};
use crate::process::current;
use crate::registry;
use crate::title;
use crate::worker::invocation::{Host, Invocation};
use crate::worker::panic;

/// The exit status of a function that returned an error.
const FAILED: i32 = 1;
/// The exit status of a function that panicked: that of a Rust program.
const PANICKED: i32 = 101;

/// Makes the call, and exits.
pub(super) fn run(solo: &Solo, fds: Vec<OwnedFd>, supervisor: u32) -> std::io::Result<()> {
    if solo.daemon {
        setup::die_with_parent(supervisor, Signal::Kill)?;
    }
    setup::own_process_group()?;
    setup::reset_signals(&[])?;
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
    exit(passing::receiving(came, || call(solo, &bytes)))
}

#[expect(clippy::print_stderr, reason = "the process ends of it, and who started it sees no more than its status")]
fn call(solo: &Solo, args: &[u8]) -> i32 {
    let (name, process) = (registry::name_of(solo.function), ForkDetector::new());
    let Some(entry) = registry::entry(solo.function) else {
        eprintln!("ganger: {name} is not registered in this program");
        return FAILED;
    };
    let mut out = Vec::new();
    let host = Some(Host { process: &process, function: solo.function });
    let verdict = (entry.call)(&mut Invocation { args, out: &mut out, passed: Vec::new(), limit: solo.limit, host });
    match verdict {
        Verdict::Returned => 0,
        Verdict::Panicked => PANICKED,
        Verdict::Failed => {
            let failure = ganger_proto::codec::decode::<Failure>(&out, solo.limit);
            eprintln!("{}: {}", solo.name, failure.map_or_else(|e| e.to_string(), |failure| failure.message));
            FAILED
        }
    }
}
