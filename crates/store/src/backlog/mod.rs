//! What waits to be run: the service's half of a store.
//!
//! ```text
//!          Order::Submit             claimed, and that written,            over
//!  NewJob ───────────────► waiting ──────► before it begins ──► running ────────────► succeeded, failed, stopped
//!                           ▲  ▲                                  │ │                        │
//!                           │  └─ due ── delayed ◄── tried later ─┘ │                        │
//!                           ├──── tried again, or given back ◄──────┘ (after a crash: by `open`)
//!                           └──── Order::Retry ◄─────────────────────────────────────────────┘
//! ```
//!
//! There is no queue in memory. Jobs stand in the line of their queue, and their tasks behind them: the first job's first
//! task that waits is the next one, and that costs the same whatever is behind it. Everything that happens in a moment is one
//! [`Turn`], and is committed together or not at all. So what is accepted, told and claimed shares a commit, and no two
//! processes that died ever disagree with the file.
//!
//! [`Backlog::commit`] is all that writes. Another kind of database has to answer that one method: there a claim is
//! `FOR UPDATE SKIP LOCKED`, and `running` has a lease.
//!
//! # What holds
//! - *A job with a task that waits, and that nothing holds, stands in line*: see [`mod@line`].
//! - *A task is in one state*, and in `running`, `delayed` just then.
//! - *What a job counts is what its tasks are*, at the end of each turn.

pub(crate) mod accept;
mod checkpoint;
mod chore;
pub(crate) mod claim;
mod counts;
mod line;
mod needs;
mod new_job;
mod order;
pub(crate) mod orders;
mod schedule;
mod settle;
mod timers;
mod turn;

pub use new_job::{Backoff, How, Needs, NewJob, Policy, Unique, Until};
pub use order::{Accepted, Answer, Firing, Missing, NewSchedule, Next, Order, Overlap};
pub use turn::{Cancelled, Change, Claim, Done, Ended, Fate, Turn};

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::error::StoreError;
use crate::lock::Lock;
use crate::moved;
use crate::record::Attempt;
use crate::served::Schedule;
use crate::store::{Store, time};
use crate::unsynced;
use crate::words::{End, JobId, QueueId, State, Usage};
use checkpoint::Checkpoints;
use counts::Counts;

/// How many statements are kept prepared: more than there are.
const STATEMENTS: usize = 128;

/// The writing half of a store that a service works off.
///
/// ```
/// use ganger_store::{Backlog, Durability, NewJob, Order, Store, Turn};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let place = tempfile::tempdir()?;
/// let store = Store::open(&place.path().join("jobs.db"), Durability::Process)?;
/// let mut backlog = Backlog::open(store)?;
/// let queue = backlog.queue("default")?;
/// let job = NewJob { command: vec![b"gzip".to_vec()], tasks: vec![vec![b"a.log".to_vec()]], ..NewJob::to(queue) };
/// let orders = vec![Order::Submit(Box::new(job))];
/// let done = backlog.commit(&Turn { orders, wanted: vec![(queue, 1)], ..Turn::default() })?;
/// assert_eq!(done.claimed[0].argv(), [&b"gzip"[..], b"a.log"]);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Backlog {
    // Before the connection, so that nobody moves pages when that is closed, and empties the log.
    checkpoints: Checkpoints,
    // Before the lock, which must go last.
    connection: Connection,
    file: PathBuf,
    lock: Lock,
    next: Ids,
    interrupted: usize,
}

/// The ids that come next.
#[derive(Clone, Copy, Debug)]
struct Ids {
    task: i64,
    attempt: i64,
}

/// How much waits in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Tasks that may begin, or could if nothing held their job.
    pub waiting: u64,
    /// Tasks that are tried again later.
    pub delayed: u64,
    /// Whether nothing of it begins.
    pub paused: bool,
}

