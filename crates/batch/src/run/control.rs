//! The run in somebody's hand: it obeys, and shows itself.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ganger::Inquiry;

use super::{Phase, Run, Running};
use crate::control::{Control, Order};
use crate::engine::Engine;
use crate::observer::{Notice, Progress};
use crate::snapshot::{Ended, InHand, Snapshot, Tail};
use crate::summary::End;
use crate::verdict::{Doom, Verdict};

/// So many that have ended are shown at a time.
const SHOWN: usize = 64;
/// Commands that take less are handed out ahead even to somebody who may pause: those few are over at once.
const BRISK: Duration = Duration::from_millis(10);
/// Each slot has a process: more are a key that was held down.
const MOST_SLOTS: usize = 10_000;

/// What a run keeps for being held.
pub(super) struct Reins {
    pub(super) control: Control,
    pub(super) paused: bool,
    /// How many workers the pool has.
    workers: usize,
    /// How often a command was tried again.
    pub(super) retried: u64,
    /// How long commands take at the moment; none has ended yet if it is not known.
    pace: Option<Duration>,
    ended: VecDeque<Ended>,
}

impl Reins {
    pub(super) fn new(control: Control, workers: usize) -> Self {
        Self { control, paused: false, workers, retried: 0, pace: None, ended: VecDeque::new() }
    }

    /// How many commands are handed out beyond those that can run at a time. None where that would be seen: the pool has
    /// more workers than may be busy, or somebody may pause, and what is handed out runs all the same.
    pub(super) fn ahead(&self, jobs: usize, most: usize) -> usize {
        let brisk = self.pace.is_some_and(|pace| pace < BRISK);
        if jobs < self.workers || (self.control.is_held() && !brisk) { 0 } else { most }
    }

    /// How much of what commands print is kept at hand.
    pub(super) fn tail(&self) -> usize {
        if self.control.is_held() { Tail::LONG } else { Tail::SHORT }
    }

    /// A command has ended.
    pub(super) fn note(&mut self, running: Running, verdict: &Verdict) {
        if !self.control.is_held() {
            return;
        }
        let (time, failure) = match verdict {
            Verdict::Succeeded(wall) => (wall.unwrap_or_else(|| running.since.elapsed()), None),
            Verdict::Failed(cause) => (running.since.elapsed(), Some(cause.to_string())),
            Verdict::Stopped | Verdict::PoolFailed(_) => return,
        };
        self.pace = Some(self.pace.map_or(time, |pace| (pace * 7 + time) / 8));
        if self.ended.len() == SHOWN {
            self.ended.pop_front();
        }
        let (number, input) = (running.task.turn, running.shown());
        self.ended.push_back(Ended { number, input, time, failure, last_line: running.tail.last_line() });
    }
}

impl Running {
    /// Its input, behind the name of its job if there are several.
    fn shown(&self) -> Vec<u8> {
        let name = self.common.name.iter().flat_map(|name| [name.as_bytes(), b" "]).flatten();
        name.chain(&self.task.input()).copied().collect()
    }
}

impl<E: Engine> Run<'_, E> {
    /// Does what it was told since.
    pub(super) fn obey(&mut self) {
        for order in self.reins.control.take() {
            match order {
                Order::Pause(paused) => self.reins.paused = paused,
                Order::Slots(by) => self.change_slots(by),
                Order::Kill { number, again } => self.kill_one(number, if again { Doom::Again } else { Doom::Killed }),
                Order::Interrupt => self.interrupt(),
                Order::Quit => self.quit(),
                Order::Look { detail, to } => {
                    let snapshot = self.snapshot(detail);
                    // Who has lost patience looks again.
                    let _ = to.try_send(snapshot);
                    continue;
                }
            }
            self.tell_progress();
        }
    }

    /// Answers one who asked by a signal.
    pub(super) fn answer(&mut self, inquiry: Inquiry) {
        match inquiry {
            Inquiry::Running => {
                let snapshot = self.snapshot(None);
                self.observer.notice(&Notice::Running(&snapshot));
            }
            Inquiry::Progress => {
                let progress = self.progress();
                self.observer.notice(&Notice::Progress(&progress));
            }
        }
    }

    pub(super) fn progress(&self) -> Progress {
        Progress {
            counts: self.counts,
            total: self.agenda.total(),
            waiting: self.waiting,
            retried: self.reins.retried,
            running: self.running.len().min(self.settings.jobs),
            slots: self.settings.jobs,
            paused: self.reins.paused,
        }
    }

    fn change_slots(&mut self, by: i64) {
        let jobs = i64::try_from(self.settings.jobs).unwrap_or(i64::MAX).saturating_add(by);
        self.settings.jobs = usize::try_from(jobs).unwrap_or(0).clamp(1, MOST_SLOTS);
        if self.settings.jobs > self.reins.workers {
            self.reins.workers = self.settings.jobs;
            self.engine.grow(self.settings.jobs);
        }
    }

    fn kill_one(&mut self, number: u64, doom: Doom) {
        let found = self.running.iter_mut().find(|(_, running)| running.task.turn == number);
        if let Some((id, running)) = found
            && running.doom.is_none()
        {
            running.doom = Some(doom);
            self.engine.cancel(*id);
        }
    }

    /// The next step of the ladder that Ctrl-C goes down.
    fn interrupt(&mut self) {
        let step = match self.phase {
            Phase::Feeding | Phase::Draining(End::Complete | End::Halted | End::OutputClosed) => 1,
            Phase::Draining(End::Interrupted | End::Quit) => 2,
            Phase::Killing(_) => 3,
        };
        match step {
            1 => self.engine.interrupt(),
            2 => self.engine.terminate(),
            _ => self.engine.kill(),
        }
        self.interrupted(step);
    }

    /// The end of that ladder, whatever step it stands on.
    fn quit(&mut self) {
        self.engine.kill();
        self.interrupted(4);
    }

    fn snapshot(&mut self, detail: Option<u64>) -> Snapshot {
        let now = Instant::now();
        let seats = self.engine.running();
        let in_hand = |seat: &ganger::Running| {
            let running = self.running.get(&seat.task)?;
            Some(InHand {
                number: running.task.turn,
                input: running.shown(),
                slot: seat.slot,
                attempt: running.story.attempts + seat.attempt,
                time: now.saturating_duration_since(seat.since),
                worker: seat.worker,
                last_line: running.tail.last_line(),
            })
        };
        let running = seats.iter().filter_map(in_hand).collect();
        let detailed = self.running.values().find(|running| Some(running.task.turn) == detail);
        let detail = detailed.map(|running| running.tail.all()).unwrap_or_default();
        Snapshot { progress: self.progress(), running, ended: self.reins.ended.drain(..).collect(), detail }
    }
}
