//! How long a command may run: a time, or a share of what the others took.

use std::str::FromStr;
use std::time::Duration;

use crate::amounts::parse_duration;

/// `10s`, or `300%` of the median of the commands that succeeded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Timeout {
    /// So long.
    After(Duration),
    /// So many percent of the median time of those that have succeeded; no limit before three have.
    OfMedian(f64),
}

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(percent) = text.strip_suffix('%') else {
            return parse_duration(text).and_then(|limit| match limit {
                Duration::ZERO => Err("in no time nothing can be done: leave it out for no limit".into()),
                limit => Ok(Timeout::After(limit)),
            });
        };
        match percent.parse() {
            Ok(percent) if percent > 0.0 && f64::is_finite(percent) => Ok(Timeout::OfMedian(percent)),
            Ok(_) | Err(_) => Err("a share is a number above 0 and a percent sign: `300%`".into()),
        }
    }
}

/// How long the last thousand commands took that succeeded: enough for a median, and bounded.
#[derive(Debug, Default)]
pub(crate) struct Runtimes {
    last: Vec<Duration>,
    next: usize,
}

const REMEMBERED: usize = 999;
/// As GNU parallel has it: fewer say nothing.
const ENOUGH: usize = 3;

impl Runtimes {
    pub(crate) fn add(&mut self, runtime: Duration) {
        if self.last.len() < REMEMBERED {
            self.last.push(runtime);
        } else {
            self.last[self.next] = runtime;
            self.next = (self.next + 1) % REMEMBERED;
        }
    }

    /// So many percent of the median, once there is one.
    pub(crate) fn share(&self, percent: f64) -> Option<Duration> {
        if self.last.len() < ENOUGH {
            return None;
        }
        let mut sorted = self.last.clone();
        let (_, median, _) = sorted.select_nth_unstable(self.last.len() / 2);
        // A command that takes no time at all would leave none to those that take some.
        Some(median.mul_f64((percent / 100.0).min(1e6)).max(Duration::from_millis(10)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read() {
        assert_eq!("10s".parse(), Ok(Timeout::After(Duration::from_secs(10))));
        assert_eq!("300%".parse(), Ok(Timeout::OfMedian(300.0)));
        for text in ["0", "0%", "-5%", "x%", "%", "inf%", "nan%"] {
            assert!(text.parse::<Timeout>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_median_needs_three_and_forgets() {
        let mut runtimes = Runtimes::default();
        for seconds in [1, 100] {
            runtimes.add(Duration::from_secs(seconds));
            assert_eq!(runtimes.share(300.0), None);
        }
        runtimes.add(Duration::from_secs(2));
        assert_eq!(runtimes.share(300.0), Some(Duration::from_secs(6)));
        (0..2 * REMEMBERED).for_each(|_| runtimes.add(Duration::from_secs(5)));
        assert_eq!(runtimes.share(100.0), Some(Duration::from_secs(5)));
        assert_eq!(runtimes.last.len(), REMEMBERED);
    }
}
