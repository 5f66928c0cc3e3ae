//! A flag to wait for.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use ganger_shm::locks::EVERYONE;
use serde::{Deserialize, Serialize};

use super::backing::{Backing, Kind, deadline};
use crate::passing::Passed;

/// The word: how often it was set, times two, and 1 while it is set.
const STATE: usize = 0;
const SET: u64 = 1;

/// A flag that one sets and others wait for: Python's `multiprocessing.Event`.
///
/// Who waits when it is set comes back, even if it is cleared at once.
///
/// ```
/// use ganger::sync::Event;
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let event = Event::new()?;
/// assert!(!event.wait_timeout(Duration::from_millis(1)));
/// event.set();
/// event.wait();
/// event.clear();
/// assert!(!event.is_set());
/// # Ok(()) }
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Passed")]
pub struct Event {
    backing: Backing,
}

impl Event {
    /// An event that is not set.
    ///
    /// # Errors
    /// When the system has no descriptor or no memory left.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert!(!ganger::sync::Event::new()?.is_set());
    /// # Ok(()) }
    /// ```
    pub fn new() -> io::Result<Self> {
        Ok(Self { backing: Backing::create(Kind::Event, 1)? })
    }

    /// The event behind a descriptor that came from another process.
    ///
    /// # Errors
    /// `InvalidData` when it is none.
    ///
    /// ```
    /// use std::os::fd::AsFd;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let event = ganger::sync::Event::new()?;
    /// let same = ganger::sync::Event::open(event.as_fd().try_clone_to_owned()?)?;
    /// event.set();
    /// assert!(same.is_set());
    /// # Ok(()) }
    /// ```
    pub fn open(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { backing: Backing::open(fd.into(), Kind::Event)? })
    }

    /// Sets it, and wakes all who wait.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let event = ganger::sync::Event::new()?;
    /// event.set();
    /// event.set();
    /// assert!(event.is_set());
    /// # Ok(()) }
    /// ```
    pub fn set(&self) {
        self.backing.turn(None, |turn| {
            let state = turn.get(STATE);
            if state & SET == 0 {
                turn.set(STATE, state.wrapping_add(2) | SET);
                turn.wake(u32::MAX, EVERYONE);
            }
        });
    }

    /// Clears it.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let event = ganger::sync::Event::new()?;
    /// event.set();
    /// event.clear();
    /// assert!(!event.is_set());
    /// # Ok(()) }
    /// ```
    pub fn clear(&self) {
        self.backing.turn(None, |turn| turn.set(STATE, turn.get(STATE) & !SET));
    }

    /// Whether it is set.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert!(!ganger::sync::Event::new()?.is_set());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.backing.peek(STATE) & SET != 0
    }

    /// Waits until it is set.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let event = ganger::sync::Event::new()?;
    /// let waiting = event.clone();
    /// let waiter = std::thread::spawn(move || waiting.wait());
    /// event.set();
    /// waiter.join().expect("it was set");
    /// # Ok(()) }
    /// ```
    pub fn wait(&self) {
        self.wait_until(None);
    }

    /// Waits until it is set, for at most `timeout`. Whether it was.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # fn main() -> std::io::Result<()> {
    /// assert!(!ganger::sync::Event::new()?.wait_timeout(Duration::ZERO));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_until(deadline(timeout))
    }

    fn wait_until(&self, deadline: Option<Instant>) -> bool {
        let first = self.backing.peek(STATE);
        let set = |state: u64| state & SET != 0 || state & !SET != first & !SET;
        let look = |turn: &mut ganger_shm::locks::Turn<'_>, _: Option<()>| set(turn.get(STATE)).then_some(());
        set(first) || self.backing.wait(deadline, EVERYONE, || None, look).is_some()
    }
}

impl TryFrom<Passed> for Event {
    type Error = io::Error;

    fn try_from(fd: Passed) -> io::Result<Self> {
        Ok(Self { backing: Backing::open(fd, Kind::Event)? })
    }
}

/// The descriptor from which others [open](Event::open) it.
impl AsFd for Event {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.backing.fd()
    }
}
