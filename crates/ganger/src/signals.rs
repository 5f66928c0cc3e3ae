//! Signals, where a pool claims them: once = let what runs finish, twice = TERM, thrice = KILL. SIGQUIT = KILL.
//!
//! Some senders mean once and send twice: `timeout` signals the program and then the group that it is in, a terminal that
//! is closed is told by the kernel and by the shell. So an equal signal counts once within [`TOGETHER`]; nobody presses
//! Ctrl-C twice in that time and means two steps.
//!
//! A pool for commands is asked by SIGUSR1 and SIGUSR2 how things are; that changes nothing.

use std::cell::Cell;
use std::sync::Weak;
use std::time::{Duration, Instant};

use ganger_machine::Event;
use ganger_sys::{Door, Epoll, Interest, Signal};

use crate::command::{Inquiry, Report};
use crate::engine::core::{Core, Stage};
use crate::error::Error;

/// The driver's token for them.
pub(crate) const TOKEN: u64 = 3;

/// Equal signals count as one for so long after the one that counted.
const TOGETHER: Duration = Duration::from_millis(100);

/// The step that SIGQUIT leads to, whatever came before.
const QUIT: u32 = 4;

/// As long as this lives, SIGUSR1 and SIGUSR2 do this process no harm: a pool for commands may be asked by them before it is
/// there, or when it has ended.
///
/// ```
/// # fn main() -> Result<(), ganger::Error> {
/// let _harmless = ganger::Inquiries::claim()?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Inquiries {
    _door: Door,
}

impl Inquiries {
    /// Takes both signals.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn claim() -> Result<Self, Error> {
        let door = Door::open(&[Signal::Usr1, Signal::Usr2]).map_err(Error::system("claim signals"))?;
        Ok(Self { _door: door })
    }
}

/// As long as this lives, Ctrl-C (SIGINT) does not end this process: it is waited for. Not beside a pool that heeds signals,
/// which claims it as well.
///
/// ```
/// # fn main() -> Result<(), ganger::Error> {
/// let interrupts = ganger::Interrupts::claim()?;
/// std::thread::spawn(move || {
///     if interrupts.wait().is_ok() {
///         eprintln!("interrupted: what was begun goes on without us");
///         std::process::exit(130);
///     }
/// });
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Interrupts {
    door: Door,
    world: Epoll,
}

impl Interrupts {
    /// Takes the signal. Where it was ignored when this process began, it stays so.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn claim() -> Result<Self, Error> {
        let door = Door::open(&[Signal::Int]).map_err(Error::system("claim signals"))?;
        let world = Epoll::new().map_err(Error::system("use an epoll"))?;
        world.add(&door, TOKEN, Interest::Read).map_err(Error::system("use an epoll"))?;
        Ok(Self { door, world })
    }

    /// Returns when it has come.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn wait(&self) -> Result<(), Error> {
        while self.door.take().is_empty() {
            self.world.wait(None, &mut Vec::new()).map_err(Error::system("use an epoll"))?;
        }
        Ok(())
    }
}

/// What a signal means.
pub(crate) enum Meaning {
    /// A step down the ladder.
    Step(u32, Event),
    Inquiry(Inquiry),
}

/// The claim on SIGINT, SIGTERM, SIGHUP and SIGQUIT, and on those that ask. Dropping it gives them back.
pub(crate) struct Claim {
    door: Door,
    steps: Cell<Steps>,
}

impl Claim {
    /// `asked`: whether there is anybody who could answer.
    pub(crate) fn new(world: &Epoll, asked: bool) -> Result<Self, Error> {
        let signals = [Signal::Int, Signal::Term, Signal::Hup, Signal::Quit, Signal::Usr1, Signal::Usr2];
        let signals = if asked { &signals[..] } else { &signals[..4] };
        // What was started with it ignored would never hear of its workers' ends.
        ganger_sys::setup::heed_children();
        let door = Door::open(signals).map_err(Error::system("claim signals"))?;
        world.add(&door, TOKEN, Interest::Read).map_err(Error::system("use an epoll"))?;
        Ok(Self { door, steps: Cell::default() })
    }

    /// What came, in order.
    pub(crate) fn take(&self) -> Vec<Meaning> {
        let (mut steps, now) = (self.steps.get(), Instant::now());
        let taken = self.door.take().into_iter().filter_map(|signal| steps.meaning(signal, now)).collect();
        self.steps.set(steps);
        taken
    }
}

