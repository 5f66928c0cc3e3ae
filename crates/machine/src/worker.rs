//! A worker's stages, and the table of all workers that are not gone.

use std::collections::VecDeque;
use std::ops::{Index, IndexMut};

use ganger_proto::{TaskId, WorkerId};

use crate::event::Moment;

/// What a worker is doing. The diagram is in the crate's docs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Started; killed if it is not ready by `until`.
    Starting { until: Moment },
    /// It takes tasks, or works on its last ones.
    Ready { since: Moment },
    /// All that it holds behind `victim` is being taken back, before it is killed for `victim`.
    Isolating { since: Moment, victim: TaskId },
    /// Told to end; killed if it has not by `until`. It holds nothing.
    Retiring { until: Moment },
    /// TERM was sent; the ladder sees to the rest.
    Terminated,
    /// KILL was sent.
    Killed { why: Killing },
    /// It is no more: its place in the table is free.
    Gone,
}

/// Why we killed a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Killing {
    /// It was not ready in time: a failed start.
    SlowStart,
    /// For a task, or because it is not needed any more: no fault of the worker.
    OurWish,
}

/// One worker.
pub(crate) struct Worker {
    pub(crate) id: WorkerId,
    pub(crate) slot: u32,
    pub(crate) stage: Stage,
    /// What was sent to it and has not come back, in the order sent. The front is running, as far as we can tell.
    pub(crate) held: VecDeque<TaskId>,
    /// When the front began, as far as we can tell.
    pub(crate) began: Moment,
    /// Whether the front was asked to stop.
    pub(crate) asked: bool,
    /// How many tasks were ever sent to it. Never more than `quota`; equal to it, it is spent.
    pub(crate) sent: u32,
    pub(crate) quota: u32,
    /// Whether it ever finished a task.
    pub(crate) useful: bool,
    /// Whether its index is in the list of workers with spare room.
    pub(crate) in_spare: bool,
    /// The entry among the timers that is its own; it is not later than the deadline of its stage.
    pub(crate) armed: Option<Moment>,
    /// A task that must have ended, since the worker began one behind it, and when its end is overdue.
    pub(crate) passed: Option<(TaskId, Moment)>,
}

impl Worker {
    /// Whether it has been handed its last task.
    pub(crate) fn is_spent(&self) -> bool {
        self.sent >= self.quota
    }

    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready { .. })
    }

    pub(crate) fn is_starting(&self) -> bool {
        matches!(self.stage, Stage::Starting { .. })
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.stage == Stage::Gone
    }
}

/// All workers, by the index of their id. The place of one that is gone is used again, with the next generation.
#[derive(Default)]
pub(crate) struct Workers {
    places: Vec<Worker>,
    free: Vec<usize>,
}

impl Workers {
    /// How many are not gone.
    pub(crate) fn live(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(crate) fn find(&self, id: WorkerId) -> Option<usize> {
        self.places.get(id.index()).filter(|worker| worker.id == id && !worker.is_gone()).map(|_| id.index())
    }

    /// The places of all that are not gone.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> + use<> {
        let live: Vec<usize> = (0..self.places.len()).filter(|place| !self.places[*place].is_gone()).collect();
        live.into_iter()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Worker> {
        self.places.iter().filter(|worker| !worker.is_gone())
    }

    pub(crate) fn add(&mut self, slot: u32, quota: u32, until: Moment) -> usize {
        let place = self.free.pop().unwrap_or(self.places.len());
        match self.places.get_mut(place) {
            Some(old) => {
                let id = WorkerId::new(place as u32, old.id.generation().wrapping_add(1));
                let held = std::mem::take(&mut old.held);
                *old = Worker::new(id, slot, quota, until, held);
            }
            None => {
                let id = WorkerId::new(place as u32, 0);
                self.places.push(Worker::new(id, slot, quota, until, VecDeque::new()));
            }
        }
        place
    }

    pub(crate) fn remove(&mut self, place: usize) {
        self.places[place].stage = Stage::Gone;
        self.free.push(place);
    }
}

impl Worker {
    fn new(id: WorkerId, slot: u32, quota: u32, until: Moment, held: VecDeque<TaskId>) -> Self {
        Self {
            id,
            slot,
            stage: Stage::Starting { until },
            held,
            began: Moment::default(),
            asked: false,
            sent: 0,
            quota,
            useful: false,
            in_spare: false,
            armed: None,
            passed: None,
        }
    }
}

impl Index<usize> for Workers {
    type Output = Worker;

    fn index(&self, place: usize) -> &Worker {
        &self.places[place]
    }
}

impl IndexMut<usize> for Workers {
    fn index_mut(&mut self, place: usize) -> &mut Worker {
        &mut self.places[place]
    }
}
