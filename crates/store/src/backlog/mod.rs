//! What waits to be run: the service's half of a store.
//!
//! ```text
//!           accepted                    claimed, and that written,          over
//!  NewJob ────────────► waiting ──────► before it begins ──► running ──────────────► succeeded, failed, stopped
//!                          ▲                                    │
//!                          └──── tried again, or given back ◄───┘   (after a crash: by `open`)
//! ```
//!
//! There is no queue in memory: the first of `waiting`, in the order of its key, is the next one, and that costs the same
//! whatever waits behind it. Everything that happens in a moment is one [`Turn`], and is committed together or not at all.
//! So what is accepted, told and claimed shares a commit, and no two processes that died ever disagree with the file.
//!
//! [`Backlog::commit`] is all that writes. Another kind of database has to answer that one method: there a claim is
//! `FOR UPDATE SKIP LOCKED`, and `running` has a lease.

pub(crate) mod accept;
mod cancel;
mod claim;
mod counts;
mod settle;
mod turn;

pub use turn::{Accepted, Claim, Done, Ended, Fate, NewJob, Policy, Turn};

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use crate::error::StoreError;
use crate::lock::Lock;
use crate::record::Attempt;
use crate::store::Store;
use crate::words::{End, JobId, QueueId, State, Usage};
use counts::Counts;

/// How many statements are kept prepared: more than there are.
const STATEMENTS: usize = 64;

/// The writing half of a store that a service works off.
///
/// ```
/// use ganger_store::{Backlog, Durability, NewJob, Store, Turn};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let place = tempfile::tempdir()?;
/// let store = Store::open(&place.path().join("jobs.db"), Durability::Process)?;
/// let mut backlog = Backlog::open(store)?;
/// let queue = backlog.queue("default")?;
/// let job = NewJob { command: vec![b"gzip".to_vec()], tasks: vec![vec![b"a.log".to_vec()]], ..NewJob::to(queue) };
/// let done = backlog.commit(&Turn { accepted: vec![job], wanted: vec![(queue, 1)], ..Turn::default() })?;
/// assert_eq!(done.claimed[0].argv(), [&b"gzip"[..], b"a.log"]);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Backlog {
    // Before the lock, which must go last.
    connection: Connection,
    file: PathBuf,
    _lock: Lock,
    next: Next,
    /// Cancelled jobs of which tasks wait still.
    cancelling: BTreeSet<JobId>,
    interrupted: usize,
}

/// The ids that come next.
#[derive(Clone, Copy, Debug)]
struct Next {
    task: i64,
    attempt: i64,
}

/// A turn while it is written: nothing of it counts before the commit.
struct Writing<'a> {
    to: &'a Transaction<'a>,
    next: Next,
    counts: Counts,
    done: Done,
}

impl Backlog {
    /// Takes a store over. What ran when its last service was killed is tried again, or has failed, if that was its last
    /// attempt.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn open(store: Store) -> Result<Self, StoreError> {
        let (task, attempt) = store.next_ids()?;
        let Store { connection, file, lock } = store;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let next = Next { task: task.0, attempt: attempt.0 };
        let mut backlog = Self { connection, file, _lock: lock, next, cancelling: BTreeSet::new(), interrupted: 0 };
        backlog.cancelling = backlog.read(cancel::unfinished)?;
        let interrupted = backlog.read(claim::running)?;
        backlog.next.attempt =
            interrupted.iter().map(|claim| claim.attempt.0 + 1).max().unwrap_or(1).max(backlog.next.attempt);
        backlog.interrupted = interrupted.len();
        let ended = interrupted.into_iter().map(lost).collect();
        backlog.commit(&Turn { ended, ..Turn::default() })?;
        Ok(backlog)
    }

    /// How many tasks ran when the last service was killed.
    #[must_use]
    pub fn interrupted(&self) -> usize {
        self.interrupted
    }

    /// The queue of a name, which is made if there is none.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn queue(&mut self, name: &str) -> Result<QueueId, StoreError> {
        self.read(|connection| {
            let found = "SELECT id FROM queue WHERE name = ?";
            if let Some(id) = connection.query_row(found, [name], |row| row.get(0)).optional()? {
                return Ok(QueueId(id));
            }
            connection.execute("INSERT INTO queue (name) VALUES (?)", [name])?;
            Ok(QueueId(connection.last_insert_rowid()))
        })
    }

    /// How many tasks wait in a queue. Counts them.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn depth(&self, queue: QueueId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM waiting WHERE queue = ?";
        self.read(|connection| connection.query_row(sql, [queue.0], |row| row.get::<_, i64>(0))).map(i64::unsigned_abs)
    }

    /// The names of all queues in which a task waits.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn queues_in_use(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM queue q WHERE EXISTS (SELECT 1 FROM waiting w WHERE w.queue = q.id) ORDER BY name";
        self.read(|connection| connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect())
    }

    /// Whether a job is there, and nothing of it waits or runs. None: there is no such job of the service.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn is_over(&self, job: JobId) -> Result<Option<bool>, StoreError> {
        let sql = "SELECT waiting + running = 0 FROM served WHERE job = ?";
        self.read(|connection| connection.prepare_cached(sql)?.query_row([job.0], |row| row.get(0)).optional())
    }

    /// Writes a turn, and says what came of it; if that fails, nothing of it was done.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn commit(&mut self, turn: &Turn) -> Result<Done, StoreError> {
        let Self { connection, next, cancelling, .. } = self;
        let mut cancel = cancelling.clone();
        let mut write = || {
            let to = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut writing = Writing { to: &to, next: *next, counts: Counts::default(), done: Done::default() };
            writing.accept(&turn.accepted)?;
            writing.settle(turn)?;
            writing.cancel(&turn.cancelled, &mut cancel)?;
            writing.claim(&turn.wanted, if cancel.is_empty() { 0 } else { cancel::SOME as usize })?;
            writing.count()?;
            let Writing { next, done, .. } = writing;
            to.commit().map(|()| (next, done))
        };
        let (next, mut done) = write().map_err(StoreError::sqlite(&self.file))?;
        (self.next, done.more) = (next, !cancel.is_empty());
        self.cancelling = cancel;
        Ok(done)
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        read(&self.connection).map_err(StoreError::sqlite(&self.file))
    }
}

/// An attempt of which nobody told the end.
fn lost(claim: Claim) -> Ended {
    let why = "the service was killed while it ran".to_owned();
    let attempt = claim.attempt(SystemTime::now(), Usage::default(), End::Crashed(why));
    let fate = if claim.may_be_lost_again() { Fate::Again } else { Fate::Over(State::Failed) };
    Ended { claim, attempt, fate }
}

impl Claim {
    /// An attempt at it that is over now.
    #[must_use]
    pub fn attempt(&self, ended: SystemTime, used: Usage, end: End) -> Attempt {
        let Self { attempt: id, task, number, began, .. } = *self;
        Attempt { id, task, number, slot: 0, began, ended, used, printed: 0, end }
    }

    /// Whether another attempt may follow this one, if its worker, or the service, died under it.
    #[must_use]
    pub fn may_be_lost_again(&self) -> bool {
        self.number < self.policy.losses
    }

    /// Whether another attempt may follow this one, if it has failed.
    #[must_use]
    pub fn may_fail_again(&self) -> bool {
        self.number < self.policy.failures
    }

    /// The program with its arguments.
    #[must_use]
    pub fn argv(&self) -> Vec<&[u8]> {
        self.command.iter().chain(&self.args).map(Vec::as_slice).collect()
    }
}
