//! How many at a time: `-j`.

use std::str::FromStr;

/// As it is typed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Jobs {
    /// `8`
    Count(usize),
    /// `50%` of the processors.
    Percent(f64),
    /// `+2`: so many more than there are processors.
    More(usize),
    /// `-1`: so many fewer.
    Fewer(usize),
}

/// Each job has a worker process: beyond this, it is a typing error.
const MOST: usize = 100_000;

impl FromStr for Jobs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "it is a number (8), a share of the processors (50%), or more or fewer than those (+2, -1)".into();
        let number = |digits: &str| {
            digits.parse::<usize>().ok().filter(|number| *number <= MOST && !digits.starts_with('+')).ok_or_else(wrong)
        };
        if let Some(percent) = text.strip_suffix('%') {
            return match percent.parse() {
                Ok(percent) if percent > 0.0 && percent <= 1e6 => Ok(Jobs::Percent(percent)),
                Ok(0.0) => Err("with zero jobs nothing would ever run".into()),
                Ok(_) | Err(_) => Err(wrong()),
            };
        }
        match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(more), _) => number(more).map(Jobs::More),
            (_, Some(fewer)) => number(fewer).map(Jobs::Fewer),
            (None, None) => match number(text)? {
                0 => Err("with zero jobs nothing would ever run; 100% is one for each processor".into()),
                count => Ok(Jobs::Count(count)),
            },
        }
    }
}

impl Jobs {
    /// How many that is with so many processors; at least one.
    pub(crate) fn of(self, processors: usize) -> usize {
        let jobs = match self {
            Jobs::Count(count) => count,
            Jobs::Percent(percent) => (processors as f64 * percent / 100.0).round() as usize,
            Jobs::More(more) => processors + more,
            Jobs::Fewer(fewer) => processors.saturating_sub(fewer),
        };
        jobs.clamp(1, MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let table =
            [("1", 1), ("8", 8), ("100%", 4), ("50%", 2), ("1%", 1), ("250%", 10), ("+2", 6), ("-1", 3), ("-9", 1)];
        for (text, jobs) in table {
            assert_eq!(text.parse::<Jobs>().expect(text).of(4), jobs, "{text}");
        }
        for text in ["", "0", "0%", "x", "-", "+", "1.5", "-5%", "1000001", "++1", "+-1", "%"] {
            assert!(text.parse::<Jobs>().is_err(), "{text}");
        }
        assert!("0".parse::<Jobs>().expect_err("zero").contains("zero jobs"));
    }
}