/// A turn while it is written: nothing of it counts before the commit.
struct Writing<'a> {
    to: &'a Transaction<'a>,
    /// Microseconds since 1970.
    now: i64,
    next: Ids,
    counts: Counts,
    /// Jobs that are to be placed: see [`mod@line`].
    touched: BTreeSet<JobId>,
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
        let Store { mut connection, file, lock, heard } = store;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let next = Ids { task: task.0, attempt: attempt.0 };
        let checkpoints = Checkpoints::take_over(&mut connection, &file, heard)?;
        let mut backlog = Self { checkpoints, connection, file, lock, next, interrupted: 0 };
        backlog.take_over()?;
        Ok(backlog)
    }

    fn take_over(&mut self) -> Result<(), StoreError> {
        let interrupted = self.read(claim::running)?;
        let after = interrupted.iter().map(|claim| claim.attempt.0.saturating_add(1)).max();
        self.next.attempt = self.next.attempt.max(after.unwrap_or(1));
        self.interrupted = interrupted.len();
        let ended = interrupted.into_iter().map(lost).collect();
        let needed = self.read(needs::lost)?;
        let turn = Turn { ended, ..Turn::default() };
        self.write(turn.now, |writing| {
            needed.iter().try_for_each(|job| writing.tell_dependents(*job))?;
            writing.turn(&turn)
        })?;
        Ok(())
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

    /// How long the jobs of a queue are remembered that are over and do not say so themselves; none: always.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn remember(&mut self, queue: QueueId, keep: Option<Duration>) -> Result<(), StoreError> {
        let values = params![keep.map(micros), queue.0];
        self.read(|connection| connection.execute("UPDATE queue SET keep = ? WHERE id = ?", values).map(drop))
    }

    /// How much waits in a queue. Looks at each job of it that is not over.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn depth(&self, queue: QueueId) -> Result<Depth, StoreError> {
        let sql =
            "SELECT coalesce(sum(waiting), 0), coalesce(sum(delayed), 0), (SELECT paused FROM queue WHERE id = ?1)
            FROM served INDEXED BY served_alive WHERE ended IS NULL AND queue = ?1";
        let count = |row: &rusqlite::Row<'_>, at| row.get::<_, i64>(at).map(i64::unsigned_abs);
        let depth = |row: &rusqlite::Row<'_>| {
            Ok(Depth { waiting: count(row, 0)?, delayed: count(row, 1)?, paused: row.get(2)? })
        };
        self.read(|connection| connection.query_row(sql, [queue.0], depth))
    }

    /// The names of all queues in which a job is not over.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn queues_in_use(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM queue WHERE id IN (SELECT queue FROM served WHERE ended IS NULL) ORDER BY name";
        self.read(|connection| connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect())
    }

    /// Whether a job is there, and over. None: there is no such job of the service.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn is_over(&self, job: JobId) -> Result<Option<bool>, StoreError> {
        let sql = "SELECT ended IS NOT NULL FROM served WHERE job = ?";
        self.read(|connection| connection.prepare_cached(sql)?.query_row([job.0], |row| row.get(0)).optional())
    }

    /// The queue that a job is of. None: there is no such job of the service.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn queue_of(&self, job: JobId) -> Result<Option<QueueId>, StoreError> {
        let sql = "SELECT queue FROM served WHERE job = ?";
        self.read(|connection| {
            connection.prepare_cached(sql)?.query_row([job.0], |row| row.get(0).map(QueueId)).optional()
        })
    }

    /// The schedules that are due at a moment: for each, the next turn should have an [`Order::Fire`].
    ///
    /// # Errors
    /// Those of the disk.
    pub fn due(&self, now: SystemTime) -> Result<Vec<Schedule>, StoreError> {
        self.read(|connection| schedule::due(connection, now))
    }

    /// Whether the file still stands where it was opened. If not, it is left: nobody would find what is written to it.
    ///
    /// # Errors
    /// It was deleted or replaced.
    pub fn look_where_it_is(&self) -> Result<(), StoreError> {
        if self.lock.is_at(&self.file) { Ok(()) } else { Err(moved::leave(&self.connection, &self.file)) }
    }

    /// Writes a turn, and says what came of it; if that fails, nothing of it was done.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn commit(&mut self, turn: &Turn) -> Result<Done, StoreError> {
        self.write(turn.now, |writing| writing.turn(turn))
    }

    fn write(
        &mut self,
        now: Option<SystemTime>,
        work: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<()>,
    ) -> Result<Done, StoreError> {
        let Self { connection, next, .. } = self;
        let write = || {
            let to = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut writing = Writing {
                to: &to,
                now: time(now.unwrap_or_else(SystemTime::now)),
                next: *next,
                counts: Counts::default(),
                touched: BTreeSet::new(),
                done: Done::default(),
            };
            work(&mut writing)?;
            let Writing { next, done, .. } = writing;
            to.commit().map(|()| (next, done))
        };
        let (next, done) = write().map_err(|error| self.failed(error))?;
        self.next = next;
        self.checkpoints.after_commit(&self.connection).map_err(|error| self.failed(error))?;
        Ok(done)
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        read(&self.connection).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        unsynced::heed(&self.connection, StoreError::sqlite(&self.file)(error))
    }
}

impl Writing<'_> {
    fn turn(&mut self, turn: &Turn) -> rusqlite::Result<()> {
        self.carry_out(&turn.orders)?;
        self.settle(turn)?;
        let more = self.look_at_the_clock()?;
        self.do_chore()?;
        self.place_touched()?;
        self.claim(&turn.wanted)?;
        self.count()?;
        // Those that were waiting for a job that is over now.
        self.place_touched()?;
        self.done.more = more || self.has_any_chore()?;
        self.done.due = self.due()?;
        Ok(())
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
}

/// As the file says it.
fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
