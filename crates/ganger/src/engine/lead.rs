//! Waiting for an outcome by working for it: the leader drains the rings itself instead of sleeping until the driver
//! has passed the outcome on, one hop fewer each way. Others who wait meanwhile follow: they sleep until they are told
//! (leader and followers, D. Schmidt et al., 2000).

use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::slot::Slot;

/// The leader's sleep is cut into pieces of this length: were a wake-up ever lost, it would cost this much.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);

/// Something that a caller waits for.
pub(crate) trait Awaited {
    fn is_done(&self) -> bool;
    /// Sleeps until it is done, or the deadline.
    fn sleep(&self, deadline: Option<Instant>);
}

impl Awaited for Slot {
    fn is_done(&self) -> bool {
        self.is_filled()
    }

    fn sleep(&self, deadline: Option<Instant>) {
        Slot::sleep(self, deadline);
    }
}

impl Engine {
    /// Waits until `awaited` is done (true), or the deadline has passed (false).
    pub(crate) fn wait_for(&self, awaited: &dyn Awaited, deadline: Option<Instant>) -> bool {
        if awaited.is_done() {
            return true;
        }
        let mut turn = self.turn();
        if turn.watch.leading {
            drop(turn);
            awaited.sleep(deadline);
            return awaited.is_done();
        }
        turn.begin_lead();
        drop(turn);
        let done = self.lead(awaited, deadline);
        self.turn().end_lead();
        done
    }

    fn lead(&self, awaited: &dyn Awaited, deadline: Option<Instant>) -> bool {
        let mut spin_until = self.spin_until();
        loop {
            let heard = self.turn().drain();
            if awaited.is_done() {
                return true;
            }
            if heard > 0 {
                continue;
            }
            let now = Instant::now();
            if deadline.is_some_and(|deadline| now >= deadline) {
                return false;
            }
            if spin_until.is_some_and(|until| now < until) {
                (0..4).for_each(|_| std::hint::spin_loop());
            } else {
                self.sleep_on_bells(deadline);
                spin_until = self.spin_until();
            }
        }
    }

    /// Spinning pays only while a processor would otherwise be idle.
    fn spin_until(&self) -> Option<Instant> {
        let turn = self.turn();
        let may = !turn.settings.spin.is_zero() && turn.gang.owing.len() < turn.settings.cpus;
        may.then(|| Instant::now() + turn.settings.spin)
    }

    fn sleep_on_bells(&self, deadline: Option<Instant>) {
        let mut rung = Vec::new();
        if !self.lie_down() {
            let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
            let timeout = left.map_or(LONGEST_SLEEP, |left| left.min(LONGEST_SLEEP));
            self.listen(timeout, &mut rung);
        }
        self.get_up(rung);
    }

    /// The leader is about to sleep on the bells. True: somebody has spoken, so it may not.
    pub(super) fn lie_down(&self) -> bool {
        let mut turn = self.turn();
        turn.watch.leader_asleep = true;
        turn.arm()
    }

    pub(super) fn get_up(&self, rung: Vec<u64>) {
        let mut turn = self.turn();
        turn.watch.leader_asleep = false;
        turn.rung(rung.into_iter());
    }

    /// The driver hears what rings. A leader that sleeps is woken by the same bells: they are left ringing for it, or it would
    /// sleep on.
    pub(super) fn hear_bells(&self) {
        let mut turn = self.turn();
        if !turn.watch.leader_asleep {
            let mut rung = Vec::new();
            self.listen(Duration::ZERO, &mut rung);
            turn.rung(rung.into_iter());
        }
    }
}
