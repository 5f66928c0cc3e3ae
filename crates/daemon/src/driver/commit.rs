//! One commit for all that has happened: what it takes, and who is told of it.

use std::time::{Instant, SystemTime};

use ganger_store::{Answer, Cancelled, Claim, Done, End, Order, QueueId, StoreError, Usage};

use super::event::{Refusal, Reply};
use super::lane::Lane;
use super::{AGAIN, Driver, Stage, tell};
use crate::error::ServeError;

impl Driver {
    /// What each queue may begin: a job stands in line there, or may by this turn.
    fn wanted(&self) -> Vec<(QueueId, usize)> {
        let begins = self.stage == Stage::Open;
        let changes = self.changes();
        let lanes = self.lanes.iter().filter(|lane| begins && (changes || lane.line));
        lanes.map(|lane| (lane.queue, self.room(lane))).filter(|(_, room)| *room > 0).collect()
    }

    /// Whether a turn does something besides claiming.
    fn changes(&self) -> bool {
        self.more || !self.turn.is_empty() || self.is_due()
    }

    /// Whether the store has something to do by its clock.
    pub(super) fn is_due(&self) -> bool {
        self.stage == Stage::Open && self.due.is_some_and(|due| due <= SystemTime::now())
    }

    /// Whether another commit is due, though nothing has happened.
    pub(super) fn has_more_to_do(&self) -> bool {
        let claims = || self.stage == Stage::Open && self.lanes.iter().any(|lane| lane.line && self.room(lane) > 0);
        self.trouble.is_none() && (self.changes() || claims())
    }

    pub(super) fn commit(&mut self) -> Result<(), ServeError> {
        if self.trouble.is_some_and(|again| Instant::now() < again) {
            self.refuse("the disk refuses, and will be asked again");
            self.tell_awaited();
            return Ok(());
        }
        let changes = self.changes();
        self.turn.wanted = self.wanted();
        if self.turn.wanted.is_empty() && !changes {
            // Nothing is there to ask the disk with: who comes next does.
            self.trouble = None;
            self.tell_awaited();
            return Ok(());
        }
        let began = Instant::now();
        match self.backlog.commit(&self.turn) {
            Ok(done) => {
                self.metrics.turns().committed(&self.turn, &done, began.elapsed());
                self.on_committed(done);
            }
            Err(error) if error.is_of_the_disk() => self.on_trouble(&error),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn on_committed(&mut self, done: Done) {
        if self.trouble.take().is_some() {
            log::info!("the store can be written to again");
        }
        let turn = std::mem::take(&mut self.turn);
        self.news.tell(&turn, &done);
        (self.weight, self.more, self.due) = (0, done.more, done.due);
        self.answer(turn.orders, &done);
        done.cancelled.iter().for_each(|cancelled| self.cancel(*cancelled));
        for lane in &mut self.lanes {
            lane.expect_nothing();
            lane.on_committed(&done);
        }
        done.over.iter().filter_map(|job| self.watchers.remove(job)).flatten().for_each(|who| tell(who, ()));
        self.tell_awaited();
        done.claimed.into_iter().for_each(|claim| self.begin(claim));
    }

    fn answer(&mut self, orders: Vec<Order>, done: &Done) {
        let replies: Vec<Option<Reply>> = self.replies.drain(..).collect();
        for ((order, answer), reply) in orders.into_iter().zip(&done.answers).zip(replies) {
            match (&order, answer) {
                (Order::PauseQueue(queue), Answer::Done) => self.hold(*queue, true),
                (Order::ResumeQueue(queue), Answer::Done) => self.hold(*queue, false),
                (Order::Fire(firing), answer) => {
                    let news = self.skipped.note(&firing.name, answer);
                    news.into_iter().for_each(|why| log::warn!("schedule {:?}: {why}", firing.name));
                }
                _ => {}
            }
            reply.into_iter().for_each(|reply| tell(reply, Ok(answer.clone())));
        }
    }

    fn hold(&mut self, queue: QueueId, paused: bool) {
        self.lanes.iter_mut().filter(|lane| lane.queue == queue).for_each(|lane| lane.paused = paused);
    }

    fn cancel(&self, cancelled: Cancelled) {
        self.lanes.iter().for_each(|lane| lane.cancel(cancelled));
    }

    fn begin(&mut self, claim: Claim) {
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.queue == claim.queue && !lane.retired) else { return };
        if let Err((claim, error)) = lane.begin(claim) {
            log::error!("queue {}: a task could not begin: {error}", lane.config.name);
            lane.rest();
            self.end(*claim, 0, 0, End::Stopped, Usage::default());
        }
    }

    /// Those who wait for a job that is over, or is none, are told; the others when it is.
    fn tell_awaited(&mut self) {
        for (job, reply) in std::mem::take(&mut self.awaited) {
            if matches!(self.backlog.is_over(job), Ok(Some(false))) {
                let watchers = self.watchers.entry(job).or_default();
                // Who has gone makes room for who comes.
                watchers.retain(|who| !who.is_closed());
                watchers.push(reply);
            } else {
                tell(reply, ());
            }
        }
    }

    /// What clients want is refused, what workers have told is kept.
    fn on_trouble(&mut self, error: &StoreError) {
        self.metrics.turns().refused();
        if self.trouble.is_none() {
            log::error!("{error}; nothing new begins until it can be written to, what ran is kept");
        }
        self.trouble = Some(Instant::now() + AGAIN);
        self.refuse(&error.to_string());
    }

    fn refuse(&mut self, why: &str) {
        self.turn.orders.clear();
        self.lanes.iter_mut().for_each(Lane::expect_nothing);
        let refused = || Err(Refusal::Disk(why.to_owned()));
        self.replies.drain(..).flatten().for_each(|reply| tell(reply, refused()));
    }
}
