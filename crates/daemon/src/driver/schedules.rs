//! Jobs that are handed in by the clock: what was due is handed in, and due again, in one commit.
//!
//! What was missed while no service ran is handed in once. A job that cannot be handed in is told by its schedule, which goes
//! on.

use std::time::SystemTime;

use ganger_store::{Firing, Next, Order, Schedule};

use super::Driver;
use crate::api::{Problem, scheduled_job};
use crate::cron::Cron;

impl Driver {
    pub(super) fn fire_schedules(&mut self) {
        let now = SystemTime::now();
        match self.backlog.due(now) {
            Ok(due) => due.iter().for_each(|schedule| self.fire(schedule, now)),
            Err(error) => log::error!("{error}: no schedule can be read"),
        }
    }

    fn fire(&mut self, schedule: &Schedule, now: SystemTime) {
        let (next, job) = match Cron::parse(&schedule.cron, &schedule.zone) {
            Ok(cron) => (cron.next(now), scheduled_job(schedule, &self.queues(), self.tasks)),
            Err(why) => (None, Err(why)),
        };
        let order = |job| Order::Fire(Box::new(Firing { name: schedule.name.clone(), job, next: Next::At(next) }));
        let mut order_of_job = order(job);
        if let Some(full) = self.expect(&order_of_job) {
            order_of_job = order(Err(Problem::from(full).into_detail()));
        }
        self.turn.orders.push(order_of_job);
        self.replies.push(None);
    }
}
