//! What a command leaves behind whose worker was killed.
//!
//! A worker takes its command's whole tree with it, unless it is itself killed. Then the kernel kills the command; the
//! rest of the command's process group is killed here, by the worker's last word; and what had left the group comes to
//! this process, if it is a subreaper, and is swept up.

use ganger_shm::link::StatePage;
use ganger_sys::{setup, sweep};
use std::time::Duration;

use crate::engine::settings::Settings;
use crate::engine::zygote::Zygote;
use crate::error::Error;

/// How long what was killed may take to die, while nothing else is looked after. What takes longer is reaped next time.
const PATIENCE: Duration = Duration::from_millis(100);

/// Kills the group of the command that a dead worker ran. Call it before the worker is reaped, and only for one that ran
/// commands: in others the word may be anything, as functions share their memory with it.
pub(super) fn kill_group(state: &StatePage) {
    if let Some(group) = state.group() {
        // It may have ended by itself. Another user's cannot be killed by us.
        let _ = sweep::kill_group(group);
    }
}

/// The orphans of a pool that was told to reap them.
pub(super) struct Orphans {
    due: bool,
}

impl Orphans {
    /// None: orphans are none of this pool's business.
    pub(super) fn new(settings: &Settings) -> Result<Option<Self>, Error> {
        if !settings.reap_orphans {
            return Ok(None);
        }
        setup::become_subreaper().map_err(Error::system("become a subreaper"))?;
        Ok(Some(Self { due: false }))
    }

    /// A worker has died: there may be some.
    pub(super) fn expect(&mut self) {
        self.due = true;
    }

    /// Kills and reaps those that there are. Not while a worker is being forked: it could not be told from an orphan.
    pub(super) fn sweep(&mut self, zygote: Option<&Zygote>, workers: impl FnOnce() -> Vec<u32>) {
        if !self.due || zygote.is_some_and(Zygote::is_forking) {
            return;
        }
        let own = workers();
        let spare = |pid| own.contains(&pid) || zygote.is_some_and(|zygote| zygote.child.pid() == pid);
        match sweep::sweep(|child| spare(child.pid), PATIENCE) {
            Ok(_) => self.due = false,
            Err(error) => log::warn!("failed to sweep up after a worker: {error}"),
        }
    }
}
