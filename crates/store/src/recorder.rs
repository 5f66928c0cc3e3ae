//! Writing what happens, on a thread of its own, in groups.
//!
//! ```text
//!  run's thread ── Record ──► parcel ── full, or flush() ──► bounded channel ──► Group ── full, or LINGER after the last ──► commit
//!        ▲                                                                         │ the disk refuses
//!        └────────── trouble() ◄───────────────────────────────────────────────────┘ kept, and tried again
//! ```
//!
//! Records travel in parcels, since waking the other thread costs more than writing a record.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, params};

use crate::error::{Kind, StoreError};
use crate::group::Group;
use crate::lock::Lock;
use crate::moved;
use crate::record::{Record, Run};
use crate::store::{Store, time};
use crate::unsynced::{self, Heard};
use crate::words::{AttemptId, RunEnd, RunId, TaskId};

/// How long it is from one group to the next, at least.
const LINGER: Duration = Duration::from_millis(10);
/// The weight of a full group, in bytes.
const FULL: usize = 512 << 10;
/// How many records make a parcel.
const PARCEL: usize = 256;
/// How many parcels may be on the way to the thread: then who sends them waits.
const AHEAD: usize = 16;
/// How long after a refusal the disk is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long both sides look in one direction.
const GLANCE: Duration = Duration::from_millis(50);

/// Takes what happens in one run, and commits it. While the disk refuses, what came is kept and tried again every second;
/// [`trouble`](Self::trouble) says so, and who begins tasks should wait.
#[derive(Debug)]
pub struct Recorder {
    parcels: Option<SyncSender<Vec<Record>>>,
    parcel: Vec<Record>,
    /// Whose records come at the moment.
    turn: RunId,
    writer: Option<JoinHandle<Result<(), StoreError>>>,
    state: Arc<State>,
    file: PathBuf,
    next_task: i64,
    next_attempt: i64,
}

impl Store {
    /// Records a run. Its end is noted by [`Recorder::finish`].
    ///
    /// # Errors
    /// Those of the disk, and when there is no thread left.
    pub fn record(self, run: &Run) -> Result<Recorder, StoreError> {
        self.record_all(&[run])
    }

    /// Records several runs at a time, which begin together. What comes first is of the first; see
    /// [`turn_to`](Recorder::turn_to).
    ///
    /// # Errors
    /// As for [`record`](Self::record); and when there is no run.
    pub fn record_all(self, runs: &[&Run]) -> Result<Recorder, StoreError> {
        let Some(first) = runs.first() else { return Err(StoreError::new(&self.file, Kind::NoRecorder)) };
        let (task, attempt) = self.next_ids()?;
        let (sender, parcels) = sync_channel(AHEAD);
        let state = Arc::new(State::new());
        let Self { connection, file, lock, heard } = self;
        let writer = Writer {
            connection,
            file: file.clone(),
            lock,
            heard,
            parcels,
            group: Group::new(first.job, first.id),
            runs: runs.iter().map(|run| run.id).collect(),
            state: Arc::clone(&state),
            committed: Instant::now(),
        };
        let thread = thread::Builder::new().name("ganger-store".to_owned());
        let writer = Some(thread.spawn(move || writer.work()).map_err(StoreError::io(&file))?);
        let (parcels, parcel, turn) = (Some(sender), Vec::new(), first.id);
        Ok(Recorder { parcels, parcel, turn, writer, state, file, next_task: task.0, next_attempt: attempt.0 })
    }
}

impl Recorder {
    /// An id for a task that the store does not know.
    pub fn fresh_task(&mut self) -> TaskId {
        self.next_task = self.next_task.saturating_add(1);
        TaskId(self.next_task - 1)
    }

    /// An id for an attempt.
    pub fn fresh_attempt(&mut self) -> AttemptId {
        self.next_attempt = self.next_attempt.saturating_add(1);
        AttemptId(self.next_attempt - 1)
    }

    /// What comes from now on is of this run, one of those that are recorded.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn turn_to(&mut self, run: &Run) -> Result<(), StoreError> {
        if run.id == self.turn {
            return Ok(());
        }
        self.turn = run.id;
        self.send(Record::Turn { run: run.id, job: run.job })
    }

    /// Hands a record in. It is on its way when many are, or after a [`flush`](Self::flush). Waits while thousands are.
    ///
    /// # Errors
    /// Why the recorder gave up, which it does when the store is damaged.
    pub fn send(&mut self, record: Record) -> Result<(), StoreError> {
        self.parcel.push(record);
        if self.parcel.len() < PARCEL { Ok(()) } else { self.flush() }
    }

    /// Sends what was handed in on its way: for who has nothing to do for a moment.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn flush(&mut self) -> Result<(), StoreError> {
        if self.parcel.is_empty() {
            return Ok(());
        }
        let parcel = std::mem::replace(&mut self.parcel, Vec::with_capacity(PARCEL));
        let sent = self.parcels.as_ref().is_some_and(|parcels| parcels.send(parcel).is_ok());
        if sent { Ok(()) } else { self.close() }
    }

    /// What the disk refuses at the moment.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.state.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Commits what is left, and notes how the run was over. While the disk refuses, `gives_up` is asked now and then, with
    /// what it says.
    ///
    /// # Errors
    /// When the disk refused until `gives_up` said yes: what was not committed is lost.
    pub fn finish(mut self, how: RunEnd, mut gives_up: impl FnMut(&str) -> bool) -> Result<(), StoreError> {
        *self.state.how.lock().unwrap_or_else(PoisonError::into_inner) = how;
        self.flush()?;
        self.parcels = None;
        while !self.state.done.load(Ordering::Acquire) {
            if self.trouble().is_some_and(|why| gives_up(&why)) {
                self.state.given_up.store(true, Ordering::Relaxed);
            }
            thread::park_timeout(GLANCE);
        }
        self.close()
    }

    /// Lets the writer end, and gives its verdict.
    fn close(&mut self) -> Result<(), StoreError> {
        self.parcels = None;
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) | None => Err(StoreError::new(&self.file, Kind::NoRecorder)),
        }
    }
}

