//! Progress in words.

use std::time::Duration;

use ganger_batch::{Counts, Progress};

use super::Pace;

/// `1200/5000 done, 3 failed, 211/s, 18 s left`
pub(crate) fn line(progress: &Progress, pace: &Pace) -> String {
    let Counts { succeeded, failed, stopped, skipped, .. } = progress.counts;
    let over = succeeded + failed + stopped + skipped;
    let total = progress.total.map(|total| format!("/{total}")).unwrap_or_default();
    let mut parts = vec![format!("{over}{total} done"), format!("{failed} failed")];
    let counted = [(progress.retried, "tried again"), (skipped, "left out"), (stopped, "stopped")];
    parts.extend(counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    parts.extend(pace.rate().map(rate));
    parts.extend(if progress.paused {
        Some("paused".to_owned())
    } else {
        pace.left(progress).map(|left| format!("{} left", duration(left)))
    });
    parts.extend(progress.waiting.map(|waiting| waiting.to_string()));
    parts.join(", ")
}

/// `211/s`, `2.5/s`, `3.0/min`
pub(crate) fn rate(a_second: f64) -> String {
    match a_second {
        10.0.. => format!("{a_second:.0}/s"),
        0.5.. => format!("{a_second:.1}/s"),
        0.01.. => format!("{:.1}/min", a_second * 60.0),
        _ => format!("{:.1}/h", a_second * 3600.0),
    }
}

/// In the two largest units: `18 s`, `3 min 20 s`, `2 h 5 min`, `4 d 7 h`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_there_is_to_say() {
        let counts = Counts { succeeded: 30, failed: 0, stopped: 0, skipped: 0, unreached: 0 };
        let bare = Progress { counts, total: None, retried: 0, running: 1, slots: 1, paused: false, waiting: None };
        assert_eq!(line(&bare, &Pace::default()), "30 done, 0 failed");

        let mut pace = Pace::default();
        let counts = Counts { succeeded: 30, failed: 10, stopped: 1, skipped: 50, unreached: 0 };
        let full = Progress { counts, total: Some(100), retried: 7, ..bare };
        pace.look(Duration::ZERO, &Progress { counts: Counts::default(), ..full });
        pace.look(Duration::from_secs(41), &full);
        let said = "91/100 done, 10 failed, 7 tried again, 50 left out, 1 stopped, 1.0/s, 9 s left";
        assert_eq!(line(&full, &pace), said);
        let paused = said.replace("9 s left", "paused");
        assert_eq!(line(&Progress { paused: true, ..full }, &pace), paused);
    }

    #[test]
    fn times_and_rates_have_units() {
        for (seconds, text) in
            [(0, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (370_900, "4 d 7 h")]
        {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
        for (a_second, text) in [(211.3, "211/s"), (2.5, "2.5/s"), (0.05, "3.0/min"), (0.001, "3.6/h")] {
            assert_eq!(rate(a_second), text);
        }
    }
}
