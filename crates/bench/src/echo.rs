//! `echo`: 1 MiB there and back.

use std::collections::VecDeque;
use std::error::Error;

use ganger::{Bytes, Pool};

use crate::figure::Figure;
use crate::{Measured, gang, tasks, timing};

const PAYLOAD: usize = 1 << 20;
const TASKS: u64 = 300;
/// So many are on their way at a time: the peers hold the payload once however many are submitted, and copy it for the
/// few that are next.
const WINDOW: usize = 4;

pub(crate) fn measure() -> Measured {
    let pool = gang::ready(gang::builder(1))?;
    let payload = Bytes::from(vec![7; PAYLOAD]);
    let rate = timing::rate(TASKS * PAYLOAD as u64, || windowed(&pool, &payload))?;
    Figure::new("echo", "ganger zygote submit", rate / 1e6, "MB/s").with("window", WINDOW).print()?;
    let rate = timing::rate(TASKS * PAYLOAD as u64, || all_at_once(&pool, &payload))?;
    Figure::new("echo", "ganger zygote submit, all at once", rate / 1e6, "MB/s").print()?;
    Ok(())
}

/// What has come back goes out again: handing the same value over once more would cost a copy that no peer makes.
fn windowed(pool: &Pool, payload: &Bytes) -> Measured {
    let mut window = VecDeque::new();
    for _ in 0..TASKS {
        let next = if window.len() == WINDOW { collect(window.pop_front())? } else { payload.clone() };
        window.push_back(pool.submit(tasks::echo, next)?);
    }
    window.into_iter().try_for_each(|future| collect(Some(future)).map(drop))
}

fn all_at_once(pool: &Pool, payload: &Bytes) -> Measured {
    let futures = (0..TASKS).map(|_| pool.submit(tasks::echo, payload.clone())).collect::<Result<Vec<_>, _>>()?;
    futures.into_iter().try_for_each(|future| collect(Some(future)).map(drop))
}

fn collect(future: Option<ganger::Future<Bytes>>) -> Result<Bytes, Box<dyn Error>> {
    let payload = future.ok_or("an empty window")?.result()?;
    assert_eq!(payload.len(), PAYLOAD, "part of a payload");
    Ok(payload)
}
