//! How many a time.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// So many in such a time, evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many: at least one.
    pub count: u32,
    /// In how long.
    pub per: Duration,
}

impl Rate {
    /// From one to the next.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.per / self.count.max(1)
    }
}

const UNITS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no rate: give a number from 1 to 1000000 and a time, like 100/s, 30/m, 5/h");
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let count = count.parse().ok().filter(|count| (1..=1_000_000).contains(count)).ok_or_else(wrong)?;
        let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        Ok(Self { count, per: Duration::from_secs(*seconds) })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, seconds)| Duration::from_secs(*seconds) == self.per) {
            Some((unit, _)) => write!(f, "{}/{unit}", self.count),
            None => write!(f, "{} in {:?}", self.count, self.per),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_told() {
        for text in ["100/s", "30/m", "1/h", "1000000/d"] {
            assert_eq!(text.parse::<Rate>().map(|rate| rate.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("30/m".parse::<Rate>().map(|rate| rate.interval()), Ok(Duration::from_secs(2)));
        for text in ["", "5", "/s", "0/s", "-1/s", "1.5/s", "1/", "1/w", "1000001/s"] {
            assert!(text.parse::<Rate>().is_err_and(|told| told.contains("100/s")), "{text}");
        }
    }
}
