//! How fast a run is, and when it will have ended at that pace.

use std::time::Duration;

use ganger_batch::Progress;

/// The rate of the last while: what was long ago counts less and less. Neither what was left out counts, nor the time in
/// which the run was paused.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// When it was looked at last, since the start, and how much was done then.
    last: Option<(Duration, u64)>,
    /// Commands and seconds, both weighted alike.
    done: f64,
    time: f64,
    /// All the time that counted, in seconds.
    active: f64,
}

/// For so many seconds what has happened counts, more or less; in a long run for a part of its time, since such a run
/// often has long commands.
const MEMORY: f64 = 20.0;
const SHARE: f64 = 0.25;

impl Pace {
    /// Looks at a run that began so long ago.
    pub(crate) fn look(&mut self, at: Duration, progress: &Progress) {
        let counts = progress.counts;
        let done = counts.succeeded + counts.failed + counts.stopped;
        let Some((last, before)) = self.last.replace((at, done)) else {
            self.done = done as f64;
            self.time = at.as_secs_f64();
            return;
        };
        if progress.paused {
            return;
        }
        let seconds = at.saturating_sub(last).as_secs_f64();
        self.active += seconds;
        let kept = (-seconds / MEMORY.max(self.active * SHARE)).exp();
        self.done = self.done * kept + done.saturating_sub(before) as f64;
        self.time = self.time * kept + seconds;
    }

    /// Commands a second. None: nothing has ended yet.
    pub(crate) fn rate(&self) -> Option<f64> {
        (self.done > 0.0 && self.time > 0.0).then(|| self.done / self.time)
    }

    /// How long it will take, if that can be said.
    pub(crate) fn left(&self, progress: &Progress) -> Option<Duration> {
        let counts = progress.counts;
        let over = counts.succeeded + counts.failed + counts.stopped + counts.skipped;
        let open = progress.total?.checked_sub(over).filter(|open| *open > 0)?;
        Duration::try_from_secs_f64(open as f64 / self.rate()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use ganger_batch::Counts;

    use super::*;

    fn progress(succeeded: u64, skipped: u64, paused: bool) -> Progress {
        let counts = Counts { succeeded, skipped, ..Counts::default() };
        Progress { counts, total: Some(1000), retried: 0, running: 2, slots: 2, paused, waiting: None }
    }

    /// After looks at these seconds, with so much done.
    fn paced(looks: &[(u64, Progress)]) -> Pace {
        let mut pace = Pace::default();
        looks.iter().for_each(|(at, progress)| pace.look(Duration::from_secs(*at), progress));
        pace
    }

    fn rate(looks: &[(u64, Progress)]) -> u64 {
        paced(looks).rate().expect("something is done").round() as u64
    }

    #[test]
    fn nothing_is_said_before_anything_is_done() {
        let pace = paced(&[(0, progress(0, 0, false)), (5, progress(0, 500, false))]);
        assert_eq!((pace.rate(), pace.left(&progress(0, 500, false))), (None, None));
    }

    #[test]
    fn what_was_left_out_is_over_and_no_speed() {
        let looks = [(0, progress(0, 0, false)), (1, progress(10, 500, false)), (2, progress(20, 500, false))];
        assert_eq!(rate(&looks), 10);
        let left = paced(&looks).left(&looks[2].1).expect("a total");
        assert_eq!(left.as_secs(), 48);
        let open = Progress { total: None, ..looks[2].1 };
        assert_eq!(paced(&looks).left(&open), None);
    }

    #[test]
    fn a_pause_does_not_count() {
        let looks = [
            (0, progress(0, 0, false)),
            (1, progress(10, 0, false)),
            (2, progress(20, 0, true)),
            (500, progress(22, 0, true)),
            (501, progress(32, 0, false)),
        ];
        assert_eq!(rate(&looks), 10);
    }

    #[test]
    fn what_is_new_counts_more() {
        let mut looks: Vec<_> = (0..100).map(|second| (second, progress(second, 0, false))).collect();
        assert_eq!(rate(&looks), 1);
        looks.extend((100..200).map(|second| (second, progress(100 + (second - 100) * 5, 0, false))));
        assert!(rate(&looks) >= 4, "{}", rate(&looks));
    }
}
