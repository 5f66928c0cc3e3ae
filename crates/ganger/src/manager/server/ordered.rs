//! What a test has ordered to go wrong in the middle of calls.

use std::sync::Mutex;

use ganger_proto::fault::{Deed, Fault, Point};

use super::session::Session;
use crate::engine::lock;
use crate::testing::deeds::strike;

/// No reply begins so.
const GARBAGE: &[u8] = &[0xff; 40];

/// The plan, and how far it is.
pub(super) struct Ordered(Mutex<Vec<Order>>);

struct Order {
    fault: Fault,
    /// How many calls have come past its point.
    passed: u64,
}

impl Ordered {
    /// None: nothing was ordered, as ever.
    pub(super) fn of(plan: Vec<Fault>) -> Option<Self> {
        let orders = || plan.iter().map(|fault| Order { fault: fault.clone(), passed: 0 }).collect();
        (!plan.is_empty()).then(|| Self(Mutex::new(orders())))
    }

    /// A call of this client comes past.
    pub(super) fn reach(&self, point: Point, session: &Session) {
        let due: Vec<Deed> = lock(&self.0).iter_mut().filter_map(|order| order.due(point)).collect();
        for deed in due {
            match deed {
                Deed::Close => session.hang_up(),
                // Who cannot be sent it is gone.
                Deed::Garbage => drop(session.connection.send_bytes(GARBAGE)),
                Deed::Kill
                | Deed::Segv
                | Deed::Abort
                | Deed::Exit(_)
                | Deed::Panic
                | Deed::Stop
                | Deed::Stubborn
                | Deed::Oversized
                | Deed::OutOfMemory
                | Deed::NoDescriptors
                | Deed::SlowReader
                | Deed::Grandchild => strike(deed, point),
            }
        }
    }
}

impl Order {
    fn due(&mut self, point: Point) -> Option<Deed> {
        if self.fault.point != point {
            return None;
        }
        self.passed += 1;
        let first = self.fault.task.unwrap_or(1);
        let strikes = self.passed >= first && self.passed - first < self.fault.times.into();
        strikes.then_some(self.fault.deed)
    }
}
