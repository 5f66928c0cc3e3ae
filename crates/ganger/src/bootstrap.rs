//! The control plane: how a program that was started finds its supervisor, and what it is told before its first task.
//!
//! ```text
//!  supervisor                                            worker program (zygote, or one worker)
//!  exec, stdin = one end of a socket pair ─────────────►  init()
//!  Boot { server, supervisor } over the socket ──────► connects to the server, sends a sender for control
//!  accepts, on a thread of its own
//!                       hello, over the socket  ◄──────  protocol, build, program, pid
//!  Control::… over ipc-channel ───────────────────────►
//!  Order, with its Freight, over the socket ────────────►  a zygote forks; one that is for a call makes it
//!                       Answer, with its pidfd  ◄──────
//! ```
//!
//! This is the one file that names ipc-channel. Its traps are kept out by construction: its accept has no time limit, so
//! it waits on a thread of its own; it panics without descriptors or with a temporary directory that it cannot use, so
//! both are looked at before; a send blocks when the peer does not read, so there is one small message a program.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{LazyLock, Once};
use std::time::Duration;

use ganger_proto::WorkerId;
use ganger_proto::fault::Fault;
use ganger_proto::log_record::{LOG_RECORD_LIMIT, LogRecord};
use ganger_proto::message::{Hello, PROTOCOL, Seat, Setup};
use ganger_proto::outcome::StartError;
use ganger_proto::spec::{Bytes, Function};
use ganger_sys::{Bell, Socket};
use ipc_channel::IpcError;
use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use serde::{Deserialize, Serialize};

use crate::passing::Passed;
use crate::registry;

/// The variable that tells a program that it is to be a worker: its stdin is the bootstrap socket.
pub(crate) const VARIABLE: &str = "GANGER_BOOTSTRAP";

/// The largest packet of the bootstrap socket, in bytes.
pub(crate) const PACKET: usize = LOG_RECORD_LIMIT + 64;

/// What a started program is to be. The first packet.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Boot {
    pub(crate) protocol: u32,
    /// The name of the server to connect to.
    pub(crate) server: String,
    /// The process id of the supervisor.
    pub(crate) supervisor: u32,
}

/// A worker's end of what connects it to its supervisor.
#[derive(Debug)]
pub(crate) struct Ends {
    /// Two rings in shared memory.
    pub(crate) link: OwnedFd,
    /// Rung when the supervisor sleeps.
    pub(crate) bell: Bell,
    /// For what cannot be bytes: descriptors.
    pub(crate) lane: Socket,
}

impl Ends {
    /// As they travel with a packet.
    pub(crate) fn fds(&self) -> [BorrowedFd<'_>; 3] {
        [self.link.as_fd(), self.bell.as_fd(), self.lane.as_fd()]
    }

    /// As they came with a packet.
    pub(crate) fn from_fds(fds: Vec<OwnedFd>) -> io::Result<Self> {
        match <[OwnedFd; 3]>::try_from(fds) {
            Ok([link, bell, lane]) => Ok(Self { link, bell: bell.into(), lane: lane.into() }),
            Err(_) => Err(io::Error::other("link, bell and lane did not come")),
        }
    }
}

/// One call that is a process's whole life.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Solo {
    pub(crate) function: Function,
    /// What it is called, and the one that started it.
    pub(crate) name: String,
    pub(crate) parent: String,
    /// Whether it dies with the one that started it.
    pub(crate) daemon: bool,
    /// How many bytes its arguments take.
    pub(crate) length: u64,
    /// The largest payload it may be given.
    pub(crate) limit: u64,
    /// Up to which level it logs to standard error, as `log` counts; 0 if it has to bring its own logger.
    pub(crate) log_level: u8,
    /// What it does to itself; none but in tests.
    pub(crate) faults: Vec<Fault>,
}

/// What a zygote is asked to fork. A packet of the bootstrap socket, with its [`Freight`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    Worker(Seat),
    Solo { id: WorkerId, solo: Solo },
}

impl Order {
    /// By what the answer names it.
    pub(crate) fn id(&self) -> WorkerId {
        match self {
            Self::Worker(seat) => seat.worker,
            Self::Solo { id, .. } => *id,
        }
    }
}

/// The descriptors that come with an order.
#[derive(Debug)]
pub(crate) enum Freight {
    Ends(Ends),
    /// The encoded arguments, in a memfd, and what they name.
    Solo {
        args: OwnedFd,
        passed: Vec<Passed>,
    },
}

impl Freight {
    pub(crate) fn fds(&self) -> Vec<BorrowedFd<'_>> {
        match self {
            Self::Ends(ends) => ends.fds().to_vec(),
            Self::Solo { args, passed } => {
                std::iter::once(args.as_fd()).chain(passed.iter().map(AsFd::as_fd)).collect()
            }
        }
    }
}

/// What a program that has said hello is to be.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Control {
    /// A zygote: it calls these, then forks workers of this kind.
    Preload { calls: Vec<(Function, Bytes)>, setup: Setup },
    /// One worker; its ends have come with the first packet.
    Work { seat: Seat, setup: Setup },
    /// One call; its [`Order`] comes over the socket.
    Solo,
}

/// What a zygote answers. A packet of the bootstrap socket.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// A preload failed; the zygote ends.
    PreloadFailed { error: String },
    /// A worker was forked; its pidfd comes with the packet.
    Forked { worker: u64, pid: u32 },
    /// A worker could not be forked.
    NotForked { worker: u64, error: StartError },
    /// A preload has logged something.
    Logged { record: LogRecord },
}

/// Looked up once: what a zygote knows, its workers need not ask for.
static PROGRAM: LazyLock<String> =
    LazyLock::new(|| std::env::current_exe().map_or_else(|e| format!("({e})"), |path| path.display().to_string()));

