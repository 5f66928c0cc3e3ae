//! The whole protocol between supervisor and worker: one enum per direction.
//!
//! Both travel through a ring in shared memory: a head of 32 bytes, written by hand so that it never changes with a
//! codec, and a body. The control plane ([`Setup`]) is serde data and travels once a program, before the first task.
//!
//! ```text
//!  0     1     2        4          8           16        20        24         32
//!  ├─────┼─────┼────────┼──────────┼───────────┼─────────┼─────────┼──────────┼── body …
//!  │kind │ sub │ zero   │ function │ task      │ attempt │ zero    │ took, ns │
//! ```

use std::time::Duration;

use crate::codec::CodecError;
use crate::ids::{SharedId, TaskId};
use crate::spec::Function;

pub use crate::control::{Hello, Seat, Setup};

/// The version of everything in this file, and of what it takes from the control plane. Raise it with every change.
pub const PROTOCOL: u32 = 10;

/// The length of a message's head, in bytes.
pub const HEAD: usize = 32;

/// What a worker can hear.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ToWorker<'a> {
    /// Call a function with one set of arguments.
    Call {
        /// Whose outcome it is.
        task: TaskId,
        /// Which try, from 1.
        attempt: u32,
        /// What to call.
        function: Function,
        /// The encoded arguments.
        args: &'a [u8],
    },
    /// Call a function with each of many items.
    Map {
        /// Whose outcome it is.
        task: TaskId,
        /// Which try, from 1.
        attempt: u32,
        /// What to call.
        function: Function,
        /// The encoded items.
        items: &'a [u8],
    },
    /// Run a program.
    Command {
        /// Whose outcome it is.
        task: TaskId,
        /// Which try, from 1.
        attempt: u32,
        /// The encoded [`spec::Command`](crate::spec::Command).
        command: &'a [u8],
    },
    /// Answer a line; of those that call by name, a [`NamedCall`](crate::spec::NamedCall).
    Line {
        /// Whose outcome it is.
        task: TaskId,
        /// Which try, from 1.
        attempt: u32,
        /// The encoded [`LineTask`](crate::spec::LineTask).
        line: &'a [u8],
    },
    /// Keep a value that later tasks name.
    Share {
        /// Its name.
        id: SharedId,
        /// The encoded value.
        value: &'a [u8],
    },
    /// The same for a descriptor, which is the next that comes over the lane.
    Descriptor {
        /// Its name.
        id: SharedId,
    },
    /// Forget such a value, or descriptor.
    Unshare {
        /// Its name.
        id: SharedId,
    },
    /// End, when all that came before is done.
    Retire,
    /// Strike in this attempt: the encoded [`Fault`](crate::fault::Fault) that a test has ordered. It comes before the task. If it is empty, the
    /// task was taken back, and what was to strike in it with it.
    Arm {
        /// In which task.
        task: TaskId,
        /// In which try.
        attempt: u32,
        /// The encoded fault.
        fault: &'a [u8],
    },
}

/// What a worker can say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FromWorker<'a> {
    /// The first message: the encoded [`Hello`].
    Hello {
        /// The encoded [`Hello`].
        hello: &'a [u8],
    },
    /// The initializer has run; tasks may come.
    Ready,
    /// The initializer failed, and the worker ends: why, as UTF-8.
    InitFailed {
        /// The error's text.
        error: &'a [u8],
    },
    /// A descriptor that the next outcome names, by its place among them: the next that comes over the lane.
    Descriptor,
    /// It could not get ready, though no initializer failed, and ends: the encoded
    /// [`StartError`](crate::outcome::StartError).
    StartFailed {
        /// The encoded error.
        error: &'a [u8],
    },
    /// Something for the supervisor's log: the encoded [`LogRecord`](crate::log_record::LogRecord).
    Log {
        /// The encoded record.
        record: &'a [u8],
    },
    /// A piece of a command's output.
    Output {
        /// Whose.
        task: TaskId,
        /// Which stream.
        stream: Stream,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// How far a task has come: the encoded [`Progress`](crate::worker::Progress).
    Progress {
        /// Which.
        task: TaskId,
        /// The encoded progress.
        progress: &'a [u8],
    },
    /// The program that this worker hosts was at fault, and the worker ends: the encoded
    /// [`Fault`](crate::outcome::Fault).
    Fault {
        /// The encoded fault.
        fault: &'a [u8],
    },
    /// Read nothing more of me before I am gone: of one that was told to end before what it says next is read
    /// ([`Point::Written`](crate::fault::Point::Written)).
    Hold,
    /// A task is done.
    Finished {
        /// Which.
        task: TaskId,
        /// Which try.
        attempt: u32,
        /// How.
        verdict: Verdict,
        /// How long it ran.
        took: Duration,
        /// By the verdict: the encoded result (of a line, the bytes to be printed), [`Failure`](crate::outcome::Failure) or [`Panic`](crate::outcome::Panic).
        body: &'a [u8],
    },
}

