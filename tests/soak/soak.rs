//! Round after round, a line a minute, until the time is over or a promise is broken.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use ganger::testing::Leaks;

use crate::PATIENCE;
use crate::acts::{ACTS, Act, Round};
use crate::chance::Chance;
use crate::ledger::{Held, Minutes, Tally};

/// No round takes longer, unless something in it hangs that has no patience of its own.
const ROUND: Duration = Duration::from_secs(4 * PATIENCE.as_secs());

/// A round may leave so much more memory behind: what malloc keeps. Whether it adds up is looked at by the minute.
const GROWTH: u64 = 256 << 20;

/// What is to be done, and what was.
pub(crate) struct Soak {
    acts: Vec<&'static Act>,
    seed: u64,
    /// That one alone.
    only: Option<u64>,
    minutes: u64,
    tally: Arc<Tally>,
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} makes no sense")))
}

impl Soak {
    pub(crate) fn from_environment() -> Self {
        let name: Option<String> = variable("GANGER_SOAK_ACT");
        let acts: Vec<_> = ACTS.iter().filter(|act| name.as_deref().is_none_or(|name| name == act.name)).collect();
        assert!(!acts.is_empty(), "GANGER_SOAK_ACT must be one of {:?}", ACTS.map(|act| act.name));
        Self {
            acts,
            seed: variable("GANGER_SOAK_SEED").unwrap_or_else(|| fastrand::u64(..1 << 32)),
            only: variable("GANGER_SOAK_ROUND"),
            minutes: variable("GANGER_SOAK_MINUTES").unwrap_or(0),
            tally: Arc::default(),
        }
    }

    /// # Errors
    /// The promise that was broken, and how to see it again.
    pub(crate) fn run(&self) -> Result<(), String> {
        let began = Instant::now();
        let done = match self.only {
            Some(round) => self.round(round).map(drop),
            None if self.minutes == 0 => (0..self.acts.len() as u64).try_for_each(|round| self.round(round).map(drop)),
            None => self.minutes(began),
        };
        println!("soak: {} {} in {:.0} s, seed {}", self.tally, Held::now(), began.elapsed().as_secs_f64(), self.seed);
        done
    }

    fn minutes(&self, began: Instant) -> Result<(), String> {
        let (mut minutes, mut round, mut least) = (Minutes::default(), 0, None::<Held>);
        while began.elapsed() < Duration::from_secs(60 * self.minutes) {
            let held = self.round(round)?;
            round += 1;
            // What a round of small tasks holds says nothing of one of large ones: the least of all kinds is compared.
            least = least.into_iter().chain([held]).min_by_key(|held| held.resident);
            if began.elapsed().as_secs() / 60 > minutes.count() as u64
                && let Some(least) = least.take()
            {
                minutes.end(least);
                println!("minute {:>3}: {} {least} {round:>5} rounds", minutes.count(), self.tally);
            }
        }
        minutes.are_flat()
    }

    fn act(&self, round: u64) -> &'static Act {
        self.acts[(round % self.acts.len() as u64) as usize]
    }

    /// One round, on a thread of its own, so that it can be told to hang.
    fn round(&self, number: u64) -> Result<Held, String> {
        let (act, tally) = (self.act(number), Arc::clone(&self.tally));
        let (small, chance) = (self.minutes == 0, Chance::of(self.seed, number));
        let (done, ended) = channel();
        let begin = thread::Builder::new().name(act.name.to_owned());
        let running = begin.spawn(move || {
            (act.prepare)();
            let leaks = Leaks::watch().allow_memory(GROWTH).patience(PATIENCE);
            (act.round)(&mut Round { chance, tally: &tally, small });
            // Nobody listens any more if it was too late.
            let _ = done.send(leaks.check().map_err(|leaked| leaked.to_string()));
        });
        let broken = match ended.recv_timeout(ROUND) {
            Ok(left) => left.err(),
            Err(RecvTimeoutError::Timeout) => Some(format!("it hangs: not done within {ROUND:?}")),
            Err(RecvTimeoutError::Disconnected) => Some("it panicked, as told above".to_owned()),
        };
        if let Some(why) = broken {
            println!("test soak::{} ... FAILED", act.name);
            return Err(self.told(act, number, &why));
        }
        // It has sent its word, and does nothing after it.
        let _ = running.expect("a thread").join();
        if small {
            println!("test soak::{} ... ok", act.name);
        }
        Ok(Held::now())
    }

    fn told(&self, act: &Act, round: u64, why: &str) -> String {
        let Self { seed, .. } = self;
        let only = if self.acts.len() == 1 { format!(" --act {}", act.name) } else { String::new() };
        let size = if self.minutes == 0 { "" } else { " --minutes 1" };
        format!(
            "a promise is broken: {} in round {round}: {why}\nsee it again with: scripts/soak{size}{only} --seed {seed} --round {round}",
            act.name
        )
    }
}
