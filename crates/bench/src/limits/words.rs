//! Two words of shared memory, each written by one process and watched by the other: nothing is faster.
//!
//! The words are two of a link's state page that have cache lines of their own: the spin time there, the current task
//! back.

use std::hint::spin_loop;
use std::io::stdin;
use std::os::fd::AsFd;
use std::process::Stdio;
use std::time::{Duration, Instant};

use ganger_shm::link::{self, StatePage};

use crate::Measured;

pub(super) const NAME: &str = "words";
const CAPACITY: usize = 1 << 14;
/// The other end's last word.
const BYE: Duration = Duration::from_nanos(u64::MAX);
/// Nobody watches for so long in vain.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn measure() -> Measured {
    let (end, fd) = link::create("limits", CAPACITY)?;
    let mut other = super::start(NAME, Stdio::from(fd), Stdio::null())?;
    super::round_trips("spin ping-pong", |n| {
        let n = n as u64 + 1;
        end.state.set_spin(Duration::from_nanos(n));
        watch(&end.state, |state| state.current() == Some(n))
    })?;
    end.state.set_spin(BYE);
    other.wait()?;
    Ok(())
}

pub(super) fn other_end() -> Measured {
    let end = link::open(&stdin().as_fd().try_clone_to_owned()?)?;
    let mut last = Duration::ZERO;
    while last != BYE {
        watch(&end.state, |state| state.spin() != last)?;
        last = end.state.spin();
        end.state.begin(last.as_nanos() as u64);
    }
    Ok(())
}

fn watch(state: &StatePage, seen: impl Fn(&StatePage) -> bool) -> Measured {
    let begun = Instant::now();
    loop {
        for _ in 0..10_000 {
            if seen(state) {
                return Ok(());
            }
            spin_loop();
        }
        if begun.elapsed() > PATIENCE {
            return Err("the other process does not answer".into());
        }
    }
}
