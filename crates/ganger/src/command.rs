//! Programs as tasks: what becomes of each is reported to a queue.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ganger_proto::TaskId;
use ganger_proto::codec;
use ganger_proto::message::{Stream, Verdict};
use ganger_proto::outcome::{CommandEnd, Failure, FailureKind, Outcome, Panic};
use ganger_proto::worker::Progress;
use ganger_sys::Bell;

use crate::engine::lock;
use crate::engine::member::Unread;
use crate::slot::{Ended, How};

/// What happens to a command.
///
/// ```
/// use ganger::{Command, Outcome, Pool, Report, Reports, TaskOptions, command_end};
///
/// # fn main() -> Result<(), ganger::Error> {
/// # ganger::init();
/// let (pool, reports) = (Pool::builder().workers(1).for_commands().build()?, Reports::new(1 << 20));
/// let argv = [&b"echo"[..], b"hello"].map(|word| word.to_vec().into()).into();
/// pool.run_command(Command { argv, ..Command::default() }, &TaskOptions::new(), &reports)?;
/// let mut printed = Vec::new();
/// while let Some(report) = reports.recv(None) {
///     match report {
///         Report::Output { bytes, .. } => printed.extend(bytes),
///         Report::Ended { outcome, .. } => {
///             assert!(matches!(outcome, Outcome::Returned(_)) && printed == b"hello\n");
///             break;
///         }
///         other => panic!("not of one that succeeds: {other:?}"),
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// It printed something.
    Output {
        /// Which.
        task: TaskId,
        /// Standard output or standard error.
        stream: Stream,
        /// What.
        bytes: Vec<u8>,
    },
    /// The attempt failed and another follows: its output so far is void.
    Again {
        /// Which.
        task: TaskId,
        /// In which slot it ran, from 1.
        slot: u32,
        /// How the attempt ended.
        outcome: Outcome,
    },
    /// It has told how far it is. Of lines that a program answers.
    Progress {
        /// Which.
        task: TaskId,
        /// How far.
        progress: Progress,
    },
    /// The program that a worker hosts was at fault, and another is started.
    Fault {
        /// The task that it had begun, if any.
        task: Option<TaskId>,
        /// What happened, with the program's name.
        why: String,
    },
    /// It has ended. Its last report.
    Ended {
        /// Which.
        task: TaskId,
        /// In which slot it ran last, from 1; 0 if it never ran.
        slot: u32,
        /// How often it was tried.
        attempts: u32,
        /// How long its worker took for it, if it succeeded and took no more than four seconds. A command tells more
        /// exactly: [`command_end`].
        took: Option<Duration>,
        /// How it ended.
        outcome: Outcome,
    },
    /// The pool was interrupted, and has acted on it.
    Interrupted {
        /// 1: what runs may finish; 2: it was asked to end; 3: it was killed; 4: it was killed at once, by SIGQUIT.
        step: u32,
    },
    /// Somebody asks by a signal how things are.
    Asked(Inquiry),
    /// The pool goes on with fewer workers than it was to have. Told once.
    Understaffed {
        /// How many it has.
        workers: u32,
        /// How many it was to have.
        wanted: u32,
        /// What there is too little of, and the remedy.
        why: String,
    },
}

/// What a signal asks for.
///
/// ```
/// use ganger::{Inquiry, Report};
///
/// assert_ne!(Report::Asked(Inquiry::Running), Report::Asked(Inquiry::Progress));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inquiry {
    /// SIGUSR1: what runs, and since when.
    Running,
    /// SIGUSR2: how far it all is.
    Progress,
}

/// The reading end of a queue of reports. When more than its limit of output is unread, the commands that print it are
/// held up, and no others.
///
/// ```
/// use ganger::Reports;
/// use std::time::Duration;
///
/// let reports = Reports::new(1 << 20);
/// assert!(reports.recv(Some(Duration::ZERO)).is_none(), "nobody has anything to report");
/// ```
#[derive(Clone)]
pub struct Reports {
    pub(crate) queue: Arc<ReportQueue>,
}

