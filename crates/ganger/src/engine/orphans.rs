//! What a command leaves behind whose worker was killed.
//!
//! A worker takes its command's whole tree with it, unless it is itself killed. Then the kernel kills the command; the
//! rest of the command's process group is killed here, by the worker's last word; and what had left the group comes to
//! this process, if it is a subreaper, and is swept up.
//!
//! To the first process of a container all orphans in it come, those of strangers too: who of them has ended is reaped.

use ganger_shm::link::StatePage;
use ganger_sys::{setup, sweep};
use std::time::{Duration, Instant};

use crate::engine::settings::Settings;
use crate::error::Error;

/// How long what was killed may take to die, while nothing else is looked after. What takes longer is reaped next time.
const PATIENCE: Duration = Duration::from_millis(100);

/// When to look again if somebody was expected.
const AGAIN: Duration = Duration::from_millis(20);

/// How often the first process of a container looks for strangers: nobody tells it of them.
const STRANGERS: Duration = Duration::from_secs(1);

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
    /// When to look for strangers; none: no such process comes to this one.
    strangers: Option<Instant>,
}

impl Orphans {
    /// None: orphans are none of this pool's business.
    pub(super) fn new(settings: &Settings) -> Result<Option<Self>, Error> {
        if !settings.reap_orphans {
            return Ok(None);
        }
        setup::become_subreaper().map_err(Error::system("become a subreaper"))?;
        let strangers = (std::process::id() == 1).then(Instant::now);
        Ok(Some(Self { due: false, strangers }))
    }

    /// A worker has died: there may be some.
    pub(super) fn expect(&mut self) {
        self.due = true;
    }

    /// Kills and reaps those that there are, of this pool or another: who is looked after by any is spared.
    pub(super) fn sweep(&mut self) {
        self.reap_strangers();
        if self.due {
            match sweep::sweep_orphans(PATIENCE) {
                Ok(done) => self.due = !done,
                Err(error) => log::warn!("failed to sweep up after a worker: {error}"),
            }
        }
    }

    fn reap_strangers(&mut self) {
        if self.strangers.is_some_and(|due| due <= Instant::now()) {
            self.strangers = Some(Instant::now() + STRANGERS);
            if let Err(error) = sweep::reap_dead_orphans() {
                log::warn!("failed to reap orphans: {error}");
            }
        }
    }

    /// When to sweep again, at the latest: whoever is expected elsewhere comes without waking this pool.
    pub(super) fn next(&self) -> Option<Instant> {
        let again = self.due.then(|| Instant::now() + AGAIN);
        [again, self.strangers].into_iter().flatten().min()
    }
}
