//! Threads for user code: as many as there are calls at a time, so that none waits for another. One that has nothing to do
//! stays for the next.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::engine::lock;

/// How long a thread waits for something to do before it ends.
const IDLE: Duration = Duration::from_secs(10);

type Work = Box<dyn FnOnce() + Send>;

/// Threads that have nothing to do, and how they are told what to do.
type Idle = Vec<(ThreadId, Sender<Work>)>;

#[derive(Clone, Default)]
pub(super) struct Runners {
    idle: Arc<Mutex<Idle>>,
}

impl Runners {
    /// Does it on one of the threads.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub(super) fn run(&self, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        let idle = lock(&self.idle).pop();
        if let Some((_, runner)) = idle {
            // It waits for this: it has seen that it is no longer among the idle ones, or will.
            let _ = runner.send(Box::new(work));
            return Ok(());
        }
        let (runners, work) = (self.clone(), Box::new(work));
        thread::Builder::new().name("ganger-methods".to_owned()).spawn(move || runners.serve(work)).map(drop)
    }

    fn serve(&self, first: Work) {
        let (hand, work) = mpsc::channel();
        let mut next = Some(first);
        while let Some(work_now) = next {
            work_now();
            lock(&self.idle).push((thread::current().id(), hand.clone()));
            next = work.recv_timeout(IDLE).ok().or_else(|| self.leave(&work));
        }
    }

    /// Ends the thread, unless it has been chosen just now: then its work is coming.
    fn leave(&self, work: &Receiver<Work>) -> Option<Work> {
        let (mut idle, me) = (lock(&self.idle), thread::current().id());
        let before = idle.len();
        idle.retain(|(thread, _)| *thread != me);
        let chosen = idle.len() == before;
        drop(idle);
        if chosen { work.recv().ok() } else { None }
    }
}
