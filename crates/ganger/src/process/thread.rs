//! A process that is a thread of this one.

use std::io::{self, PipeWriter};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use ganger_proto::codec::DEFAULT_PAYLOAD_LIMIT;
use ganger_proto::outcome::Exit;

use crate::engine::lock;
use crate::error::Error;
use crate::latch::Latch;
use crate::passing;
use crate::process::call::Call;
use crate::process::{current, ended_sentinel, wrong};
use crate::worker::{PANICKED, exit_code};

pub(super) struct Thread {
    end: Arc<End>,
    /// None once it was joined, and where it runs in the caller.
    handle: Option<JoinHandle<()>>,
}

/// What is known of its end.
pub(super) struct End {
    ended: Latch,
    code: AtomicI32,
    /// Who runs it.
    thread: OnceLock<ThreadId>,
    /// Closed at its end, so that the other ends become readable.
    watched: Mutex<Vec<PipeWriter>>,
}

impl Thread {
    /// The call, still to be made, and its future.
    pub(super) fn prepare(call: Call) -> (Self, impl FnOnce() + Send + use<>) {
        let (ended, code, thread, watched) =
            (Latch::default(), AtomicI32::new(PANICKED), OnceLock::new(), Mutex::default());
        let end = Arc::new(End { ended, code, thread, watched });
        let ending = Ending(Arc::clone(&end));
        (Self { end, handle: None }, move || ending.run(call))
    }

    pub(super) fn start(call: Call) -> Result<Self, Error> {
        let name = call.name.clone();
        let (thread, run) = Self::prepare(call);
        let handle = thread::Builder::new().name(name).spawn(run).map_err(Error::system("start a thread"))?;
        Ok(Self { handle: Some(handle), ..thread })
    }

    /// How it ended, if it has; then nothing of it runs any more.
    pub(super) fn exit(&mut self) -> Option<Exit> {
        if !self.has_ended() {
            return None;
        }
        if let Some(handle) = self.handle.take_if(|handle| handle.thread().id() != thread::current().id()) {
            // It catches all panics but those of what its own thread-locals do at their end.
            let _ = handle.join();
        }
        Some(Exit::Code(self.end.code.load(Ordering::Relaxed)))
    }

    pub(super) fn has_ended(&self) -> bool {
        self.end.ended.wait(Some(Duration::ZERO))
    }

    pub(super) fn end(&self) -> Arc<End> {
        Arc::clone(&self.end)
    }

    pub(super) fn sentinel(&self) -> io::Result<OwnedFd> {
        let mut watched = lock(&self.end.watched);
        if self.has_ended() {
            return ended_sentinel();
        }
        let (reader, writer) = io::pipe()?;
        watched.push(writer);
        Ok(reader.into())
    }
}

impl End {
    pub(super) fn wait(&self, timeout: Option<Duration>) -> Result<(), Error> {
        if self.thread.get() == Some(&thread::current().id()) && !self.ended.wait(Some(Duration::ZERO)) {
            return Err(wrong("join", "a thread that waits for its own end waits for ever"));
        }
        self.ended.wait(timeout);
        Ok(())
    }
}

/// Tells the end, however it comes.
struct Ending(Arc<End>);

impl Ending {
    fn run(self, call: Call) {
        // Nobody else has set it.
        let _ = self.0.thread.set(thread::current().id());
        let _scope = current::enter(&call.name, call.daemon);
        let Call { name, function, args, passed, .. } = call;
        let code = passing::receiving(passed, || exit_code(function, &name, &args, DEFAULT_PAYLOAD_LIMIT, None));
        self.0.code.store(code, Ordering::Relaxed);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        // Together: who looks sees it ended, or has its pipe closed.
        let mut watched = lock(&self.0.watched);
        self.0.ended.open();
        watched.clear();
    }
}
