//! `echo`: 1 MiB there and back; and what larger payloads take, in messages and in shared memory.

use std::collections::VecDeque;
use std::error::Error;

use ganger::state::SharedBytes;
use ganger::{Bytes, Pool};

use crate::figure::Figure;
use crate::{Measured, gang, tasks, timing};

const MIB: usize = 1 << 20;
const PAYLOAD: usize = MIB;
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
    [1, 4, 16, 64].into_iter().try_for_each(|size| one_by_one(&pool, size * MIB))
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

/// One payload at a time: through the ring, through shared memory that is made for each, and through the same again and
/// again.
fn one_by_one(pool: &Pool, size: usize) -> Measured {
    let tell = |system: &str, each: &mut dyn FnMut() -> Measured| {
        let rate = best(size, each)?;
        Ok::<_, Box<dyn Error>>(Figure::new("echo", system, rate / 1e6, "MB/s").with("size", size).print()?)
    };
    let mut bytes = Bytes::from(vec![7; size]);
    tell("ganger Bytes", &mut || {
        bytes = pool.apply(tasks::echo, std::mem::take(&mut bytes))?;
        tasks::look_at(&bytes);
        Ok(())
    })?;
    tell("ganger SharedBytes, made for each", &mut || shared(pool, &SharedBytes::new(&bytes)?))?;
    let kept = SharedBytes::new(&bytes)?;
    tell("ganger SharedBytes, handed on", &mut || shared(pool, &kept))?;
    tell("ganger Bytes, one way", &mut || Ok(pool.apply(tasks::swallow, bytes.clone()).map(drop)?))?;
    tell("ganger SharedBytes, made for each, one way", &mut || {
        Ok(pool.apply(tasks::swallow_shared, SharedBytes::new(&bytes)?).map(drop)?)
    })
}

fn shared(pool: &Pool, bytes: &SharedBytes) -> Measured {
    tasks::look_at(&pool.apply(tasks::echo_shared, bytes.clone())?);
    Ok(())
}

/// Bytes a second of the best of some: neighbours make it slower, and never faster.
fn best(size: usize, each: &mut dyn FnMut() -> Measured) -> Result<f64, Box<dyn Error>> {
    let times = (256 * MIB / size).clamp(10, 100);
    let mut took = (0..times).map(|_| timing::seconds(&mut *each)).collect::<Result<Vec<_>, _>>()?;
    Ok(size as f64 / timing::quantile(&mut took, 0.0))
}
