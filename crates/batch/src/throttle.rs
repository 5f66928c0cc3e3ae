//! Starting no more than the machine has room for.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::amounts::show_size;
use crate::gauges::Gauges;

/// When no more commands are started, though there would be slots for them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Throttle {
    /// As long as so many threads of the machine run or want to.
    pub load: Option<Load>,
    /// As long as less memory than so many bytes is available. Below half of it, the command that was started last is
    /// killed, to be run again later; but never the only one.
    pub memfree: Option<u64>,
}

/// How busy a machine may be: `8`, or `100%` of its processors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// So many threads that run or want to.
    Threads(f64),
    /// So many percent of the processors.
    Percent(f64),
}

impl FromStr for Load {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, load): (_, fn(f64) -> Load) = match text.strip_suffix('%') {
            Some(percent) => (percent, Load::Percent),
            None => (text, Load::Threads),
        };
        let number = number.parse().ok().filter(|number: &f64| *number > 0.0 && number.is_finite());
        let wrong = "it is a number of running threads above 0 (8), or a share of the processors (100%)";
        number.map(load).ok_or_else(|| wrong.to_owned())
    }
}

impl Load {
    fn threads(self, processors: usize) -> f64 {
        match self {
            Load::Threads(threads) => threads,
            Load::Percent(percent) => processors as f64 * percent / 100.0,
        }
    }
}

/// What a run waits for before it starts more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Waiting {
    /// For the load to fall.
    Load {
        /// How many threads run, or want to.
        runs: u64,
        /// As many are too many.
        limit: f64,
    },
    /// For memory.
    Memory {
        /// What is available, in bytes.
        available: u64,
        /// Less than this is too little.
        wanted: u64,
    },
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Waiting::Load { runs, limit } => write!(f, "waiting for the load: {runs} threads run (--load {limit})"),
            Waiting::Memory { available, wanted } => {
                let (available, wanted) = (show_size(*available), show_size(*wanted));
                write!(f, "waiting for memory: {available} are available (--memfree {wanted})")
            }
        }
    }
}

/// How long what was seen holds good, and how often we look while we wait.
pub(crate) const LOOK: Duration = Duration::from_millis(100);
/// The memory of a command that was killed comes back after a while; only then is it known whether another must go.
const BETWEEN_KILLS: Duration = Duration::from_secs(1);

/// A throttle in use.
pub(crate) struct Valve {
    load: Option<f64>,
    memfree: Option<u64>,
    gauges: Box<dyn Gauges>,
    /// When we looked last, and how many ran then.
    seen: Option<(Instant, u64)>,
    /// How many were started since: they need not have come to run yet.
    started: u64,
    killed: Option<Instant>,
}

impl Valve {
    /// None if nothing was asked.
    pub(crate) fn new(throttle: Throttle, gauges: Box<dyn Gauges>) -> Option<Self> {
        let Throttle { load, memfree } = throttle;
        let load = load.map(|load| load.threads(ganger::cpu_count()));
        let asked = load.is_some() || memfree.is_some();
        asked.then_some(Self { load, memfree, gauges, seen: None, started: 0, killed: None })
    }

    /// What there is to wait for now.
    pub(crate) fn closed(&mut self, now: Instant) -> Option<Waiting> {
        self.busy(now).or_else(|| self.short(|wanted| wanted))
    }

    /// A command was started.
    pub(crate) fn started(&mut self) {
        self.started += 1;
    }

    /// Whether the command that was started last must go, so that the others have memory.
    pub(crate) fn must_kill(&mut self, now: Instant) -> bool {
        let too_soon = self.killed.is_some_and(|killed| now < killed + BETWEEN_KILLS);
        let must = !too_soon && self.short(|wanted| wanted / 2).is_some();
        if must {
            self.killed = Some(now);
        }
        must
    }

    /// Whether memory is looked at even while nothing can be started.
    pub(crate) fn guards_memory(&self) -> bool {
        self.memfree.is_some()
    }

    fn busy(&mut self, now: Instant) -> Option<Waiting> {
        let limit = self.load?;
        if self.seen.is_none_or(|(at, _)| now >= at + LOOK) {
            self.seen = self.gauges.runnable().map(|runs| (now, runs));
            self.started = 0;
        }
        // Where the kernel does not tell, there is nothing to wait for.
        let runs = self.seen?.1 + self.started;
        (runs as f64 >= limit).then_some(Waiting::Load { runs, limit })
    }

    fn short(&self, of: impl FnOnce(u64) -> u64) -> Option<Waiting> {
        let wanted = of(self.memfree?);
        let available = self.gauges.available()?;
        (available < wanted).then_some(Waiting::Memory { available, wanted })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    /// A machine that is as busy as the test says.
    #[derive(Clone, Default)]
    pub(crate) struct Pretended {
        pub(crate) runnable: Rc<Cell<u64>>,
        pub(crate) available: Rc<Cell<u64>>,
    }

    impl Gauges for Pretended {
        fn runnable(&self) -> Option<u64> {
            Some(self.runnable.get())
        }

        fn available(&self) -> Option<u64> {
            Some(self.available.get())
        }
    }

    fn valve(load: Option<Load>, memfree: Option<u64>) -> (Valve, Pretended) {
        let machine = Pretended::default();
        let valve = Valve::new(Throttle { load, memfree }, Box::new(machine.clone())).expect("something is asked");
        (valve, machine)
    }

    #[test]
    fn a_load_is_read() {
        assert_eq!("8".parse(), Ok(Load::Threads(8.0)));
        assert_eq!("150%".parse(), Ok(Load::Percent(150.0)));
        assert_eq!(Load::Percent(150.0).threads(4), 6.0);
        for text in ["", "0", "0%", "-1", "x", "inf", "nan%"] {
            assert!(text.parse::<Load>().is_err_and(|told| told.contains("100%")), "{text}");
        }
    }

    #[test]
    fn what_was_just_started_counts_though_it_is_not_seen_yet() {
        let (mut valve, machine) = valve(Some(Load::Threads(2.0)), None);
        let begin = Instant::now();
        for _ in 0..2 {
            assert_eq!(valve.closed(begin), None);
            valve.started();
        }
        assert_eq!(valve.closed(begin), Some(Waiting::Load { runs: 2, limit: 2.0 }));
        assert_eq!(valve.closed(begin + LOOK), None, "they have come to nothing");
        machine.runnable.set(3);
        assert!(valve.closed(begin + LOOK).is_none(), "what was seen holds good for a while");
        let told = valve.closed(begin + 2 * LOOK).expect("it is busy").to_string();
        assert_eq!(told, "waiting for the load: 3 threads run (--load 2)");
    }

    #[test]
    fn memory_closes_it_and_half_of_that_kills_one_at_a_time() {
        let (mut valve, machine) = valve(None, Some(2 << 30));
        let begin = Instant::now();
        machine.available.set(2 << 30);
        assert_eq!(valve.closed(begin), None);
        machine.available.set(1 << 30);
        let told = valve.closed(begin).expect("too little").to_string();
        assert_eq!(told, "waiting for memory: 1G are available (--memfree 2G)");
        assert!(!valve.must_kill(begin));
        machine.available.set(1 << 29);
        assert!(valve.must_kill(begin) && !valve.must_kill(begin) && valve.must_kill(begin + BETWEEN_KILLS));
    }
}