/// One of a command's two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How an attempt ended that its worker survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// With a result.
    Returned,
    /// With an error.
    Failed,
    /// With a panic.
    Panicked,
}

mod kind {
    pub(super) const CALL: u8 = 1;
    pub(super) const MAP: u8 = 2;
    pub(super) const COMMAND: u8 = 3;
    pub(super) const SHARE: u8 = 4;
    pub(super) const UNSHARE: u8 = 5;
    pub(super) const RETIRE: u8 = 6;
    pub(super) const DESCRIPTOR: u8 = 7;
    pub(super) const LINE: u8 = 8;
    pub(super) const ARM: u8 = 9;
    pub(super) const HELLO: u8 = 65;
    pub(super) const READY: u8 = 66;
    pub(super) const INIT_FAILED: u8 = 67;
    pub(super) const OUTPUT: u8 = 68;
    pub(super) const FINISHED: u8 = 69;
    pub(super) const RETURNED_DESCRIPTOR: u8 = 70;
    pub(super) const START_FAILED: u8 = 71;
    pub(super) const LOG: u8 = 72;
    pub(super) const PROGRESS: u8 = 73;
    pub(super) const FAULT: u8 = 74;
    pub(super) const HOLD: u8 = 75;
}

/// The fields of a head, before they are bytes.
#[derive(Default)]
struct Head {
    kind: u8,
    sub: u8,
    function: u32,
    id: u64,
    attempt: u32,
    took: u64,
}

impl Head {
    fn to_bytes(&self) -> [u8; HEAD] {
        let mut head = [0; HEAD];
        head[0] = self.kind;
        head[1] = self.sub;
        head[4..8].copy_from_slice(&self.function.to_le_bytes());
        head[8..16].copy_from_slice(&self.id.to_le_bytes());
        head[16..20].copy_from_slice(&self.attempt.to_le_bytes());
        head[24..32].copy_from_slice(&self.took.to_le_bytes());
        head
    }

    fn from_bytes(head: &[u8; HEAD]) -> Self {
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        Self { kind: head[0], sub: head[1], function: word(4), id: long(8), attempt: word(16), took: long(24) }
    }
}

impl<'a> ToWorker<'a> {
    /// The message as it goes into the ring: head and body.
    #[must_use]
    pub fn encode(&self) -> ([u8; HEAD], &'a [u8]) {
        let (head, body): (Head, &[u8]) = match *self {
            ToWorker::Call { task, attempt, function, args } => {
                (Head { kind: kind::CALL, function: function.0, id: task.to_bits(), attempt, ..Head::default() }, args)
            }
            ToWorker::Map { task, attempt, function, items } => {
                (Head { kind: kind::MAP, function: function.0, id: task.to_bits(), attempt, ..Head::default() }, items)
            }
            ToWorker::Command { task, attempt, command } => {
                (Head { kind: kind::COMMAND, id: task.to_bits(), attempt, ..Head::default() }, command)
            }
            ToWorker::Line { task, attempt, line } => {
                (Head { kind: kind::LINE, id: task.to_bits(), attempt, ..Head::default() }, line)
            }
            ToWorker::Share { id, value } => (Head { kind: kind::SHARE, id: id.to_bits(), ..Head::default() }, value),
            ToWorker::Descriptor { id } => (Head { kind: kind::DESCRIPTOR, id: id.to_bits(), ..Head::default() }, &[]),
            ToWorker::Unshare { id } => (Head { kind: kind::UNSHARE, id: id.to_bits(), ..Head::default() }, &[]),
            ToWorker::Retire => (Head { kind: kind::RETIRE, ..Head::default() }, &[]),
            ToWorker::Arm { task, attempt, fault } => {
                (Head { kind: kind::ARM, id: task.to_bits(), attempt, ..Head::default() }, fault)
            }
        };
        (head.to_bytes(), body)
    }

