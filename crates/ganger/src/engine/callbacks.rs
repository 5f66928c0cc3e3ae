//! Callbacks run on a thread of their own, one after the other: one that blocks or panics holds up nobody else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::engine::lock;

type Callback = Box<dyn FnOnce() + Send>;

/// Started with the first callback, ended with the pool.
pub(crate) struct Callbacks {
    name: String,
    queue: Mutex<Option<Sender<Callback>>>,
}

impl Callbacks {
    pub(crate) fn new(pool: &str) -> Self {
        Self { name: pool.to_owned(), queue: Mutex::new(None) }
    }

    pub(crate) fn call(&self, callback: Callback) {
        let mut queue = lock(&self.queue);
        let sender = queue.get_or_insert_with(|| start(&self.name));
        // Fails only if the thread could not be started; that was told then.
        let _ = sender.send(callback);
    }
}

fn start(pool: &str) -> Sender<Callback> {
    let (sender, callbacks) = channel();
    let name = format!("ganger-{pool}-callbacks");
    if let Err(error) = std::thread::Builder::new().name(name).spawn(move || run(&callbacks)) {
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
