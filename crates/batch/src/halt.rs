//! When a run ends before its inputs do: GNU parallel's `--halt`.

use std::fmt;
use std::str::FromStr;

use crate::summary::Counts;

/// `never`, or `now|soon,fail|success|done=N|N%`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Halt {
    /// Every input gets its command.
    #[default]
    Never,
    /// As soon as so many commands have ended in such a way.
    After {
        /// What becomes of the commands that run then.
        when: When,
        /// Which commands count.
        what: What,
        /// How many.
        limit: Limit,
    },
}

/// What becomes of the commands that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// They are stopped.
    Now,
    /// They may finish; no more are started.
    Soon,
}

/// Which commands count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Those that failed.
    Fail,
    /// Those that succeeded.
    Success,
    /// Both.
    Done,
}

/// How many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// So many, 1 or more.
    Count(u64),
    /// So many of a hundred inputs: the whole list is read before the first command starts.
    Percent(f64),
}

impl Halt {
    /// Whether it can only be judged when all inputs are known.
    pub(crate) fn needs_total(&self) -> bool {
        matches!(self, Halt::After { limit: Limit::Percent(_), .. })
    }

    /// What is to become of the run after the commands that have ended, of so many inputs.
    pub(crate) fn reached(&self, counts: &Counts, total: Option<u64>) -> Option<When> {
        let Halt::After { when, what, limit } = *self else { return None };
        let ended = match what {
            What::Fail => counts.failed,
            What::Success => counts.succeeded,
            What::Done => counts.failed + counts.succeeded,
        };
        let reached = match limit {
            Limit::Count(count) => ended >= count,
            Limit::Percent(percent) => {
                ended > 0 && total.is_some_and(|total| ended as f64 >= total as f64 * percent / 100.0)
            }
        };
        reached.then_some(when)
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Halt::After { when, what, limit } = self else { return f.write_str("never") };
        let when = match when {
            When::Now => "now",
            When::Soon => "soon",
        };
        let what = match what {
            What::Fail => "fail",
            What::Success => "success",
            What::Done => "done",
        };
        match limit {
            Limit::Count(count) => write!(f, "{when},{what}={count}"),
            Limit::Percent(percent) => write!(f, "{when},{what}={percent}%"),
        }
    }
}

impl FromStr for Halt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fails = |when| Halt::After { when, what: What::Fail, limit: Limit::Count(1) };
        match text {
            "never" | "0" => Ok(Halt::Never),
            // GNU parallel's old numbers.
            "1" => Ok(fails(When::Soon)),
            "2" => Ok(fails(When::Now)),
            _ => {
                let (when, what, limit) = words(text).ok_or(
                    "it is never, or now|soon, then fail|success|done, then =N or =N%: `soon,fail=1`, `now,done=30%`",
                )?;
                Ok(Halt::After { when, what, limit: parse_limit(limit)? })
            }
        }
    }
}

fn words(text: &str) -> Option<(When, What, &str)> {
    let (when, condition) = text.split_once(',')?;
    let when = match when {
        "now" => When::Now,
        "soon" => When::Soon,
        _ => return None,
    };
    let (what, limit) = condition.split_once('=').unwrap_or((condition, "1"));
    let what = match what {
        "fail" => What::Fail,
        "success" => What::Success,
        "done" => What::Done,
        _ => return None,
    };
    Some((when, what, limit))
}

fn parse_limit(text: &str) -> Result<Limit, &'static str> {
    let Some(percent) = text.strip_suffix('%') else {
        let count = text.parse().ok().filter(|count| *count > 0).map(Limit::Count);
        return count
            .ok_or("after the = stands a number of commands, 1 or more, or a share of the inputs: `=3`, `=10%`");
    };
    let percent = percent.parse().ok().filter(|percent| *percent > 0.0 && *percent <= 100.0).map(Limit::Percent);
    percent.ok_or("a share of the inputs is more than 0% and at most 100%: `=10%`, `=100%`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_shown() {
        let table = [
            ("never", "never"),
            ("0", "never"),
            ("1", "soon,fail=1"),
            ("2", "now,fail=1"),
            ("soon,fail=3", "soon,fail=3"),
            ("now,success", "now,success=1"),
            ("now,done=12.5%", "now,done=12.5%"),
        ];
        for (text, shown) in table {
            assert_eq!(text.parse::<Halt>().expect(text).to_string(), shown);
        }
        for (texts, told) in [
            (&["", "soon", "later,fail=1", "now,fails=1", "3"][..], "`soon,fail=1`"),
            (&["now,fail=0", "now,fail=-1", "now,fail=x", "now,fail=", "now,fail=1.5"], "1 or more"),
            (&["now,fail=0%", "now,fail=101%", "now,fail=-1%", "now,fail=x%", "now,fail=nan%"], "at most 100%"),
        ] {
            for text in texts {
                let error = text.parse::<Halt>().expect_err(text);
                assert!(error.contains(told), "{text}: {error}");
            }
        }
    }

    #[test]
    fn limits_are_reached() {
        let counts = |failed, succeeded| Counts { failed, succeeded, ..Counts::default() };
        let table = [
            ("never", 9, 9, None),
            ("soon,fail=2", 1, 9, None),
            ("soon,fail=2", 2, 0, Some(When::Soon)),
            ("now,success=2", 9, 2, Some(When::Now)),
            ("now,done=4", 2, 1, None),
            ("now,done=4", 2, 2, Some(When::Now)),
            ("soon,fail=30%", 2, 0, None),
            ("soon,fail=30%", 3, 0, Some(When::Soon)),
            ("soon,fail=1%", 0, 5, None),
        ];
        for (halt, failed, succeeded, reached) in table {
            let halt: Halt = halt.parse().expect("a policy");
            assert_eq!(halt.reached(&counts(failed, succeeded), Some(10)), reached, "{halt} {failed} {succeeded}");
        }
        let percent: Halt = "soon,fail=1%".parse().expect("a policy");
        assert!(percent.needs_total());
        assert_eq!(percent.reached(&counts(9, 0), None), None);
    }
}