/// How far the signals have led.
#[derive(Clone, Copy, Default)]
struct Steps {
    taken: u32,
    last: Option<(Signal, Instant)>,
}

impl Steps {
    fn meaning(&mut self, signal: Signal, at: Instant) -> Option<Meaning> {
        let asked = [(Signal::Usr1, Inquiry::Running), (Signal::Usr2, Inquiry::Progress)];
        match asked.iter().find(|(number, _)| *number == signal) {
            Some((_, inquiry)) => Some(Meaning::Inquiry(*inquiry)),
            None => self.count(signal, at).map(event),
        }
    }

    /// The step that a signal leads to. None: it belongs to the one before it.
    fn count(&mut self, signal: Signal, at: Instant) -> Option<u32> {
        if self.last.is_some_and(|(last, then)| last == signal && at.saturating_duration_since(then) < TOGETHER) {
            return None;
        }
        self.last = Some((signal, at));
        let next = if signal == Signal::Term { self.taken.max(1) + 1 } else { self.taken + 1 };
        self.taken = if signal == Signal::Quit { QUIT } else { next.min(3).max(self.taken) };
        Some(self.taken)
    }
}

fn event(step: u32) -> Meaning {
    let event = match step {
        1 => Event::Interrupt,
        2 => Event::Terminate,
        _ => Event::Kill,
    };
    Meaning::Step(step, event)
}

impl Core {
    /// Does what a signal means.
    pub(crate) fn heed(&mut self, meaning: Meaning) {
        match meaning {
            Meaning::Step(step, event) => self.interrupted(step, event),
            Meaning::Inquiry(inquiry) => {
                for reports in self.followers.iter().filter_map(Weak::upgrade) {
                    reports.push(Report::Asked(inquiry));
                }
            }
        }
    }

    /// A signal moves the pool down its ladder, and those who follow commands are told.
    fn interrupted(&mut self, step: u32, event: Event) {
        if self.stage == Stage::Open {
            self.stage = Stage::Closing;
        }
        self.step = step;
        for reports in self.followers.iter().filter_map(Weak::upgrade) {
            reports.interrupted(step);
        }
        self.event(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steps that signals lead to, each with the milliseconds after the first.
    fn steps(signals: &[(Signal, u64)]) -> Vec<Option<u32>> {
        let (first, mut steps) = (Instant::now(), Steps::default());
        signals.iter().map(|(signal, ms)| steps.count(*signal, first + Duration::from_millis(*ms))).collect()
    }

    #[test]
    fn one_that_comes_at_once_again_is_the_same() {
        assert_eq!(steps(&[(Signal::Int, 0), (Signal::Int, 0), (Signal::Int, 99)]), [Some(1), None, None]);
        assert_eq!(steps(&[(Signal::Term, 0), (Signal::Term, 1)]), [Some(2), None]);
        assert_eq!(steps(&[(Signal::Hup, 0), (Signal::Hup, 5)]), [Some(1), None]);
    }

    #[test]
    fn a_hand_that_presses_twice_is_heard_twice() {
        assert_eq!(steps(&[(Signal::Int, 0), (Signal::Int, 100), (Signal::Int, 200)]), [Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn a_hand_that_drums_is_heard_too() {
        let drumming: Vec<_> = (0..5).map(|n| (Signal::Int, n * 60)).collect();
        assert_eq!(steps(&drumming), [Some(1), None, Some(2), None, Some(3)]);
    }

    #[test]
    fn another_signal_is_another_step() {
        assert_eq!(steps(&[(Signal::Int, 0), (Signal::Term, 0), (Signal::Hup, 1)]), [Some(1), Some(2), Some(3)]);
        assert_eq!(steps(&[(Signal::Term, 0), (Signal::Int, 1), (Signal::Int, 500)]), [Some(2), Some(3), Some(3)]);
    }

    #[test]
    fn quit_is_the_last_step_and_may_be_the_first() {
        assert_eq!(steps(&[(Signal::Quit, 0), (Signal::Int, 500)]), [Some(4), Some(4)]);
        assert_eq!(steps(&[(Signal::Int, 0), (Signal::Quit, 1)]), [Some(1), Some(4)]);
    }
}