/// What both threads know.
#[derive(Debug)]
struct State {
    /// What the disk refuses at the moment.
    trouble: Mutex<Option<String>>,
    /// Nobody waits for the disk any more.
    given_up: AtomicBool,
    /// How the run was over: told before the parcels end.
    how: Mutex<RunEnd>,
    /// The writer has ended, and woken the owner.
    done: AtomicBool,
    owner: Thread,
}

impl State {
    fn new() -> Self {
        Self {
            trouble: Mutex::default(),
            given_up: false.into(),
            how: Mutex::new(RunEnd::Error),
            done: false.into(),
            owner: thread::current(),
        }
    }
}

/// The thread's own.
struct Writer {
    // Before the lock, which must go last.
    connection: Connection,
    file: PathBuf,
    lock: Lock,
    heard: Heard,
    parcels: Receiver<Vec<Record>>,
    group: Group,
    runs: Vec<RunId>,
    state: Arc<State>,
    /// When the last group was.
    committed: Instant,
}

impl Writer {
    fn work(mut self) -> Result<(), StoreError> {
        let done = self.run();
        let state = Arc::clone(&self.state);
        // The connection and the lock are let go before anybody may take the store to be free.
        drop(self);
        state.done.store(true, Ordering::Release);
        state.owner.unpark();
        done
    }

    fn run(&mut self) -> Result<(), StoreError> {
        while let Ok(first) = self.parcels.recv() {
            self.add(first);
            self.gather();
            self.commit()?;
            self.committed = Instant::now();
        }
        self.look_where_we_are()?;
        self.end()
    }

    /// Adds what comes until the group is full, or the last commit is so long ago: what comes alone is committed at once.
    fn gather(&mut self) {
        let until = self.committed + LINGER;
        while self.group.weight < FULL {
            match self.parcels.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(parcel) => self.add(parcel),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn add(&mut self, parcel: Vec<Record>) {
        parcel.into_iter().for_each(|record| self.group.add(record));
    }

    /// Gives up when the file was deleted or replaced. Where it is only called otherwise, it has all that there is.
    fn look_where_we_are(&mut self) -> Result<(), StoreError> {
        if self.lock.is_at(&self.file) {
            return Ok(());
        }
        let _ = self.group.commit(&mut self.connection);
        Err(moved::leave(&self.connection, &self.file))
    }

    /// Commits the group. While the disk refuses it, it is tried again.
    fn commit(&mut self) -> Result<(), StoreError> {
        self.look_where_we_are()?;
        while !self.group.is_empty() {
            match self.group.commit(&mut self.connection).map_err(StoreError::sqlite(&self.file)) {
                Ok(()) => self.group.clear(),
                Err(error) if error.is_of_the_disk() && !self.state.given_up.load(Ordering::Relaxed) => {
                    self.tell(Some(error.to_string()));
                    self.hold_out();
                }
                Err(error) => return Err(unsynced::heed(&self.connection, error)),
            }
        }
        self.tell(None);
        let heard = self.heard.told().map_err(StoreError::sqlite(&self.file));
        heard.map_err(|error| unsynced::heed(&self.connection, error))
    }

    /// Takes what comes meanwhile, which is what runs already.
    fn hold_out(&mut self) {
        let until = Instant::now() + AGAIN;
        while !self.state.given_up.load(Ordering::Relaxed) && Instant::now() < until {
            match self.parcels.recv_timeout(GLANCE) {
                Ok(parcel) => self.add(parcel),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => thread::sleep(GLANCE),
            }
        }
    }

    fn tell(&self, trouble: Option<String>) {
        *self.state.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    fn end(&self) -> Result<(), StoreError> {
        let how = *self.state.how.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = time(SystemTime::now());
        for run in &self.runs {
            let has_failed = how == RunEnd::Complete && self.group.failed.contains(run);
            let how = if has_failed { RunEnd::Failed } else { how };
            let ended = params![ended, how.word(), run.0];
            let noted = self.connection.execute("UPDATE run SET ended = ?, how = ? WHERE id = ?", ended);
            noted.map_err(StoreError::sqlite(&self.file)).map_err(|error| unsynced::heed(&self.connection, error))?;
        }
        Ok(())
    }
}
