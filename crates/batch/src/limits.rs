//! What each command may use, under what it runs, and how it is asked to end: as it was said, and as the library has it.

use std::str::FromStr;
use std::time::Duration;

use ganger::{Bytes, CommandGroups, EndingStep, Terms, signal_name};

use crate::amounts::parse_size;
use crate::gauges;

/// What each command may use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// The memory of a command's whole tree of processes, in bytes.
    pub memory: Option<u64>,
    /// One that ran out of memory is tried again with more, up to what the machine has. Such tries are not counted
    /// among the plan's attempts.
    pub retry_memory: Option<Growth>,
    /// The processor time of its whole tree.
    pub cpu_time: Option<Duration>,
    /// Its niceness.
    pub nice: Option<i32>,
    /// How it is asked to end. Empty: SIGTERM, and SIGKILL when the grace is over.
    pub ending: Vec<EndingStep>,
    /// Each command is given so many processors of its own, and runs on no others.
    pub pinned: Option<usize>,
}

/// How a limit of memory grows: `2x`, `+512M`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Growth {
    /// So many times as much.
    Times(f64),
    /// So many bytes more.
    Plus(u64),
}

impl FromStr for Growth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "it says how much more: so many times (`2x`, `1.5x`; above 1x), or a size (`+512M`)".to_owned();
        if let Some(size) = text.strip_prefix('+') {
            return parse_size(size).ok().filter(|more| *more > 0).map(Growth::Plus).ok_or_else(wrong);
        }
        let factor = text.strip_suffix('x').and_then(|factor| factor.parse::<f64>().ok());
        factor.filter(|factor| *factor > 1.0 && factor.is_finite()).map(Growth::Times).ok_or_else(wrong)
    }
}

impl Growth {
    /// What follows a limit that was too little; none if there is no more to be had.
    pub(crate) fn after(self, limit: u64, most: u64) -> Option<u64> {
        let grown = match self {
            Growth::Times(factor) => (limit as f64 * factor) as u64,
            Growth::Plus(more) => limit.saturating_add(more),
        };
        Some(grown.min(most)).filter(|next| *next > limit)
    }
}

/// Reads the steps of asking a command to end, as GNU parallel writes them: signals, with the milliseconds between them:
/// `TERM,200,TERM,100,KILL`.
///
/// ```
/// use ganger_batch::parse_ending;
///
/// let steps = parse_ending("INT,200,TERM").expect("two steps");
/// assert_eq!((steps[0].signal, steps[0].pause.as_millis(), steps[1].signal), (2, 200, 15));
/// ```
///
/// # Errors
/// When it is none; the error says what one looks like.
pub fn parse_ending(text: &str) -> Result<Vec<EndingStep>, String> {
    let mut steps: Vec<EndingStep> = Vec::new();
    let mut after_signal = false;
    for word in text.split(',') {
        match (word.parse(), steps.last_mut()) {
            (Ok(pause), Some(step)) if after_signal => step.pause = Duration::from_millis(pause),
            (Ok(_), _) => return Err(wrong_ending(word)),
            (Err(_), _) => steps.push(EndingStep { signal: signal(word)?, pause: GRACE }),
        }
        after_signal = word.parse::<u64>().is_err();
    }
    Ok(steps)
}

/// The time that a step has of which none was said.
const GRACE: Duration = Duration::from_secs(10);

fn wrong_ending(word: &str) -> String {
    format!("`{word}`: it is signals with milliseconds between them, and begins with a signal: `TERM,200,INT,100,KILL`")
}

fn signal(word: &str) -> Result<i32, String> {
    let name = format!("SIG{}", word.strip_prefix("SIG").unwrap_or(word));
    (1..32).find(|number| signal_name(*number) == name).ok_or_else(|| wrong_ending(word))
}

/// How long it takes to ask a command to end.
pub(crate) fn ending_time(steps: &[EndingStep]) -> Duration {
    steps.iter().fold(Duration::ZERO, |sum, step| sum.saturating_add(step.pause))
}

impl Limits {
    /// Room for control groups, where limits are asked for that they are good for. Without it, commands are watched.
    pub(crate) fn claim_groups(&self) -> Option<CommandGroups> {
        if self.memory.is_none() && self.cpu_time.is_none() {
            return None;
        }
        let claimed = CommandGroups::claim(self.memory.is_some());
        let told = claimed.inspect_err(|why| {
            log::info!(
                "commands are looked at some 50 times a second, not held to their limits by control groups: {why}"
            );
        });
        told.ok()
    }

    /// What holds for commands of one and of the other: which kinds of limits there are, and the longest ending.
    pub(crate) fn together(self, other: Self) -> Self {
        let longer = ending_time(&self.ending) >= ending_time(&other.ending);
        Self {
            memory: self.memory.or(other.memory),
            cpu_time: self.cpu_time.or(other.cpu_time),
            ending: if longer { self.ending } else { other.ending },
            ..Self::default()
        }
    }

    /// The terms of a command; none if nothing is asked. `memory`: its limit this time; `cpus`: its processors.
    pub(crate) fn terms(&self, memory: Option<u64>, cpus: Vec<u32>, cgroup: Option<&Bytes>) -> Option<Box<Terms>> {
        let Limits { cpu_time, nice, ending, .. } = self;
        let (cpu_time, nice, ending, cgroup) = (*cpu_time, *nice, ending.clone(), cgroup.cloned());
        let terms = Terms { memory, cpu_time, nice, cpus, ending, cgroup };
        (terms != Terms::default()).then(|| Box::new(terms))
    }

    /// What a command gets that ran out of memory with this limit.
    pub(crate) fn more_memory(&self, limit: u64) -> Option<u64> {
        self.retry_memory?.after(limit, gauges::machine_memory().unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_read_and_ends_at_the_most() {
        let growth = |text: &str| text.parse::<Growth>();
        assert_eq!((growth("2x"), growth("+1K")), (Ok(Growth::Times(2.0)), Ok(Growth::Plus(1024))));
        for text in ["", "2", "x", "1x", "0.5x", "-2x", "infx", "nanx", "+", "+0", "+x", "1K"] {
            assert!(growth(text).is_err_and(|told| told.contains("`2x`")), "{text}");
        }
        assert_eq!(Growth::Times(2.0).after(100, 1000), Some(200));
        assert_eq!(Growth::Plus(50).after(100, 120), Some(120));
        assert_eq!(Growth::Times(2.0).after(120, 120), None);
    }

    #[test]
    fn steps_are_read_as_gnu_parallel_writes_them() {
        let step = |signal, ms| EndingStep { signal, pause: Duration::from_millis(ms) };
        assert_eq!(parse_ending("TERM,200,TERM,100,KILL,25"), Ok(vec![step(15, 200), step(15, 100), step(9, 25)]));
        assert_eq!(parse_ending("SIGINT"), Ok(vec![step(2, 10_000)]));
        assert_eq!(ending_time(&parse_ending("HUP,INT,5").expect("steps")), Duration::from_millis(10_005));
        for text in ["", "200", "TERM,", "TERM,1,2", "term", "TERM,-1", "NONSENSE"] {
            assert!(parse_ending(text).is_err_and(|told| told.contains("TERM,200")), "{text}");
        }
    }

    #[test]
    fn nothing_asked_is_nothing_sent() {
        assert_eq!(Limits::default().terms(None, Vec::new(), None), None);
        let limits = Limits { nice: Some(5), ..Limits::default() };
        assert_eq!(limits.terms(None, Vec::new(), None).expect("terms").nice, Some(5));
    }
}
