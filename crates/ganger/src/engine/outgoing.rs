//! What waits for room on its way to a worker.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use ganger_proto::message::ToWorker;
use ganger_proto::{SharedId, TaskId};
use ganger_shm::Piece;

use crate::engine::table::{Entry, Work};

pub(super) enum Outgoing {
    Task {
        task: TaskId,
        attempt: u32,
        piece: Piece,
    },
    Share {
        id: SharedId,
        value: Arc<[u8]>,
        piece: Piece,
    },
    Descriptor {
        id: SharedId,
        /// None once it is in the lane.
        fd: Option<Arc<OwnedFd>>,
    },
    /// The rest of a message that was taken back in the middle.
    Abort,
    Unshare(SharedId),
    Retire,
    /// A fault that a test has ordered, before its task.
    Arm {
        task: TaskId,
        attempt: u32,
        fault: Vec<u8>,
    },
}

impl Outgoing {
    /// The task, if it is one, and how much of it is in the ring.
    pub(super) fn task(&self) -> Option<(TaskId, &Piece)> {
        if let Self::Task { task, piece, .. } = self { Some((*task, piece)) } else { None }
    }
}

/// A task as it is sent.
pub(super) fn message(task: TaskId, attempt: u32, entry: &Entry) -> ToWorker<'_> {
    let bytes = &entry.payload.bytes;
    match entry.payload.work {
        Work::Call(function) => ToWorker::Call { task, attempt, function, args: bytes },
        Work::Map(function) => ToWorker::Map { task, attempt, function, items: bytes },
        Work::Line => ToWorker::Line { task, attempt, line: bytes },
        Work::Command => ToWorker::Command { task, attempt, command: bytes },
    }
}
