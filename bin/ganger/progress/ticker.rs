//! Looks at the gauge now and then, on a thread of its own: a run that waits for its commands is not woken for it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ganger_batch::Progress;

use super::{Face, Gauge, Pace, line};

/// Shows progress until it is dropped.
pub(crate) struct Ticker {
    /// Dropped first: then the thread ends.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// None: there is nothing to show it on.
    pub(crate) fn start(gauge: Arc<Gauge>, face: Face) -> Option<Self> {
        let interval = face.interval()?;
        let (stop, stopped) = channel();
        let watch = Watch { gauge, face, pace: Pace::default(), start: Instant::now() };
        // Without a thread for it there is no progress to be seen, and the run goes on.
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(move || watch.keep(interval, &stopped));
        Some(Self { stop: Some(stop), thread: thread.ok() })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop = None;
        // A panic there was told where it was.
        self.thread.take().into_iter().for_each(|thread| drop(thread.join()));
    }
}

struct Watch {
    gauge: Arc<Gauge>,
    face: Face,
    pace: Pace,
    start: Instant,
}

impl Watch {
    fn keep(mut self, interval: Duration, stopped: &Receiver<()>) {
        self.look(|_, _, _| {});
        while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            self.look(|face, progress, pace| face.show(progress, || line(progress, pace)));
        }
        self.look(|face, progress, pace| face.finish(progress, || line(progress, pace)));
    }

    fn look(&mut self, tell: impl FnOnce(&mut Face, &Progress, &Pace)) {
        let progress = self.gauge.read();
        self.pace.look(self.start.elapsed(), &progress);
        tell(&mut self.face, &progress, &self.pace);
    }
}
