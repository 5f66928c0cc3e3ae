//! A driver that is about to end: it refuses whatever is asked of it. For fuzz targets of what stands before it.

use std::sync::mpsc;
use std::thread;

use super::event::{AHEAD, Desk, Event, Refusal};
use super::news::News;

/// The desk of one, which is there as long as the desk is.
pub(crate) fn desk() -> Desk {
    let (events, asked) = mpsc::sync_channel(AHEAD);
    thread::spawn(move || asked.iter().for_each(refuse));
    Desk::new(events, News::new())
}

/// That nobody waits for the answer any more is no matter.
fn refuse(event: Event) {
    match event {
        Event::Ordered { reply, .. } => drop(reply.send(Err(Refusal::Stopping))),
        Event::Awaited { reply, .. } => drop(reply.send(())),
        Event::Asked { reply } => drop(reply.send(Vec::new())),
        Event::Surveyed { reply } => drop(reply),
        Event::Reloaded { reply, .. } => drop(reply.send(Err("the service is about to end".to_owned()))),
        Event::Reported { .. } | Event::Drained { .. } => {}
    }
}
