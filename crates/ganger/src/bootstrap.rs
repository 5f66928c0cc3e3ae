//! The control plane: how a program that was started finds its supervisor, and what it is told before its first task.
//!
//! ```text
//!  supervisor                                            worker program (zygote, or one worker)
//!  exec, stdin = one end of a socket pair ─────────────►  init()
//!  Boot { role, server, supervisor } over the socket ──►  connects to the server, sends a sender for control
//!                       hello, over the socket  ◄──────  protocol, build, program, pid
//!  accepts; Control::… over ipc-channel ──────────────►
//! ```
//!
//! This is the one file that names ipc-channel. Its traps (an accept without a time limit, a send that blocks when the
//! peer does not read) are kept out by construction: it is accepted only after the hello, on a thread of its own; and
//! what is sent here is small, and never more than the peer has asked for.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use ganger_proto::message::{Hello, PROTOCOL, Setup};
use ganger_proto::spec::{Bytes, Function};
use ipc_channel::IpcError;
use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use serde::{Deserialize, Serialize};

use crate::registry;

/// The variable that tells a program that it is to be a worker: its stdin is the bootstrap socket.
pub(crate) const VARIABLE: &str = "GANGER_BOOTSTRAP";

/// The largest packet of the bootstrap socket, in bytes.
pub(crate) const PACKET: usize = 64 << 10;

/// What a started program is to be. The first packet.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Boot {
    pub(crate) protocol: u32,
    pub(crate) role: Role,
    /// The name of the server to connect to.
    pub(crate) server: String,
    /// The process id of the supervisor.
    pub(crate) supervisor: u32,
}

/// One of the two things that a worker program can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// It forks workers when asked.
    Zygote,
    /// It is one worker; link and bell come with the packet.
    Worker,
}

/// What is said over the control plane.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Control {
    /// To a zygote, first: call these, then say that you are ready.
    Preload { calls: Vec<(Function, Bytes)>, payload_limit: u64 },
    /// To a zygote: fork a worker, with the link and the bell of the next packet.
    Fork(Setup),
    /// To a worker that was started alone.
    Work(Setup),
}

/// What a zygote answers. A packet of the bootstrap socket.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The preloads have run.
    Preloaded,
    /// A preload failed; the zygote ends.
    PreloadFailed { error: String },
    /// A worker was forked; its pidfd comes with the packet.
    Forked { worker: u64, pid: u32 },
    /// A worker could not be forked.
    NotForked { worker: u64, error: String },
}

/// This process, as it introduces itself.
pub(crate) fn hello() -> Hello {
    Hello {
        protocol: PROTOCOL,
        build: registry::fingerprint(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        program: std::env::current_exe().map_or_else(|e| format!("({e})"), |path| path.display().to_string()),
        pid: std::process::id(),
    }
}

/// Where a program that is being started will connect.
pub(crate) struct Server {
    server: IpcOneShotServer<IpcSender<Control>>,
    pub(crate) name: String,
}

impl Server {
    pub(crate) fn open() -> io::Result<Self> {
        let (server, name) = IpcOneShotServer::new()?;
        Ok(Self { server, name })
    }

    /// Accepts the program that has said hello. It has connected before, so this takes no time; a program that lies
    /// about that costs `patience`, and no more.
    pub(crate) fn accept(self, patience: Duration) -> io::Result<Line> {
        let Self { server, name } = self;
        let (done, accepted) = mpsc::channel();
        std::thread::Builder::new().name("ganger-accept".to_owned()).spawn(move || {
            // Nobody may be waiting any more.
            let _ = done.send(server.accept());
        })?;
        match accepted.recv_timeout(patience) {
            Ok(Ok((_, sender))) => Ok(Line(sender)),
            Ok(Err(error)) => Err(io::Error::other(error.to_string())),
            Err(RecvTimeoutError::Timeout) => {
                release(name);
                Err(io::Error::new(io::ErrorKind::TimedOut, "it said hello, but did not connect"))
            }
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the accepting thread has died")),
        }
    }
}

/// Connects to a server that nobody connected to, so that its thread ends.
fn release(name: String) {
    if let (Ok(sender), Ok((own, _))) = (IpcSender::<IpcSender<Control>>::connect(name), ipc::channel()) {
        // The thread may be gone already.
        let _ = sender.send(own);
    }
}

/// The supervisor's end of a control plane.
pub(crate) struct Line(IpcSender<Control>);

impl Line {
    /// At most a few hundred small messages may be unread at a time: more would block.
    pub(crate) fn send(&self, control: Control) -> io::Result<()> {
        self.0.send(control).map_err(|e| io::Error::other(e.to_string()))
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

    /// The next order; none when the supervisor is gone. A signal that interrupts the wait does not end it.
    pub(crate) fn next(&self) -> Option<Control> {
        loop {
            match self.0.recv() {
                Ok(control) => return Some(control),
                Err(IpcError::Io(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(IpcError::Io(_) | IpcError::Disconnected | IpcError::SerializationError(_)) => return None,
            }
        }
    }
}
