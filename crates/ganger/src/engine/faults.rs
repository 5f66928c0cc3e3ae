//! The fault plan of a pool: which faults are still to strike, and with which task or worker each goes out.
//!
//! ```text
//!   accepted ─► numbered        send ─► of that number, slot and attempt? ─► Arm, ahead of the task
//!   a worker starts ─► its seat: those that no task says the time of
//! ```
//!
//! A fault that went out is spent, unless its task comes back as it was sent.

use std::collections::HashMap;

use ganger_proto::TaskId;
use ganger_proto::codec;
use ganger_proto::fault::{ALWAYS, Fault, Point};

use crate::engine::core::Core;
use crate::engine::member::Member;
use crate::engine::table::Entry;

/// See the module.
pub(crate) struct Faults {
    /// Their `times` are those that are left.
    plan: Vec<Fault>,
    accepted: u64,
    /// Which tasks these are, as a plan counts them: all without an outcome.
    numbers: HashMap<TaskId, u64>,
    /// The places in the plan of what went out with a task.
    out: HashMap<TaskId, Vec<usize>>,
}

impl Faults {
    /// None: there is nothing to strike.
    pub(crate) fn of(plan: &[Fault]) -> Option<Box<Self>> {
        let new = || Self { plan: plan.to_vec(), accepted: 0, numbers: HashMap::new(), out: HashMap::new() };
        (!plan.is_empty()).then(|| Box::new(new()))
    }

    pub(crate) fn accepted(&mut self, task: TaskId) {
        self.accepted += 1;
        self.numbers.insert(task, self.accepted);
    }

    pub(crate) fn settled(&mut self, task: TaskId) {
        self.numbers.remove(&task);
        self.out.remove(&task);
    }

    /// What a new worker is told: it may be out of reach where it is to strike, or never get a task.
    pub(crate) fn of_seat(&mut self, slot: u32) -> Vec<Fault> {
        let due = self.due(|fault| goes_by_seat(fault) && fault.worker.is_none_or(|of| of == slot));
        due.iter().map(|at| self.spend(*at)).collect()
    }

    /// Tells a worker of what shall strike in an attempt that it is about to be handed.
    pub(crate) fn arm(&mut self, member: &mut Member, task: TaskId, attempt: u32) {
        let (slot, number) = (member.slot, self.numbers.get(&task).copied());
        let due = self.due(|fault| {
            !goes_by_seat(fault)
                && fault.worker.is_none_or(|of| of == slot)
                && fault.attempt.is_none_or(|of| of == attempt)
                && (fault.task.is_none() || fault.task == number)
        });
        for at in &due {
            let fault = self.spend(*at);
            member.may_hold |= fault.point == Point::Written;
            let encoded = codec::encode(&fault, u64::MAX).expect("numbers and names can always be encoded");
            member.arm(task, attempt, encoded);
        }
        if !due.is_empty() {
            self.out.insert(task, due);
        }
    }

    fn due(&self, is_meant: impl Fn(&Fault) -> bool) -> Vec<usize> {
        (0..self.plan.len()).filter(|at| self.plan[*at].times > 0 && is_meant(&self.plan[*at])).collect()
    }

    fn spend(&mut self, at: usize) -> Fault {
        let fault = &mut self.plan[at];
        let spent = Fault { pool: None, ..fault.clone() };
        if fault.times != ALWAYS {
            fault.times -= 1;
        }
        spent
    }

    /// The task was taken back: what went out with it is taken back as well.
    pub(crate) fn disarm(&self, member: &mut Member, task: TaskId) {
        if self.out.contains_key(&task) {
            member.arm(task, 0, Vec::new());
        }
    }

    /// The task was not begun: what went out with it has not struck.
    fn give_back(&mut self, task: TaskId) {
        for at in self.out.remove(&task).unwrap_or_default() {
            if self.plan[at].times != ALWAYS {
                self.plan[at].times += 1;
            }
        }
    }
}

/// Whether a worker must know of it from its start.
fn goes_by_seat(fault: &Fault) -> bool {
    !fault.point.has_task() || (fault.task.is_none() && matches!(fault.point, Point::Idle | Point::Retire))
}

impl Core {
    /// A task comes back as it was sent.
    pub(crate) fn was_not_begun(&mut self, task: TaskId) {
        self.tasks.get_mut(task).into_iter().for_each(Entry::was_not_begun);
        if let Some(faults) = &mut self.faults {
            faults.give_back(task);
        }
    }
}
