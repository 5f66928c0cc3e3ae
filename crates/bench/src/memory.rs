//! `memory`: what a pool takes while it idles.

use std::error::Error;
use std::fs;

use crate::figure::Figure;
use crate::{Measured, gang};

pub(crate) fn measure() -> Measured {
    for workers in [8, 64, 128] {
        // Answered twice, as the peers' workers have: pages that only working touches count.
        let pool = gang::ready(gang::builder(workers))?;
        gang::each_answered(&pool)?;
        let mib = family(std::process::id())? as f64 / f64::from(1 << 20);
        Figure::new("memory", "ganger zygote", mib, "MiB PSS").with("workers", workers).print()?;
    }
    Ok(())
}

/// The proportional share of a process and all below it, the zygote among them, in bytes.
fn family(pid: u32) -> Result<u64, Box<dyn Error>> {
    let own = ganger_sys::memory::proportional(pid)?;
    children(pid)?.into_iter().try_fold(own, |sum, child| Ok(sum + family(child)?))
}

/// Each thread has children of its own.
fn children(pid: u32) -> Result<Vec<u32>, Box<dyn Error>> {
    let mut children = Vec::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let listed = fs::read_to_string(thread?.path().join("children"))?;
        children.extend(listed.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    Ok(children)
}
