//! Kills workers of a pool at any moment, in any way, as fast as the work lives through it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use ganger::Pool;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::chance::Chance;
use crate::ledger::Tally;

/// All that ends a process that has not asked to be asked.
const WAYS: [Signal; 6] =
    [Signal::SIGKILL, Signal::SIGSEGV, Signal::SIGABRT, Signal::SIGBUS, Signal::SIGILL, Signal::SIGTERM];

/// No longer is waited from one to the next.
const PAUSE: Duration = Duration::from_millis(5);

/// Runs `work` while workers of the pool are killed: the next one a moment after `progress` has come on, or nothing would ever be done.
pub(super) fn while_killing<R>(
    pool: &Pool,
    progress: impl Fn() -> u64 + Sync,
    mut chance: Chance,
    tally: &Tally,
    work: impl FnOnce() -> R,
) -> R {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut seen = 0;
            while !over.load(Relaxed) {
                chance.moment(PAUSE);
                let now = progress();
                if now != seen && kill_one(pool, &mut chance) {
                    tally.kills(1);
                    seen = now;
                }
            }
        });
        let _over = Over(&over);
        work()
    })
}

/// However `work` ends, the killing does.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// False: the chosen one has died already. A pid may be a stranger's by now; a child of ours is a worker.
fn kill_one(pool: &Pool, chance: &mut Chance) -> bool {
    let workers = pool.worker_pids();
    let Some(pid) = workers.get(chance.below(workers.len())).and_then(|pid| i32::try_from(*pid).ok()) else {
        return false;
    };
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let mut fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ');
    let lives = !matches!(fields.next(), Some("Z" | "X" | "") | None);
    let ours = fields.next().and_then(|parent| parent.parse().ok()) == Some(std::process::id());
    lives && ours && kill(Pid::from_raw(pid), chance.pick(&WAYS)).is_ok()
}
