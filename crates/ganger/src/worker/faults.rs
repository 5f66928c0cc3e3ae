//! The deeds that a test has ordered, done where it has said.
//!
//! ```text
//!   Start ─► Hello ─► Init ─► Ready ─► Idle ⇄ Begin ─► Write ─► Written ─► … ─► Retire
//! ```
//!
//! A worker that was told of none looks at one word at each point.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use ganger_proto::TaskId;
use ganger_proto::codec;
use ganger_proto::fault::{Deed, Fault, Point};
use ganger_proto::message::{FromWorker, Verdict};
use ganger_proto::outcome::Panic;
use ganger_sys::{Signal, ruin};

use crate::worker::command::encoded;
use crate::worker::outlet::LOOK;
use crate::worker::panic;
use crate::worker::serve::Worker;
use crate::worker::solo::PANICKED;

/// What is to strike here.
#[derive(Default)]
pub(super) struct Armed {
    faults: Vec<(Option<Attempt>, Fault)>,
    /// What was begun last.
    last: Option<Attempt>,
    /// It reads nothing any more.
    deaf: bool,
}

/// One try at one task.
type Attempt = (TaskId, u32);

impl Armed {
    /// None: nothing, as ever.
    pub(super) fn of(faults: &[Fault]) -> Option<Box<Self>> {
        let mut armed = Box::<Self>::default();
        armed.faults = faults.iter().map(|fault| (None, fault.clone())).collect();
        (!faults.is_empty()).then_some(armed)
    }

    /// The next deed that is to be done here; it is done once.
    fn due(&mut self, point: Point) -> Option<Deed> {
        let is_due = |(attempt, fault): &(Option<Attempt>, Fault)| {
            fault.point == point && (attempt.is_none() || *attempt == self.last)
        };
        let at = self.faults.iter().position(is_due)?;
        Some(self.faults.remove(at).1.deed)
    }
}

impl Worker {
    /// The supervisor tells of a fault, or takes back what it told.
    pub(super) fn arm(&mut self, task: TaskId, attempt: u32, fault: &[u8]) {
        let faults = &mut self.armed.get_or_insert_default().faults;
        if fault.is_empty() {
            return faults.retain(|(of, _)| of.is_none_or(|(of, _)| of != task));
        }
        match codec::decode(fault, fault.len() as u64 + 1) {
            Ok(fault) => faults.push((Some((task, attempt)), fault)),
            Err(error) => log::error!("worker: {error}"),
        }
    }

    /// Does what was ordered here. A panic is the end of this process.
    pub(super) fn reach(&mut self, point: Point) {
        if self.try_reach(point).is_err() {
            ruin::exit(PANICKED);
        }
    }

    pub(super) fn reach_idle(&mut self) {
        self.reach(Point::Idle);
        self.stay_if_deaf();
    }

    /// The same where a panic is caught.
    pub(super) fn try_reach(&mut self, point: Point) -> Result<(), Panic> {
        if self.armed.is_none() {
            return Ok(());
        }
        let done = catch_unwind(AssertUnwindSafe(|| self.strike(point)));
        done.map_err(|payload| panic::describe(&*payload))
    }

    /// An attempt begins. Some: it panicked before its function was called; the panic is in `out`.
    pub(super) fn reach_begin(&mut self, task: TaskId, attempt: u32, out: &mut Vec<u8>) -> Option<Verdict> {
        self.armed.as_mut()?.last = Some((task, attempt));
        let panic = self.try_reach(Point::Begin).err()?;
        *out = encoded(&panic);
        Some(Verdict::Panicked)
    }

    fn due(&mut self, point: Point) -> Option<Deed> {
        self.armed.as_mut()?.due(point)
    }

    fn strike(&mut self, point: Point) {
        while let Some(deed) = self.due(point) {
            self.commit(deed, point);
        }
    }

    /// Tells an outcome where something may be about to strike.
    pub(super) fn finish_armed(&mut self, message: &FromWorker<'_>) {
        let outlet = Arc::clone(&self.outlet);
        match (self.due(Point::Write), self.due(Point::Written)) {
            (Some(deed), _) => {
                outlet.say_in_halves(message, || self.strike_with(deed, Point::Write));
                self.state.end();
            }
            (None, Some(deed)) if deed.ends() => {
                // What does not fit into one record must be read while it is written.
                if message.encode().1.len() <= outlet.largest {
                    outlet.say(&FromWorker::Hold);
                }
                outlet.say_then(message, || self.strike_with(deed, Point::Written));
            }
            (None, deed) => {
                outlet.say_then(message, || self.state.end());
                deed.into_iter().for_each(|deed| self.strike_with(deed, Point::Written));
            }
        }
    }

    fn strike_with(&mut self, deed: Deed, point: Point) {
        if catch_unwind(AssertUnwindSafe(|| self.commit(deed, point))).is_err() {
            ruin::exit(PANICKED);
        }
    }

    fn commit(&mut self, deed: Deed, point: Point) {
        match deed {
            Deed::Kill => ruin::die(Signal::Kill),
            Deed::Segv => ruin::die(Signal::Segv),
            Deed::Abort => ruin::die(Signal::Abrt),
            Deed::Exit(status) => ruin::exit(status.into()),
            Deed::Panic => panic!("a panic was ordered at {point}"),
            Deed::Stop => ruin::die(Signal::Stop),
            Deed::Stubborn => ruin::hang_stubbornly(),
            Deed::Garbage => self.outlet.lie(false),
            Deed::Oversized => self.outlet.lie(true),
            Deed::Close => ruin::close_and_hang(),
            Deed::OutOfMemory => ruin::run_out_of_memory(),
            Deed::NoDescriptors => ruin::allow_no_descriptors(),
            Deed::SlowReader => self.armed.get_or_insert_default().deaf = true,
            Deed::Grandchild => {
                if let Err(error) = ruin::leave_child() {
                    log::error!("worker: failed to leave a child behind, as was ordered: {error}");
                }
            }
        }
    }

    /// One that reads nothing more ends as others do: when told to by a signal, or when nobody is there.
    pub(super) fn stay_if_deaf(&mut self) {
        if self.armed.as_ref().is_none_or(|armed| !armed.deaf) {
            return;
        }
        while !self.is_told_to_end() && !self.is_alone() {
            thread::sleep(LOOK);
        }
    }
}
