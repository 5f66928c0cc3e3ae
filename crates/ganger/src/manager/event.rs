//! Events and barriers.

use std::time::{Duration, Instant};

use super::error::ManagerError;
use super::protocol::{BarrierCall, Call, EventCall};
use super::proxy::proxy;
use super::reception::Reception;

proxy! {
    /// A flag to wait for: Python's `manager.Event()`.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let event = manager.event()?;
    /// assert!(!event.wait_timeout(Duration::from_millis(1))?);
    /// event.set()?;
    /// event.wait()?;
    /// event.clear()?;
    /// assert!(!event.is_set()?);
    /// # Ok(()) }
    /// ```
    EventProxy<>, Event
}

impl EventProxy {
    /// Sets it: all who wait go on, even if it is cleared at once.
    ///
    /// # Errors
    /// Those of every call: [`Gone`](ManagerError::Gone), and so on.
    pub fn set(&self) -> Result<(), ManagerError> {
        self.call(EventCall::Set)?.done()
    }

    /// Clears it.
    ///
    /// # Errors
    /// Those of every call.
    pub fn clear(&self) -> Result<(), ManagerError> {
        self.call(EventCall::Clear)?.done()
    }

    /// Whether it is set.
    ///
    /// # Errors
    /// Those of every call.
    pub fn is_set(&self) -> Result<bool, ManagerError> {
        self.call(EventCall::IsSet)?.flag()
    }

    /// Waits until it is set.
    ///
    /// # Errors
    /// Those of every call.
    pub fn wait(&self) -> Result<(), ManagerError> {
        self.referent.wait(Call::Event(EventCall::Wait), None).map(drop)
    }

    /// Waits until it is set, no longer than `timeout`: whether it was.
    ///
    /// # Errors
    /// Those of every call.
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool, ManagerError> {
        self.referent.wait(Call::Event(EventCall::Wait), Instant::now().checked_add(timeout))?.flag()
    }

    fn call(&self, call: EventCall) -> Result<Reception, ManagerError> {
        self.referent.ask(Call::Event(call))
    }
}

proxy! {
    /// So many wait for each other: Python's `manager.Barrier(n)`. Who dies while it waits has not been there.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    /// use std::thread;
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let barrier = manager.barrier(2)?;
    /// let other = barrier.clone();
    /// let first = thread::spawn(move || other.wait());
    /// let index = barrier.wait()?;
    /// assert_eq!(index + first.join().expect("it does not panic")?, 1);
    /// barrier.abort()?;
    /// assert!(matches!(barrier.wait(), Err(ManagerError::Broken(_))));
    /// # Ok(()) }
    /// ```
    BarrierProxy<>, Barrier
}

impl BarrierProxy {
    /// Waits until so many do: which of them this one was, from 0.
    ///
    /// # Errors
    /// [`Broken`](ManagerError::Broken), and those of every call.
    pub fn wait(&self) -> Result<usize, ManagerError> {
        self.wait_until(None)
    }

    /// As [`wait`](Self::wait), no longer than `timeout`: then the barrier is broken, for all.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> Result<usize, ManagerError> {
        self.wait_until(Instant::now().checked_add(timeout))
    }

    fn wait_until(&self, deadline: Option<Instant>) -> Result<usize, ManagerError> {
        self.referent.wait(Call::Barrier(BarrierCall::Wait), deadline)?.number()
    }

    /// Breaks it: all who wait are told, and all who come.
    ///
    /// # Errors
    /// Those of every call.
    pub fn abort(&self) -> Result<(), ManagerError> {
        self.call(BarrierCall::Abort)?.done()
    }

    /// Makes it as new; who waits is told that it broke.
    ///
    /// # Errors
    /// Those of every call.
    pub fn reset(&self) -> Result<(), ManagerError> {
        self.call(BarrierCall::Reset)?.done()
    }

    /// How many it lets go at a time.
    ///
    /// # Errors
    /// Those of every call.
    pub fn parties(&self) -> Result<usize, ManagerError> {
        self.call(BarrierCall::Parties)?.number()
    }

    /// How many wait.
    ///
    /// # Errors
    /// Those of every call.
    pub fn n_waiting(&self) -> Result<usize, ManagerError> {
        self.call(BarrierCall::Waiting)?.number()
    }

    /// Whether it is broken.
    ///
    /// # Errors
    /// Those of every call.
    pub fn broken(&self) -> Result<bool, ManagerError> {
        self.call(BarrierCall::IsBroken)?.flag()
    }

    fn call(&self, call: BarrierCall) -> Result<Reception, ManagerError> {
        self.referent.ask(Call::Barrier(call))
    }
}
