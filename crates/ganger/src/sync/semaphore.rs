//! Semaphores.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize, Serializer};

use super::acquire::{Acquire, acquire_methods, sealed::Sealed};
use super::backing::Kind;
use super::permits::Permits;
use super::{Acquired, SyncError};
use crate::passing::Passed;

macro_rules! semaphore {
    ($(#[$doc:meta])* $name:ident, $literal:literal, $make:literal, $release:literal) => {
        $(#[$doc])*
        ///
        /// A process that dies gives back what it holds, and who gets a permit that was a dead one's is told
        /// ([`Acquired::OwnerDied`]). A process may release what another has acquired. What was acquired through a handle whose last
        /// clone is dropped stays taken, as in Python: so a permit can be a signal, which is used up. Of more than 1024
        /// processes that hold permits at once, the rest give nothing back when they die.
        #[derive(Clone, Deserialize)]
        #[serde(try_from = "Passed")]
        pub struct $name {
            permits: Arc<Permits>,
        }

        impl $name {
            /// A semaphore with so many permits.
            ///
            /// # Errors
            /// When the system has no descriptor or no memory left.
            ///
            /// ```
            #[doc = concat!("use ganger::sync::", $literal, ";\n")]
            /// # fn main() -> std::io::Result<()> {
            #[doc = concat!("assert_eq!(", $literal, "::new(3)?.value(), 3);")]
            /// # Ok(()) }
            /// ```
            pub fn new(value: u32) -> io::Result<Self> {
                Ok(Self { permits: Arc::new(Permits::create(Kind::$name, value)?) })
            }

            /// The semaphore behind a descriptor that came from another process.
            ///
            /// # Errors
            /// `InvalidData` when it is none of this type.
            ///
            /// ```
            #[doc = concat!("use ganger::sync::", $literal, ";")]
            /// use std::os::fd::AsFd;
            ///
            /// # fn main() -> std::io::Result<()> {
            #[doc = concat!("let semaphore = ", $literal, "::new(3)?;")]
            #[doc = concat!("let same = ", $literal, "::open(semaphore.as_fd().try_clone_to_owned()?)?;")]
            /// assert!(semaphore.try_acquire().is_some() && same.value() == 2);
            /// # Ok(()) }
            /// ```
            pub fn open(fd: OwnedFd) -> io::Result<Self> {
                Ok(Self { permits: Arc::new(Permits::open(fd.into(), Kind::$name)?) })
            }

            acquire_methods!($literal, $make);

            /// Gives a permit back, or one more.
            ///
            /// # Errors
            #[doc = $release]
            ///
            /// ```
            #[doc = concat!("use ganger::sync::", $literal, ";\n")]
            /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
            #[doc = concat!("let semaphore = ", $literal, "::new(1)?;")]
            /// assert!(semaphore.try_acquire().is_some() && semaphore.value() == 0);
            /// semaphore.release()?;
            /// assert_eq!(semaphore.value(), 1);
            /// # Ok(()) }
            /// ```
            pub fn release(&self) -> Result<(), SyncError> {
                self.permits.release()
            }

            /// How many permits there are now. Python's `get_value`. What dead processes held may not be back yet.
            ///
            /// ```
            /// # fn main() -> std::io::Result<()> {
            #[doc = concat!("assert_eq!(ganger::sync::", $literal, "::new(2)?.value(), 2);")]
            /// # Ok(()) }
            /// ```
            #[must_use]
            pub fn value(&self) -> u64 {
                self.permits.value()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let most = self.permits.bound().map(|bound| format!(" of {bound}")).unwrap_or_default();
                write!(f, "{}({}{most})", $literal, self.value())
            }
        }

        impl Acquire for $name {
            fn acquire_until(&self, deadline: Option<Instant>) -> Option<Acquired> {
                self.permits.acquire_until(deadline)
            }

            fn release(&self) -> Result<(), SyncError> {
                self.release()
            }
        }

        impl Sealed for $name {
            fn release_guarded(&self) {
                self.permits.release_guarded();
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.permits.backing().serialize(serializer)
            }
        }

        impl TryFrom<Passed> for $name {
            type Error = io::Error;

            fn try_from(fd: Passed) -> io::Result<Self> {
                Ok(Self { permits: Arc::new(Permits::open(fd, Kind::$name)?) })
            }
        }

        #[doc = concat!("The descriptor from which others [open](", $literal, "::open) it.")]
        impl AsFd for $name {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.permits.backing().fd()
            }
        }
    };
}

semaphore! {
    /// So many permits, which processes and threads acquire and release: Python's `multiprocessing.Semaphore`.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let semaphore = ganger::sync::Semaphore::new(1)?;
    /// let _permit = semaphore.lock().unwrap();
    /// assert!(semaphore.try_acquire().is_none());
    /// # Ok(()) }
    /// ```
    Semaphore, "Semaphore", "Semaphore::new(1)", "None: there may be more permits than there were at first."
}

semaphore! {
    /// A [`Semaphore`] that never has more permits than it began with: Python's `multiprocessing.BoundedSemaphore`.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// assert!(ganger::sync::BoundedSemaphore::new(1)?.release().is_err());
    /// # Ok(()) }
    /// ```
    BoundedSemaphore, "BoundedSemaphore", "BoundedSemaphore::new(1)",
    "[`OverRelease`](SyncError::OverRelease) when it has all of its permits."
}