impl Reports {
    /// A queue that holds up to about `limit` bytes of output.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let queue = ReportQueue { inner: Mutex::default(), came: Condvar::new(), limit, room: Mutex::new(None) };
        Self { queue: Arc::new(queue) }
    }

    /// The next report. None: nothing came within `timeout` (`None`: for ever).
    #[must_use]
    pub fn recv(&self, timeout: Option<Duration>) -> Option<Report> {
        self.queue.recv(timeout)
    }

    /// Lets a [`recv`](Self::recv) that waits, or the next that would, come back at once, with nothing if there is
    /// nothing: for one who has something else to say to the thread that reads.
    ///
    /// ```
    /// let reports = ganger::Reports::new(1 << 20);
    /// reports.clone().wake();
    /// assert!(reports.recv(None).is_none());
    /// ```
    pub fn wake(&self) {
        self.queue.wake();
    }

    /// All reports that there are, in their order, at the end of `into`: for those who have many. It waits for the first as
    /// [`recv`](Self::recv) does.
    pub fn recv_all(&self, timeout: Option<Duration>, into: &mut VecDeque<Report>) {
        self.queue.recv_all(timeout, into);
    }
}

/// Both ends.
pub(crate) struct ReportQueue {
    inner: Mutex<Inner>,
    came: Condvar,
    limit: usize,
    /// The driver to ring when there is room again.
    room: Mutex<Option<Arc<Bell>>>,
}

#[derive(Default)]
struct Inner {
    reports: VecDeque<Report>,
    bytes: usize,
    interrupts: u32,
    sleeping: bool,
    /// Who would wait next shall not.
    woken: bool,
}

impl ReportQueue {
    /// Whom to ring when there is room again. True: nobody was known before.
    pub(crate) fn belongs_to(&self, driver: &Arc<Bell>) -> bool {
        lock(&self.room).replace(Arc::clone(driver)).is_none()
    }

    pub(crate) fn output(&self, task: TaskId, stream: Stream, bytes: &[u8]) {
        self.push(Report::Output { task, stream, bytes: bytes.to_vec() });
    }

    pub(crate) fn again(&self, task: TaskId, slot: u32, how: How) {
        self.push(Report::Again { task, slot, outcome: told(how) });
    }

    pub(crate) fn ended(&self, task: TaskId, slot: u32, attempts: u32, ended: Ended) {
        let took = match ended {
            Ended::Returned { took, .. } => Some(took).filter(|took| *took < u32::MAX),
            Ended::Other(_) => None,
        };
        let took = took.map(|nanoseconds| Duration::from_nanos(nanoseconds.into()));
        self.push(Report::Ended { task, slot, attempts, took, outcome: outcome(ended) });
    }

    /// Told once for each step, however many tasks report here.
    pub(crate) fn interrupted(&self, step: u32) {
        let new = step > std::mem::replace(&mut lock(&self.inner).interrupts, step);
        if new {
            self.push(Report::Interrupted { step });
        }
    }

    pub(crate) fn push(&self, report: Report) {
        let mut inner = lock(&self.inner);
        inner.bytes += weight(&report);
        inner.reports.push_back(report);
        if inner.sleeping {
            self.came.notify_one();
        }
    }

    fn wake(&self) {
        lock(&self.inner).woken = true;
        self.came.notify_one();
    }

    fn recv(&self, timeout: Option<Duration>) -> Option<Report> {
        let mut inner = self.wait(timeout);
        let report = inner.reports.pop_front()?;
        let bytes = weight(&report);
        self.took(inner, bytes);
        Some(report)
    }

    fn recv_all(&self, timeout: Option<Duration>, into: &mut VecDeque<Report>) {
        let mut inner = self.wait(timeout);
        match into.is_empty() {
            // The one goes to be filled, the other to be emptied.
            true => std::mem::swap(&mut inner.reports, into),
            false => into.append(&mut inner.reports),
        }
        let bytes = inner.bytes;
        self.took(inner, bytes);
    }

