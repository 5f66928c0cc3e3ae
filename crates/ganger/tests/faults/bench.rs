//! What the tests stand on: a pool that is to suffer, tasks that keep a diary, and waiting with a deadline.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ganger::testing::{Fault, eventually};
use ganger::{Backoff, Future, Pool, PoolBuilder, Restart, StartMethod, TaskError};
use tempfile::TempDir;

/// How long anything may take on a busy machine before it counts as a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Those whose workers can die.
pub(crate) const PROCESSES: [StartMethod; 2] = [StartMethod::Zygote, StartMethod::Spawn];

/// Writes down that it runs, and gives the square.
#[ganger::task]
pub(crate) fn noted(diary: String, n: u64) -> u64 {
    let mut file = OpenOptions::new().create(true).append(true).open(Path::new(&diary).join(n.to_string())).unwrap();
    file.write_all(b".").unwrap();
    n * n
}

#[ganger::task]
pub(crate) fn square(n: u64) -> u64 {
    n * n
}

/// Which tasks have run how often.
pub(crate) struct Diary(TempDir);

impl Diary {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn submit(&self, pool: &Pool, n: u64) -> Future<u64> {
        pool.submit(noted, (self.0.path().to_str().unwrap().to_owned(), n)).unwrap()
    }

    /// How often this task has run.
    pub(crate) fn runs(&self, n: u64) -> u64 {
        fs::metadata(self.0.path().join(n.to_string())).map_or(0, |file| file.len())
    }
}

/// A pool of two whose dead are replaced at once.
pub(crate) fn builder(method: StartMethod, faults: impl IntoIterator<Item = Fault>) -> PoolBuilder {
    let restart = Restart { backoff: Backoff::NONE, ..Restart::default() };
    let pool = Pool::builder().name(&next_name()).workers(2).start_method(method).restart(restart).faults(faults);
    pool.stop_grace(Duration::from_millis(500)).reap_orphans(true)
}

/// No other process is called so.
fn next_name() -> String {
    static NAMED: AtomicU32 = AtomicU32::new(0);
    format!("{}n{}x", std::process::id(), NAMED.fetch_add(1, Ordering::Relaxed))
}

/// What became of a task, which must not take for ever.
#[track_caller]
pub(crate) fn outcome(what: &str, future: &Future<u64>) -> Result<u64, TaskError> {
    eventually(PATIENCE, || future.done()).unwrap_or_else(|overdue| panic!("{what}: {overdue}"));
    future.result()
}

/// Ends the pool, which must not take for ever either, and leaves nobody: no worker, and none that a worker has forked.
#[track_caller]
pub(crate) fn end(what: &str, pool: Pool) {
    let name = pool.name().to_owned();
    drop(pool);
    let gone = eventually(PATIENCE, || named(&name).is_empty());
    gone.unwrap_or_else(|overdue| panic!("{what}: {:?} are left: {overdue}", named(&name)));
}

/// The processes of this pool; what a worker has forked is called as it is.
fn named(pool: &str) -> Vec<String> {
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("cmdline")).ok());
    processes.filter(|title| title.starts_with("ganger: ") && title.contains(&format!(" {pool}"))).collect()
}
