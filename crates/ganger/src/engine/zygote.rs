//! The zygote as the supervisor sees it: a process, single-threaded, that forks workers when asked.
//!
//! ```text
//!   Booting ── hello ──► Open ── death ──► (a new one, when a worker is next wanted)
//! ```
//!
//! What it is asked for while it preloads, it does after that. A worker is the supervisor's own child (`CLONE_PARENT`), so the zygote's death concerns only those who were asked for
//! and have not come.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use ganger_proto::WorkerId;
use ganger_proto::codec;
use ganger_proto::log_record::LogRecord;
use ganger_proto::message::Hello;
use ganger_proto::outcome::StartError;
use ganger_proto::spec::Role;
use ganger_sys::{Child, Expected, Signal, Socket};

use crate::bootstrap::{Answer, Boot, Control, Freight, Line, Order, PACKET, Server, VARIABLE};
use crate::engine::messages::check;
use crate::engine::settings::{Program, Settings};
use crate::engine::start;
use crate::title;

/// So many workers may be asked for and not have come: what is unread then fits the socket, and no send blocks.
const AT_A_TIME: usize = 32;

/// How long a program that has said hello may take to connect.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Zygote {
    pub(crate) child: Child,
    pub(crate) socket: Socket,
    /// Where it will connect; none once it has said hello.
    server: Option<Server>,
    waiting: VecDeque<Request>,
    asked: Vec<(WorkerId, Expected)>,
}

/// A worker that is wanted.
pub(crate) struct Request {
    pub(crate) order: Order,
    pub(crate) freight: Freight,
}

/// What came of a packet.
pub(crate) enum News {
    Nothing,
    /// A worker has come.
    Forked {
        worker: WorkerId,
        child: io::Result<Child>,
    },
    NotForked {
        worker: WorkerId,
        error: StartError,
    },
    /// A worker has come, but there was no descriptor left for its pidfd.
    Lost {
        worker: WorkerId,
        pid: u32,
    },
    /// It cannot go on; why.
    Useless(String),
    /// A preload has logged something.
    Logged(LogRecord),
}

impl Zygote {
    pub(crate) fn start(settings: &Settings) -> io::Result<Self> {
        let (child, socket, server) = exec(&settings.program, &title::of_zygote(&settings.name), &[])?;
        Ok(Self { child, socket, server: Some(server), waiting: VecDeque::new(), asked: Vec::new() })
    }

    pub(crate) fn ask(&mut self, request: Request) -> io::Result<()> {
        self.waiting.push_back(request);
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.server.is_none() && self.asked.len() < AT_A_TIME {
            let Some(Request { order, freight }) = self.waiting.pop_front() else { break };
            self.asked.push((order.id(), Expected::new()));
            let packet = codec::encode(&order, PACKET as u64).map_err(io::Error::other)?;
            unless_gone(self.socket.send(&packet, &freight.fds(), Some(Instant::now())))?;
        }
        Ok(())
    }

    /// Whether it has not said hello.
    pub(crate) fn is_silent(&self) -> bool {
        self.server.is_some()
    }

    /// Those who will not come, if it dies now.
    pub(crate) fn orphans(self) -> impl Iterator<Item = WorkerId> {
        self.asked
            .into_iter()
            .map(|(worker, _)| worker)
            .chain(self.waiting.into_iter().map(|request| request.order.id()))
    }

    /// Reads one packet. None: there is none.
    pub(crate) fn read(&mut self, settings: &Settings) -> Option<News> {
        let mut packet = [0; PACKET];
        match self.socket.recv(&mut packet, 1, Some(Instant::now())) {
            Ok(Some((len, fds))) => Some(self.on_packet(&packet[..len], fds, settings).unwrap_or_else(News::Useless)),
            Ok(None) => None,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => None,
            Err(error) => Some(News::Useless(format!("failed to hear the zygote: {error}"))),
        }
    }

    fn on_packet(&mut self, packet: &[u8], mut fds: Vec<OwnedFd>, settings: &Settings) -> Result<News, String> {
        if let Some(server) = self.server.take() {
            let preload = Control::Preload { calls: settings.preload.clone(), setup: start::setup(settings) };
            unless_gone(greet(packet, server, &settings.role)?.send(preload))
                .and_then(|()| self.flush())
                .map_err(|e| e.to_string())?;
            return Ok(News::Nothing);
        }
        match codec::decode::<Answer>(packet, PACKET as u64).map_err(|e| e.to_string())? {
            Answer::PreloadFailed { error } => Err(format!("preload failed: {error}")),
            Answer::Forked { worker, pid } => {
                // Before nobody is expected any more.
                let child = fds.pop().map(|pidfd| Child::adopt(pid, pidfd));
                let worker = self.came(worker)?;
                Ok(child.map_or(News::Lost { worker, pid }, |child| News::Forked { worker, child }))
            }
            Answer::Logged { record } => Ok(News::Logged(record)),
            Answer::NotForked { worker, error } => Ok(News::NotForked { worker: self.came(worker)?, error }),
        }
    }

    fn came(&mut self, worker: u64) -> Result<WorkerId, String> {
        let worker = WorkerId::from_bits(worker);
        let at =
            self.asked.iter().position(|(asked, _)| *asked == worker).ok_or("a worker came that nobody asked for")?;
        drop(self.asked.swap_remove(at));
        self.flush().map_err(|e| e.to_string())?;
        Ok(worker)
    }

    pub(crate) fn kill(&self) {
        // It is a child of ours that was not reaped; nothing can go wrong that matters.
        let _ = self.child.signal(Signal::Kill);
    }
}

/// Starts the worker program and tells it what it is to be.
pub(crate) fn exec(
    program: &Program,
    title: &str,
    fds: &[std::os::fd::BorrowedFd<'_>],
) -> io::Result<(Child, Socket, Server)> {
    let (ours, theirs) = ganger_sys::pair()?;
    let spawn = ganger_sys::Spawn {
        program: &program.path,
        arg0: Some(title.as_ref()),
        args: &program.args,
        dir: program.dir.as_deref(),
        env: &[(VARIABLE, "1".as_ref())],
        without: &program.without,
        stdin: theirs.into(),
    };
    let child = spawn.start()?;
    // While the program is being loaded.
    let server = Server::open()?;
    let boot =
        Boot { protocol: ganger_proto::message::PROTOCOL, server: server.name.clone(), supervisor: std::process::id() };
    let packet = codec::encode(&boot, PACKET as u64).map_err(io::Error::other)?;
    unless_gone(ours.send(&packet, fds, Some(Instant::now() + PATIENCE)))?;
    Ok((child, ours, server))
}

/// What was sent to a program that is gone already is no error: its exit will be told, and says more.
pub(crate) fn unless_gone(sent: io::Result<()>) -> io::Result<()> {
    match sent {
        Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => Ok(()),
        sent => sent,
    }
}

/// A started program has said hello: checks who it is, and opens the control plane.
pub(crate) fn greet(packet: &[u8], server: Server, role: &Role) -> Result<Line, String> {
    let hello = codec::decode::<Hello>(packet, PACKET as u64).map_err(|e| e.to_string())?;
    check(hello, role)?;
    server.accept(PATIENCE).map_err(|e| e.to_string())
}
