//! Workers that have closed their link and live on: nobody will hear of them again, so they count as lost.
//!
//! The lane tells: its other end is the worker's alone, and the kernel says when that is closed. A process that ends does
//! so too, a little before anybody hears of its end; so that is waited for.

use std::time::{Duration, Instant};

use ganger_proto::WorkerId;

use crate::engine::driver::Driver;
use crate::engine::member::Phase;

/// How long one that ends may take from closing what it has open to its end.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whose link is closed, and until when their end is waited for.
#[derive(Default)]
pub(super) struct Cut(Vec<(WorkerId, Instant)>);

impl Cut {
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.first().map(|(_, until)| *until)
    }
}

impl Driver {
    pub(super) fn on_hang_up(&mut self, worker: WorkerId) {
        let mut turn = self.turn();
        let Some(member) = turn.gang.get(worker) else { return };
        // It is told no more.
        let _ = self.world.delete(member.lane());
        drop(turn);
        self.cut.0.push((worker, Instant::now() + PATIENCE));
    }

    pub(super) fn give_up_cut(&mut self) {
        let now = Instant::now();
        while let Some((worker, _)) = self.cut.0.first().copied().filter(|(_, until)| *until <= now) {
            self.cut.0.remove(0);
            self.give_up(worker);
        }
    }

    /// One that was told to end, or has said that it cannot begin, is on its way.
    fn give_up(&self, worker: WorkerId) {
        let mut turn = self.turn();
        let Some(member) = turn.gang.get(worker) else { return };
        let ends = member.ended_by.is_some() || matches!(member.phase, Phase::InitFailed(_) | Phase::StartFailed(_));
        if !ends && member.misbehaved.is_none() {
            turn.misbehave(worker.index(), "it closed its link, and lives on".to_owned());
        }
    }
}
