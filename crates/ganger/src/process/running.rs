//! A process that was started: a child of this process, or a thread of it.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use ganger_proto::outcome::Exit;
use ganger_sys::{Child, Signal, wait_readable};

use crate::builder::StartMethod;
use crate::error::{Error, ErrorKind};
use crate::exit::{OomWatch, translated};
use crate::process::call::Call;
use crate::process::thread::{self, Thread};
use crate::process::{alone, launcher};

/// How long a daemon may take to end after it was asked to, before it is killed.
const GRACE: Duration = Duration::from_secs(10);

pub(super) enum Running {
    Process(Own),
    Thread(Thread),
}

/// A child of this process.
pub(super) struct Own {
    child: Child,
    /// The pidfd once more: waited on without the lock.
    sentinel: Arc<OwnedFd>,
    oom: OomWatch,
}

/// What is still to be done by the caller.
pub(super) type Here = Option<Box<dyn FnOnce() + Send>>;

impl Running {
    pub(super) fn start(call: Call) -> Result<(Self, Here), Error> {
        match call.method {
            StartMethod::Zygote | StartMethod::Spawn => Ok((Self::Process(Own::start(call)?), None)),
            StartMethod::Thread => Ok((Self::Thread(Thread::start(call)?), None)),
            StartMethod::Inline => {
                let (thread, run) = Thread::prepare(call);
                Ok((Self::Thread(thread), Some(Box::new(run))))
            }
        }
    }

    pub(super) fn pid(&self) -> u32 {
        match self {
            Self::Process(own) => own.child.pid(),
            Self::Thread(_) => std::process::id(),
        }
    }

    /// How it ended, if it has.
    pub(super) fn try_wait(&mut self) -> Result<Option<Exit>, Error> {
        match self {
            Self::Process(own) => own.try_wait(),
            Self::Thread(thread) => Ok(thread.exit()),
        }
    }

    pub(super) fn end(&self) -> End {
        match self {
            Self::Process(own) => End::Process(Arc::clone(&own.sentinel)),
            Self::Thread(thread) => End::Thread(thread.end()),
        }
    }

    pub(super) fn signal(&self, what: &'static str, signal: Signal) -> Result<(), Error> {
        match self {
            Self::Process(own) => own.child.signal(signal).map(drop).map_err(Error::system("signal a process")),
            Self::Thread(thread) if thread.has_ended() => Ok(()),
            Self::Thread(_) => {
                let why = "nobody can end a thread but itself: let it look at an Event, or use a process";
                Err(Error::new(ErrorKind::Unsupported { what, why }))
            }
        }
    }

    /// Readable when it has ended.
    pub(super) fn sentinel(&self) -> Result<OwnedFd, Error> {
        match self {
            Self::Process(own) => own.sentinel.try_clone().map_err(Error::system("copy a sentinel")),
            Self::Thread(thread) => thread.sentinel().map_err(Error::system("make a pipe")),
        }
    }

    /// Its last handle goes: it is waited for, or ended if it is a daemon. A thread that is one goes on.
    pub(super) fn let_go(&mut self, daemon: bool) -> Result<(), Error> {
        match self {
            Self::Process(own) if daemon => own.stop(),
            // Who panics is held up by nobody.
            _ if daemon || std::thread::panicking() => Ok(()),
            Self::Process(own) => own.child.wait().map(drop).map_err(Error::system("wait for a process")),
            Self::Thread(thread) => thread.end().wait(None).map(drop),
        }
    }
}

impl Own {
    fn start(call: Call) -> Result<Self, Error> {
        let settings = launcher::settings(call.program.as_deref())?;
        let (method, patience, oom) = (call.method, call.patience, OomWatch::begin());
        let (solo, freight) = call.packed()?;
        let child = if method == StartMethod::Spawn {
            alone::start(&settings, solo, &freight, patience)?
        } else {
            launcher::fork(&settings, solo, freight, patience)?
        };
        let sentinel = child.as_fd().try_clone_to_owned().map_err(Error::system("keep a pidfd"))?;
        Ok(Self { child, sentinel: Arc::new(sentinel), oom })
    }

    fn try_wait(&mut self) -> Result<Option<Exit>, Error> {
        let exit = self.child.try_wait().map_err(Error::system("reap a process"))?;
        Ok(exit.map(|exit| self.oom.named(translated(exit))))
    }

    fn stop(&mut self) -> Result<(), Error> {
        // That it is gone already is as well.
        let _ = self.child.signal(Signal::Term);
        self.child.wait_timeout(GRACE).map(drop).map_err(Error::system("wait for a process"))
    }
}

/// The end of something, waited for while others look at it too.
pub(super) enum End {
    Process(Arc<OwnedFd>),
    Thread(Arc<thread::End>),
}

impl End {
    pub(super) fn wait(&self, timeout: Option<Duration>) -> Result<(), Error> {
        match self {
            Self::Process(sentinel) => {
                wait_readable([sentinel.as_fd()], timeout).map(drop).map_err(Error::system("wait for a process"))
            }
            Self::Thread(end) => end.wait(timeout),
        }
    }
}