/// This process, as it introduces itself.
pub(crate) fn hello() -> Hello {
    Hello {
        protocol: PROTOCOL,
        build: registry::fingerprint(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        program: PROGRAM.clone(),
        pid: std::process::id(),
    }
}

/// Where a program that is being started will connect.
pub(crate) struct Server {
    pub(crate) name: String,
    accepted: Option<Receiver<Result<Line, IpcError>>>,
}

impl Server {
    /// # Errors
    /// When there are too few descriptors left, or a socket cannot be made in the directory for temporary files.
    pub(crate) fn open() -> io::Result<Self> {
        ganger_sys::limits::spare_fds(DESCRIPTORS)?;
        prepare_channels();
        let directory = std::env::temp_dir();
        probe(&directory)?;
        let (server, name) = IpcOneShotServer::<IpcSender<Control>>::new().map_err(|e| unusable(&directory, &e))?;
        // ipc-channel leaves the way to it to the umask; who connects first would be told what a worker is told.
        let private =
            Path::new(&name).parent().map_or(Ok(()), |own| fs::set_permissions(own, fs::Permissions::from_mode(0o700)));
        private.map_err(|e| unusable(&directory, &e))?;
        let (done, accepted) = mpsc::sync_channel(1);
        std::thread::Builder::new().name("ganger-accept".to_owned()).spawn(move || {
            // Nobody may be waiting any more.
            let _ = done.send(server.accept().map(|(_, sender)| Line(sender)));
        })?;
        Ok(Self { name, accepted: Some(accepted) })
    }

    /// The line to the program that has said hello. It has connected before, so this takes no time; a program that lies
    /// about that costs `patience`, and no more.
    pub(crate) fn accept(mut self, patience: Duration) -> io::Result<Line> {
        let accepted = self.accepted.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        match accepted.recv_timeout(patience) {
            Err(RecvTimeoutError::Timeout) => {
                Err(io::Error::new(io::ErrorKind::TimedOut, "it said hello, but did not connect"))
            }
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the accepting thread has died")),
            Ok(line) => {
                self.accepted = None;
                line.map_err(|e| io::Error::other(e.to_string()))
            }
        }
    }
}

/// Nobody will connect any more: we do, so that the thread ends. Not by ipc-channel, which loses a descriptor when the
/// thread is gone already. This process may end next, so the thread is waited for: it removes the socket.
impl Drop for Server {
    fn drop(&mut self) {
        if let Some(accepted) = self.accepted.take() {
            drop(Socket::connect(Path::new(&self.name)));
            // A program that has connected and says nothing may hold it up for longer.
            let _ = accepted.recv_timeout(Duration::from_millis(100));
        }
    }
}

/// So many descriptors ipc-channel takes to open a server and to accept, at most.
pub(crate) const DESCRIPTORS: usize = 5;

/// What ipc-channel asks the kernel once, when it first receives: it panics if it has no descriptors then, so it is made
/// to ask while there are some.
fn prepare_channels() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        if let Ok((sender, receiver)) = ipc::channel() {
            let received = sender.send(0u8).is_ok() && receiver.recv().is_ok();
            debug_assert!(received, "a byte from this thread to itself");
        }
    });
}

/// The longest path of a directory in which the socket's own fits the kernel's address: what is longer would be cut.
const LONGEST: usize = 107 - "/.tmpXXXXXX/socket".len();

fn probe(directory: &Path) -> io::Result<()> {
    if directory.to_str().is_none_or(|path| path.len() > LONGEST) {
        let why = format!("its path must be UTF-8 of at most {LONGEST} bytes");
        return Err(unusable(directory, &io::Error::new(io::ErrorKind::InvalidInput, why)));
    }
    let trial = directory.join(format!(".ganger-{}-{:?}", std::process::id(), std::thread::current().id()));
    fs::create_dir(&trial).and_then(|()| fs::remove_dir(&trial)).map_err(|e| unusable(directory, &e))
}

fn unusable(directory: &Path, error: &io::Error) -> io::Error {
    let directory = directory.display();
    let remedy = "set TMPDIR to a directory that exists and may be written to";
    io::Error::new(error.kind(), format!("failed to make a socket in {directory}: {error}; {remedy}"))
}

/// The supervisor's end of a control plane.
pub(crate) struct Line(IpcSender<Control>);

impl Line {
    /// What there is to be said.
    pub(crate) fn send(self, control: Control) -> io::Result<()> {
        match self.0.send(control) {
            Err(IpcError::Io(error)) => Err(error),
            sent => sent.map_err(|e| io::Error::other(e.to_string())),
        }
    }
}

/// The other end.
pub(crate) struct Orders(IpcReceiver<Control>);

impl Orders {
    /// Connects to the server of that name.
    pub(crate) fn connect(server: String) -> io::Result<Self> {
        let other = |e: &dyn std::fmt::Display| io::Error::other(e.to_string());
        let connection = IpcSender::<IpcSender<Control>>::connect(server)?;
        let (sender, receiver) = ipc::channel()?;
        connection.send(sender).map_err(|e| other(&e))?;
        Ok(Self(receiver))
    }

    /// The order; none when the supervisor is gone. A signal that interrupts the wait does not end it.
    pub(crate) fn receive(self) -> Option<Control> {
        loop {
            match self.0.recv() {
                Ok(control) => return Some(control),
                Err(IpcError::Io(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(IpcError::Io(_) | IpcError::Disconnected | IpcError::SerializationError(_)) => return None,
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_is_told_what_a_worker_is_told() {
        let server = Server::open().unwrap();
        let own = Path::new(&server.name).parent().unwrap();
        assert_eq!(fs::metadata(own).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
