//! What the supervisor keeps of each task until its outcome is told: enough for another attempt.

use std::sync::Arc;

use ganger_proto::spec::Function;
use ganger_proto::{SharedId, TaskId};
use smallvec::SmallVec;

use crate::command::ReportQueue;
use crate::options::TaskOptions;
use crate::remote::Call;
use crate::slot::SlotRef;

/// The encoded work of a task: short arguments without an allocation of their own.
pub(crate) struct Payload {
    pub(crate) work: Work,
    pub(crate) bytes: SmallVec<[u8; 16]>,
    /// Values that the arguments name, and that a worker must have before them.
    pub(crate) shared: Option<Box<[SharedId]>>,
}

impl Payload {
    /// As one who has another program make it is told.
    pub(crate) fn call(self, function: Function, options: &TaskOptions) -> Call {
        Call::new(function, matches!(self.work, Work::Map(_)), self.bytes.into_vec(), options)
    }
}

/// What the bytes of a payload are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Arguments.
    Call(Function),
    /// Items.
    Map(Function),
    /// A program.
    Command,
    /// A line of input.
    Line,
}

/// Who is told the outcome.
pub(crate) enum Sink {
    Future(SlotRef),
    Reports(Arc<ReportQueue>),
}

/// One accepted task.
pub(crate) struct Entry {
    pub(crate) payload: Payload,
    pub(crate) sink: Sink,
    /// The attempt that was sent last, from 1; 0 before.
    pub(crate) attempt: u32,
    /// The worker that had it last.
    pub(crate) worker: Option<u32>,
    /// The slot of that worker.
    pub(crate) slot: u32,
}

impl Entry {
    /// It comes back as it was sent, which was no attempt.
    pub(crate) fn was_not_begun(&mut self) {
        self.attempt = self.attempt.saturating_sub(1);
    }
}

/// All accepted tasks, by id.
#[derive(Default)]
pub(crate) struct Table {
    places: Vec<Place>,
    free: Vec<u32>,
}

struct Place {
    generation: u32,
    entry: Option<Entry>,
}

impl Table {
    pub(crate) fn insert(&mut self, payload: Payload, sink: Sink) -> TaskId {
        let entry = Some(Entry { payload, sink, attempt: 0, worker: None, slot: 0 });
        if let Some(index) = self.free.pop() {
            let place = &mut self.places[index as usize];
            place.entry = entry;
            return TaskId::new(index, place.generation);
        }
        let index = u32::try_from(self.places.len()).expect("fewer than four thousand million tasks at a time");
        self.places.push(Place { generation: 0, entry });
        TaskId::new(index, 0)
    }

    pub(crate) fn get(&self, task: TaskId) -> Option<&Entry> {
        let place = self.places.get(task.index())?;
        place.entry.as_ref().filter(|_| place.generation == task.generation())
    }

    pub(crate) fn get_mut(&mut self, task: TaskId) -> Option<&mut Entry> {
        let place = self.places.get_mut(task.index())?;
        place.entry.as_mut().filter(|_| place.generation == task.generation())
    }

    /// Forgets a task. Its place has another id from now on.
    pub(crate) fn remove(&mut self, task: TaskId) -> Option<Entry> {
        let place = self.places.get_mut(task.index()).filter(|place| place.generation == task.generation())?;
        let entry = place.entry.take()?;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(task.index() as u32);
        Some(entry)
    }

    /// All of them.
    pub(crate) fn ids(&self) -> Vec<TaskId> {
        let taken = self.places.iter().enumerate().filter(|(_, place)| place.entry.is_some());
        taken.map(|(index, place)| TaskId::new(index as u32, place.generation)).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}
