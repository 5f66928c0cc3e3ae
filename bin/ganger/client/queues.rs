//! `ganger queues`.

use std::io::Write as _;

use super::service::Service;
use super::views::{self, Queue, safe};
use super::{AskError, Out, json};
use crate::flags::client::ServiceFlags;
use crate::look::plain;

pub(super) fn queues(flags: &ServiceFlags, out: &mut Out) -> Result<u8, AskError> {
    let found = Service::open(&flags.door)?.get("/v1/queues")?;
    if flags.json {
        return json(out, &found);
    }
    let queues: Vec<Queue> = views::read(&found)?;
    let rows: Vec<_> = std::iter::once(HEAD.map(str::to_owned).into()).chain(queues.iter().map(cells)).collect();
    out.write_all(plain::table(&rows, &[1, 2, 3]).as_bytes())?;
    Ok(0)
}

const HEAD: [&str; 5] = ["QUEUE", "SLOTS", "RUNNING", "WAITING", "STATE"];

fn cells(queue: &Queue) -> Vec<String> {
    let Queue { name, slots, running, waiting, paused } = queue;
    let state = if *paused { "paused" } else { "open" };
    vec![safe(name), slots.to_string(), running.to_string(), waiting.to_string(), state.to_owned()]
}