    /// Waits until there is a report, or the time is over.
    fn wait(&self, timeout: Option<Duration>) -> MutexGuard<'_, Inner> {
        let mut inner = lock(&self.inner);
        if !inner.reports.is_empty() {
            return inner;
        }
        let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
        while inner.reports.is_empty() {
            inner.sleeping = true;
            inner = match deadline.map(|d| d.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => break,
                _ if std::mem::take(&mut inner.woken) => break,
                None => self.came.wait(inner).unwrap_or_else(PoisonError::into_inner),
                Some(left) => self.came.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        inner.sleeping = false;
        inner
    }

    /// So much output has been taken: if there is room again, those who read the rings are rung.
    fn took(&self, mut inner: MutexGuard<'_, Inner>, bytes: usize) {
        let was_full = inner.bytes > self.limit;
        inner.bytes -= bytes;
        let has_room = inner.bytes <= self.limit;
        drop(inner);
        if was_full
            && has_room
            && let Some(driver) = &*lock(&self.room)
        {
            driver.ring();
        }
    }
}

impl Unread for ReportQueue {
    fn is_full(&self) -> bool {
        lock(&self.inner).bytes > self.limit
    }
}

fn weight(report: &Report) -> usize {
    match report {
        Report::Output { bytes, .. } => bytes.len(),
        Report::Progress { progress, .. } => 64 + progress.message.as_ref().map_or(0, String::len),
        Report::Again { .. }
        | Report::Fault { .. }
        | Report::Ended { .. }
        | Report::Interrupted { .. }
        | Report::Asked(_)
        | Report::Understaffed { .. } => 0,
    }
}

/// The outcome, decoded as far as every task's is.
fn outcome(ended: Ended) -> Outcome {
    let detail = match ended {
        Ended::Returned { body, .. } => return Outcome::Returned(body.into_vec()),
        Ended::Other(detail) => *detail,
    };
    told(detail.how)
}

fn told(how: How) -> Outcome {
    match how {
        How::Reported(Verdict::Returned, body) | How::ReturnedWith(body, _) => Outcome::Returned(body),
        How::Reported(Verdict::Failed, body) => Outcome::Failed(decoded(&body)),
        How::Reported(Verdict::Panicked, body) => match codec::decode::<Panic>(&body, body.len() as u64 + 1) {
            Ok(panic) => Outcome::Panicked(panic),
            Err(e) => Outcome::Failed(unreadable(&e)),
        },
        How::Crashed(exits) => Outcome::Crashed(exits),
        How::TimedOut(limit) => Outcome::TimedOut(limit),
        How::Cancelled => Outcome::Cancelled,
        How::NotStarted(why) => Outcome::NotStarted(why),
    }
}

pub(crate) fn decoded(body: &[u8]) -> Failure {
    codec::decode(body, body.len() as u64 + 1).unwrap_or_else(|e| unreadable(&e))
}

fn unreadable(error: &codec::CodecError) -> Failure {
    Failure { kind: FailureKind::Result, message: error.to_string(), value: None }
}

/// How the command of an outcome ended, if it ran to an end.
///
/// ```
/// use ganger::{Outcome, command_end};
///
/// assert!(command_end(&Outcome::Cancelled).is_none());
/// ```
#[must_use]
pub fn command_end(outcome: &Outcome) -> Option<CommandEnd> {
    let bytes: &[u8] = match outcome {
        Outcome::Returned(body) => body,
        Outcome::Failed(Failure { value: Some(value), .. }) => value,
        Outcome::Failed(_)
        | Outcome::Panicked(_)
        | Outcome::Crashed(_)
        | Outcome::TimedOut(_)
        | Outcome::Cancelled
        | Outcome::NotStarted(_) => return None,
    };
    codec::decode(bytes, bytes.len() as u64 + 1).ok()
}
