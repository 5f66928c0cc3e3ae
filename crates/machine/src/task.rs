//! A task's states, and the table of all accepted tasks.

use std::sync::Arc;

use ganger_proto::outcome::Exit;
use ganger_proto::policy::TaskPolicy;
use ganger_proto::{TaskId, WorkerId};

use crate::event::Moment;

/// Where a task is. The diagram is in the crate's docs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskState {
    /// It has an entry in the queue.
    Queued,
    /// It waits for its next attempt.
    Backoff { until: Moment },
    /// It was sent, and is in this worker's held list.
    Held { worker: WorkerId },
    /// … and was asked back; the answer is to come.
    TakingBack { worker: WorkerId, why: Recall },
    /// … and has begun, and its worker is to be killed for it.
    Doomed { worker: WorkerId, why: Doom },
}

impl TaskState {
    /// Whose held list it is in.
    pub(crate) fn worker(self) -> Option<WorkerId> {
        match self {
            Self::Held { worker } | Self::TakingBack { worker, .. } | Self::Doomed { worker, .. } => Some(worker),
            Self::Queued | Self::Backoff { .. } => None,
        }
    }

    /// Whether somebody wants it ended: then it is tried no more, whatever happens.
    pub(crate) fn is_cancelled(self) -> bool {
        match self {
            Self::TakingBack { why, .. } => why == Recall::ToCancel,
            Self::Doomed { why, .. } => why == Doom::Cancelled,
            Self::Queued | Self::Backoff { .. } | Self::Held { .. } => false,
        }
    }
}

/// Why a task is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recall {
    /// It was cancelled. If it is kept, its worker is killed for it.
    ToCancel,
    /// Another worker shall have it, or none. If it is kept, it runs.
    ToMove,
}

/// What a worker is killed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doom {
    /// The task was cancelled.
    Cancelled,
    /// The task ran for too long.
    TimedOut,
}

/// One accepted task that is not settled yet: 40 bytes, and 8 for its entry in the queue.
pub(crate) struct Task {
    generation: u32,
    /// Attempts that failed, panicked or ran out of time.
    pub(crate) failures: u32,
    pub(crate) policy: Arc<TaskPolicy>,
    /// Attempts that ended with their worker. Nearly all tasks have none.
    story: Option<Box<Story>>,
    pub(crate) state: TaskState,
}

const _: () = assert!(size_of::<Option<Task>>() == 40, "ten million of these wait in a queue");

#[derive(Default)]
struct Story {
    exits: Vec<Exit>,
}

impl Task {
    /// How the workers ended that died under it.
    pub(crate) fn exits(&self) -> &[Exit] {
        self.story.as_ref().map_or(&[], |story| &story.exits)
    }

    pub(crate) fn add_exit(&mut self, exit: Exit) {
        self.story.get_or_insert_default().exits.push(exit);
    }

    /// How many attempts were charged to it so far.
    pub(crate) fn charged(&self) -> u32 {
        self.failures + self.exits().len() as u32
    }
}

/// All accepted tasks, by the index of their id. A stale or unknown id finds nothing.
#[derive(Default)]
pub(crate) struct Tasks {
    slots: Vec<Option<Task>>,
    live: usize,
}

impl Tasks {
    /// How many are not settled.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// Accepts a task. False if its place is in use.
    pub(crate) fn insert(&mut self, id: TaskId, policy: Arc<TaskPolicy>) -> bool {
        let index = id.index();
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, || None);
        }
        let slot = &mut self.slots[index];
        if slot.is_some() {
            return false;
        }
        *slot = Some(Task { generation: id.generation(), failures: 0, policy, story: None, state: TaskState::Queued });
        self.live += 1;
        true
    }

    #[inline]
    pub(crate) fn get(&self, id: TaskId) -> Option<&Task> {
        self.slots.get(id.index())?.as_ref().filter(|task| task.generation == id.generation())
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        self.slots.get_mut(id.index())?.as_mut().filter(|task| task.generation == id.generation())
    }

    pub(crate) fn state(&self, id: TaskId) -> Option<TaskState> {
        self.get(id).map(|task| task.state)
    }

    pub(crate) fn set(&mut self, id: TaskId, state: TaskState) {
        if let Some(task) = self.get_mut(id) {
            task.state = state;
        }
    }

    /// Whether the id's entry in the queue stands for a task that waits.
    pub(crate) fn waits(&self, id: TaskId) -> bool {
        self.state(id) == Some(TaskState::Queued)
    }

    pub(crate) fn remove(&mut self, id: TaskId) -> Option<Task> {
        let slot = self.slots.get_mut(id.index())?;
        let task = slot.take_if(|task| task.generation == id.generation())?;
        self.live -= 1;
        Some(task)
    }

    /// Those that no worker holds.
    pub(crate) fn without_worker(&self) -> Vec<TaskId> {
        let ids = self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let task = slot.as_ref().filter(|task| task.state.worker().is_none())?;
            Some(TaskId::new(index as u32, task.generation))
        });
        ids.collect()
    }
}
