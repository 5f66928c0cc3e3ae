//! Workers that do nothing until they are let go: what is submitted meanwhile waits.

use std::error::Error;
use std::io::Read;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use ganger::{Future, Pool};

/// Every worker of a pool, held inside a task.
pub(crate) struct Gate {
    held: Vec<Future<Result<(), String>>>,
    streams: Vec<UnixStream>,
}

impl Gate {
    /// Holds all workers; returns when each is held.
    pub(crate) fn close(pool: &Pool) -> Result<Self, Box<dyn Error>> {
        let path = std::env::temp_dir().join(format!("ganger-bench-gate-{}", std::process::id()));
        let listener = UnixListener::bind(&path)?;
        let held = (0..pool.workers()).map(|_| pool.submit(hold, path.clone())).collect::<Result<Vec<_>, _>>()?;
        let streams = held.iter().map(|_| Ok(listener.accept()?.0)).collect::<std::io::Result<Vec<_>>>();
        std::fs::remove_file(&path)?;
        Ok(Self { held, streams: streams? })
    }

    /// Lets them go; returns when they go, so that waking them is not counted as work.
    pub(crate) fn open(self) -> Result<(), Box<dyn Error>> {
        drop(self.streams);
        for future in self.held {
            future.result()??;
        }
        Ok(())
    }
}

/// Until the other side is closed.
#[ganger::task]
fn hold(path: PathBuf) -> Result<(), String> {
    let wait = || UnixStream::connect(&path)?.read(&mut [0]);
    wait().map(drop).map_err(|e| format!("{}: {e}", path.display()))
}
