//! Jobs that are handed in by the clock: what was due is handed in, and due again, in one commit.
//!
//! What was missed while no service ran is handed in once. A job that cannot be handed in is told by its schedule, which goes
//! on.

use std::collections::HashMap;
use std::time::SystemTime;

use ganger_store::{Answer, Firing, Next, Order, Schedule};

use super::Driver;
use crate::api::{Problem, scheduled_job};
use crate::cron::Cron;

/// Why schedules have handed in nothing the last time: each reason is told once, and again when there was another.
#[derive(Debug, Default)]
pub(super) struct Skipped(HashMap<String, String>);

impl Skipped {
    /// Notes what came of a schedule's time, and gives the reason if that is news.
    pub(super) fn note<'a>(&mut self, name: &str, answer: &'a Answer) -> Option<&'a str> {
        let Answer::Conflict(why) = answer else {
            self.0.remove(name);
            return None;
        };
        let before = self.0.insert(name.to_owned(), why.clone());
        (before.as_ref() != Some(why)).then_some(why)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_reason_is_told_once() {
        let mut skipped = Skipped::default();
        let conflict = |why: &str| Answer::Conflict(why.to_owned());
        let told = ["job 1 is not over", "job 1 is not over", "job 2 is not over", "job 2 is not over"];
        let news = told.map(|why| skipped.note("nightly", &conflict(why)).is_some());
        assert_eq!(news, [true, false, true, false]);
        assert_eq!(skipped.note("nightly", &Answer::Done), None);
        assert_eq!(skipped.note("nightly", &conflict("job 2 is not over")), Some("job 2 is not over"));
    }
}
