//! ③ The worker's side. It shares no code with the supervisor's: they meet in `ganger_proto::message` alone.

pub(crate) mod panic;

pub(crate) mod invocation;

pub(crate) mod values;

mod context;
pub use context::{Current, current};
pub(crate) use context::{current_attempt, current_worker};

mod outlet;
pub(crate) use outlet::{Life, Outlet};

mod faults;

mod serve;
pub(crate) use serve::run;

mod call;

mod line;

mod named;

mod host;

mod command;

mod program;

mod strays;
mod terms;

mod ending;

mod pipes;

mod signals;

mod wards;

mod zygote;
pub(crate) use zygote::{answer_logged, call};

mod solo;
pub(crate) use solo::{PANICKED, exit_code};

use std::os::fd::{AsFd, OwnedFd};
use std::process::exit;
use std::sync::{Arc, Weak};

use ganger_proto::codec;
use ganger_proto::message::{PROTOCOL, Seat, Setup};
use ganger_sys::{Signal, Socket, setup};

use crate::bootstrap::{Boot, Control, Ends, Orders, PACKET, VARIABLE, hello};

/// Makes this program able to be a worker. **The first line of `main`.**
///
/// A pool executes its program anew for its workers. In such a process this call serves the pool and never returns; in
/// any other it returns at once. A program that makes a pool without it gets an error that says so, never a fork bomb.
///
/// ```no_run
/// #[ganger::task]
/// fn square(n: u64) -> u64 { n * n }
///
/// fn main() -> Result<(), ganger::Error> {
///     ganger::init();
///     let pool = ganger::Pool::new(4)?;
///     println!("{}", pool.apply(square, 12)?);
///     Ok(())
/// }
/// ```
///
/// # Panics
/// Never. A worker that cannot reach its supervisor says why on standard error and exits with status 70.
pub fn init() {
    if std::env::var_os(VARIABLE).is_some() {
        match serve() {
            Ok(()) => exit(0),
            Err(error) => {
                log::error!("worker: {error}");
                complain(&error);
                exit(70)
            }
        }
    }
}

#[expect(clippy::print_stderr, reason = "there is no supervisor to tell, and no logger was set up yet")]
fn complain(error: &std::io::Error) {
    eprintln!("ganger: this process was told by {VARIABLE} to be a worker, but: {error}");
}

/// Whether this process was started to be a worker and has not become one.
pub(crate) fn is_uninitialised() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Becomes what the supervisor says. Returns when there is nothing more to do.
fn serve() -> std::io::Result<()> {
    let socket = Socket::from(setup::take_stdin()?);
    setup::remove_env(VARIABLE)?;
    // What the supervisor's program holds open is none of ours: an inherited pipe would never come to its end.
    setup::close_other_fds(&[socket.as_fd()])?;
    let mut packet = [0; 4096];
    let (len, fds) = socket.recv(&mut packet, 3, None)?.ok_or_else(|| std::io::Error::other("nobody spoke to it"))?;
    let boot: Boot = codec::decode(&packet[..len], PACKET as u64).map_err(std::io::Error::other)?;
    if boot.protocol != PROTOCOL {
        let why = format!("the supervisor speaks protocol {}, this program {PROTOCOL}", boot.protocol);
        return Err(std::io::Error::other(why));
    }
    stand_alone(boot.supervisor)?;
    own_signals()?;
    let orders = Orders::connect(boot.server)?;
    let packet = codec::encode(&hello(), PACKET as u64).map_err(std::io::Error::other)?;
    socket.send(&packet, &[], None)?;
    match orders.receive() {
        Some(Control::Preload { calls, setup }) => zygote::run(Arc::new(socket), &calls, setup, boot.supervisor),
        Some(Control::Work { seat, setup }) => alone(fds, setup, seat, boot.supervisor),
        Some(Control::Solo) => solo::alone(socket, boot.supervisor),
        None => Ok(()),
    }
}

/// What a worker process does to itself first. It dies with the thread of the supervisor that started it, and a Ctrl-C
/// is not for it.
fn stand_alone(supervisor: u32) -> std::io::Result<()> {
    setup::die_with_parent(supervisor, Signal::Kill)?;
    setup::own_process_group()
}

/// Signals as a worker has them, whatever was inherited. Who writes to a reader that is gone gets an error, as everywhere
/// in a Rust program, where SIGPIPE is ignored before `main`.
fn own_signals() -> std::io::Result<()> {
    setup::reset_signals(&[Signal::Int, Signal::Pipe])
}

fn alone(fds: Vec<OwnedFd>, setup: Setup, seat: Seat, supervisor: u32) -> std::io::Result<()> {
    run(Ends::from_fds(fds)?, setup, seat, Life::Process { supervisor })
}

/// Serves a pool on a thread of the supervisor's own process, until the pool lets go of `alive`.
pub(crate) fn run_thread(ends: Ends, setup: Setup, seat: Seat, alive: Weak<()>) {
    if let Err(error) = run(ends, setup, seat, Life::Thread { alive }) {
        log::error!("a worker thread cannot open its link: {error}");
    }
}
