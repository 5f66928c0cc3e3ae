//! ③ How a command is asked to end: by one signal, or by several, one after the other.

use std::time::{Duration, Instant};

use ganger_proto::spec::EndingStep;
use ganger_sys::Signal;

/// The steps of a command that is to end in more than one.
#[derive(Debug, Default)]
pub(super) struct Ending {
    steps: Vec<EndingStep>,
    taken: usize,
    /// When the next is taken. None: it was not asked to end yet, or has been killed.
    due: Option<Instant>,
}

impl Ending {
    pub(super) fn new(steps: Vec<EndingStep>) -> Self {
        Self { steps, taken: 0, due: None }
    }

    /// Whether it has steps of its own.
    pub(super) fn has_steps(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Begins, unless it has begun: whoever is asked twice has no less time.
    pub(super) fn begin(&mut self, now: Instant) {
        if self.taken == 0 {
            self.due.get_or_insert(now);
        }
    }

    /// The signal that is due now; behind the last step that is SIGKILL.
    pub(super) fn due(&mut self, now: Instant) -> Option<Signal> {
        self.due.filter(|due| *due <= now)?;
        let step = self.steps.get(self.taken);
        self.taken += 1;
        self.due = step.map(|step| now + step.pause);
        Some(step.and_then(|step| Signal::from_number(step.signal)).unwrap_or(Signal::Kill))
    }

    /// How long until something is due.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.due.map(|due| due.saturating_duration_since(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_taken_in_their_time() {
        let (now, ms) = (Instant::now(), Duration::from_millis);
        let step = |signal: Signal, pause| EndingStep { signal: signal.number(), pause: ms(pause) };
        let mut ending = Ending::new(vec![step(Signal::Int, 200), step(Signal::Term, 100)]);
        assert!(ending.has_steps() && ending.due(now).is_none() && ending.patience().is_none());
        ending.begin(now);
        let seen = [0, 100, 200, 250, 300, 900].map(|at| {
            ending.begin(now + ms(at));
            ending.due(now + ms(at))
        });
        let (int, term, kill) = (Some(Signal::Int), Some(Signal::Term), Some(Signal::Kill));
        assert_eq!(seen, [int, None, term, None, kill, None]);
    }
}