    /// The message that a head and a body make.
    ///
    /// # Errors
    /// When they make none.
    pub fn decode(head: &[u8; HEAD], body: &'a [u8]) -> Result<Self, CodecError> {
        let head = Head::from_bytes(head);
        let (task, attempt, function) = (TaskId::from_bits(head.id), head.attempt, Function(head.function));
        Ok(match head.kind {
            kind::CALL => ToWorker::Call { task, attempt, function, args: body },
            kind::MAP => ToWorker::Map { task, attempt, function, items: body },
            kind::COMMAND => ToWorker::Command { task, attempt, command: body },
            kind::LINE => ToWorker::Line { task, attempt, line: body },
            kind::SHARE => ToWorker::Share { id: SharedId::from_bits(head.id), value: body },
            kind::DESCRIPTOR => ToWorker::Descriptor { id: SharedId::from_bits(head.id) },
            kind::UNSHARE => ToWorker::Unshare { id: SharedId::from_bits(head.id) },
            kind::RETIRE => ToWorker::Retire,
            kind::ARM => ToWorker::Arm { task, attempt, fault: body },
            _ => return Err(CodecError::Malformed("unknown kind to a worker")),
        })
    }
}

impl<'a> FromWorker<'a> {
    /// The message as it goes into the ring: head and body.
    #[must_use]
    pub fn encode(&self) -> ([u8; HEAD], &'a [u8]) {
        let (head, body): (Head, &[u8]) = match *self {
            FromWorker::Hello { hello } => (Head { kind: kind::HELLO, ..Head::default() }, hello),
            FromWorker::Ready => (Head { kind: kind::READY, ..Head::default() }, &[]),
            FromWorker::InitFailed { error } => (Head { kind: kind::INIT_FAILED, ..Head::default() }, error),
            FromWorker::Descriptor => (Head { kind: kind::RETURNED_DESCRIPTOR, ..Head::default() }, &[]),
            FromWorker::StartFailed { error } => (Head { kind: kind::START_FAILED, ..Head::default() }, error),
            FromWorker::Log { record } => (Head { kind: kind::LOG, ..Head::default() }, record),
            FromWorker::Output { task, stream, bytes } => {
                (Head { kind: kind::OUTPUT, sub: stream as u8, id: task.to_bits(), ..Head::default() }, bytes)
            }
            FromWorker::Progress { task, progress } => {
                (Head { kind: kind::PROGRESS, id: task.to_bits(), ..Head::default() }, progress)
            }
            FromWorker::Hold => (Head { kind: kind::HOLD, ..Head::default() }, &[]),
            FromWorker::Fault { fault } => (Head { kind: kind::FAULT, ..Head::default() }, fault),
            FromWorker::Finished { task, attempt, verdict, took, body } => {
                let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
                let sub = verdict as u8;
                (Head { kind: kind::FINISHED, sub, id: task.to_bits(), attempt, took, ..Head::default() }, body)
            }
        };
        (head.to_bytes(), body)
    }

    /// The message that a head and a body make. They come from a process that may have gone wrong: nothing in them is
    /// believed.
    ///
    /// # Errors
    /// When they make none.
    pub fn decode(head: &[u8; HEAD], body: &'a [u8]) -> Result<Self, CodecError> {
        let head = Head::from_bytes(head);
        let task = TaskId::from_bits(head.id);
        Ok(match (head.kind, head.sub) {
            (kind::HELLO, _) => FromWorker::Hello { hello: body },
            (kind::READY, _) => FromWorker::Ready,
            (kind::INIT_FAILED, _) => FromWorker::InitFailed { error: body },
            (kind::RETURNED_DESCRIPTOR, _) => FromWorker::Descriptor,
            (kind::START_FAILED, _) => FromWorker::StartFailed { error: body },
            (kind::LOG, _) => FromWorker::Log { record: body },
            (kind::OUTPUT, 0) => FromWorker::Output { task, stream: Stream::Stdout, bytes: body },
            (kind::OUTPUT, 1) => FromWorker::Output { task, stream: Stream::Stderr, bytes: body },
            (kind::PROGRESS, _) => FromWorker::Progress { task, progress: body },
            (kind::FAULT, _) => FromWorker::Fault { fault: body },
            (kind::HOLD, _) => FromWorker::Hold,
            (kind::FINISHED, sub) => {
                let verdict = match sub {
                    0 => Verdict::Returned,
                    1 => Verdict::Failed,
                    2 => Verdict::Panicked,
                    _ => return Err(CodecError::Malformed("unknown verdict")),
                };
                let took = Duration::from_nanos(head.took);
                FromWorker::Finished { task, attempt: head.attempt, verdict, took, body }
            }
            _ => return Err(CodecError::Malformed("unknown kind from a worker")),
        })
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
