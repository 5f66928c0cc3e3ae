//! How many at a time: `-j`.

use std::path::PathBuf;
use std::str::FromStr;

/// What is typed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum JobsFlag {
    Given(Jobs),
    /// A file that says so.
    File(PathBuf),
}

impl FromStr for JobsFlag {
    type Err = String;

    /// A path has a slash, or begins with a letter.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(jobs) => Ok(JobsFlag::Given(jobs)),
            Err(_) if text.contains('/') || text.starts_with(|first: char| first.is_ascii_alphabetic()) => {
                Ok(JobsFlag::File(text.into()))
            }
            Err(wrong) => Err(wrong),
        }
    }
}

/// How many at a time.
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
        if let Some(percent) = text.strip_suffix('%') {
            return match percent.parse() {
                Ok(0.0) => Err("with zero jobs nothing would ever run".into()),
                Ok(percent) if percent > 1e6 => Err(too_many()),
                Ok(percent) if percent > 0.0 => Ok(Jobs::Percent(percent)),
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

fn number(digits: &str) -> Result<usize, String> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    digits.parse().ok().filter(|number| *number <= MOST).ok_or_else(too_many)
}

/// What a number of jobs is.
pub(crate) fn wrong() -> String {
    "it is a number (8), a share of the processors (50%), or more or fewer than those (+2, -1), or a file with one of these".to_owned()
}

fn too_many() -> String {
    format!("each job has a process, and there are at most {MOST}; 100% is one for each processor")
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
        for text in ["", "0", "0%", "x", "-", "+", "1.5", "-5%", "inf%", "nan%", "++1", "+-1", "%"] {
            assert!(text.parse::<Jobs>().is_err(), "{text}");
        }
        for (text, path) in [("procs", true), ("./2", true), ("+x", false), ("2x", false), ("x%", true)] {
            assert_eq!(matches!(text.parse(), Ok(JobsFlag::File(_))), path, "{text}");
        }
        for text in ["0", "0%"] {
            assert!(text.parse::<Jobs>().expect_err(text).contains("zero jobs"), "{text}");
        }
        for text in ["100001", "1000000", "+99999999999999999999", "1e9%"] {
            assert!(text.parse::<Jobs>().expect_err(text).contains("at most 100000"), "{text}");
        }
    }
}
