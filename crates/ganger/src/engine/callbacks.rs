//! Callbacks run on a thread of their own, one after the other: one that blocks or panics holds up nobody else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::engine::lock;

type Callback = Box<dyn FnOnce() + Send>;

/// Started with the first callback, ended with the pool.
pub(crate) struct Callbacks {
    name: String,
    queue: Mutex<Option<Sender<Callback>>>,
}

impl Callbacks {
    /// `name`: of the thread.
    pub(crate) fn new(name: String) -> Self {
        Self { name, queue: Mutex::new(None) }
    }

    pub(crate) fn call(&self, callback: Callback) {
        let mut queue = lock(&self.queue);
        let sender = queue.get_or_insert_with(|| start(&self.name));
        // Fails only if the thread could not be started; that was told then.
        let _ = sender.send(callback);
    }

    /// Waits until those that were called before are done, but no longer than that.
    pub(crate) fn flush(&self, patience: Duration) {
        let Some(sender) = lock(&self.queue).clone() else { return };
        let (done, ended) = channel::<()>();
        let _ = sender.send(Box::new(move || drop(done)));
        // Done, or too late.
        let _ = ended.recv_timeout(patience);
    }
}

fn start(name: &str) -> Sender<Callback> {
    let (sender, callbacks) = channel();
    if let Err(error) = std::thread::Builder::new().name(name.to_owned()).spawn(move || run(&callbacks)) {
        log::error!("callbacks cannot run: failed to start their thread: {error}");
    }
    sender
}

fn run(callbacks: &Receiver<Callback>) {
    for callback in callbacks {
        if catch_unwind(AssertUnwindSafe(callback)).is_err() {
            log::error!("a callback panicked; the pool goes on");
        }
    }
}
