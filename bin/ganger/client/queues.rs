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
    out.write_all(plain::table(&rows, &[1, 2, 3, 4, 5, 6]).as_bytes())?;
    Ok(0)
}

const HEAD: [&str; 8] = ["QUEUE", "SLOTS", "RUNNING", "WAITING", "DELAYED", "BLOCKED", "HELD", "STATE"];

fn cells(queue: &Queue) -> Vec<String> {
    let Queue { slots, running, waiting, delayed, blocked, held, .. } = queue;
    let numbers = [slots, running, waiting, delayed, blocked, held].map(u64::to_string);
    let state = if queue.paused { "paused" } else { "open" };
    std::iter::once(safe(&queue.name)).chain(numbers).chain([state.to_owned()]).collect()
}
