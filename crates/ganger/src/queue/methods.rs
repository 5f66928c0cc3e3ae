//! The methods of handles that put, of those that get, and of both, which several types have. The examples begin with `$make`,
//! which makes `queue`.

/// What every handle can do.
macro_rules! common_methods {
    ($make:literal) => {
        /// How many items wait. Others may change that at any time.
        ///
        /// ```
        /// # fn main() -> Result<(), ganger::QueueError> {
        #[doc = $make]
        /// assert!(queue.qsize() <= 1);
        /// # Ok(()) }
        /// ```
        #[must_use]
        pub fn qsize(&self) -> usize {
            self.ends.shared().len()
        }

        /// Whether no item waits. Others may change that at any time.
        ///
        /// ```
        /// # fn main() -> Result<(), ganger::QueueError> {
        #[doc = $make]
        /// assert_eq!(queue.empty(), queue.qsize() == 0);
        /// # Ok(()) }
        /// ```
        #[must_use]
        pub fn empty(&self) -> bool {
            self.ends.shared().is_empty()
        }

        /// Whether no item can be put now. Others may change that at any time.
        ///
        /// ```
        /// # fn main() -> Result<(), ganger::QueueError> {
        #[doc = $make]
        /// assert!(!queue.full());
        /// # Ok(()) }
        /// ```
        #[must_use]
        pub fn full(&self) -> bool {
            self.ends.shared().is_full()
        }

        /// Ends the queue, for all who have it: nobody puts any more, and who gets is told when it is empty
        /// ([`is_closed`](crate::QueueError::is_closed)). Closing twice is no error.
        ///
        /// # Errors
        /// When a process is stopped in the middle of a put, and does not go on within a second.
        ///
        /// ```
        /// # fn main() -> Result<(), ganger::QueueError> {
        #[doc = $make]
        /// queue.close()?;
        /// queue.close()?;
        /// # Ok(()) }
        /// ```
        pub fn close(&self) -> Result<(), crate::QueueError> {
            self.ends.close()
        }
    };
}
pub(super) use common_methods;

/// What a handle can do that puts.
macro_rules! putting_methods {
    ($make:literal) => {
        /// Puts an item in, behind the others. Waits while the queue is full.
        ///
        /// # Errors
        /// When the item cannot be encoded or is larger than the queue: nothing was put in then. When the queue was
        /// closed. When it is full, and nobody has a handle any more that gets.
        ///
        /// ```
        /// # fn main() -> Result<(), ganger::QueueError> {
        #[doc = $make]
        /// queue.put(&7)?;
        /// # Ok(()) }
        /// ```
        pub fn put(&self, item: &T) -> Result<(), crate::QueueError> {
            self.ends.put(item, None)
        }

        /// Puts an item in if there is room. Python: `put_nowait`.
        ///
        /// # Errors
        /// As [`put`](Self::put), and [`is_full`](crate::QueueError::is_full).
        ///
        /// ```
        /// # fn main() -> Result<(), ganger::QueueError> {
        #[doc = $make]
        /// queue.try_put(&7)?;
        /// # Ok(()) }
        /// ```
        pub fn try_put(&self, item: &T) -> Result<(), crate::QueueError> {
            self.ends.put(item, Some(std::time::Duration::ZERO))
        }

        /// As [`put`](Self::put), with a time limit. When it is over, nothing was put in.
        ///
        /// # Errors
        /// As [`put`](Self::put), and [`is_full`](crate::QueueError::is_full).
        ///
        /// ```
        /// # fn main() -> Result<(), ganger::QueueError> {
        #[doc = $make]
        /// queue.put_timeout(&7, std::time::Duration::from_secs(1))?;
        /// # Ok(()) }
        /// ```
        pub fn put_timeout(&self, item: &T, timeout: std::time::Duration) -> Result<(), crate::QueueError> {
            self.ends.put(item, Some(timeout))
        }
    };
}
pub(super) use putting_methods;

/// What a handle can do that gets. In its `queue` the number 7 waits.
macro_rules! getting_methods {
    ($make:literal) => {
        /// Takes the first item. Waits until there is one.
        ///
        /// # Errors
        /// When the item cannot be decoded, or its descriptors are lost: it is gone then. When the queue is empty, and was
        /// closed or nobody has a handle any more that puts.
        ///
        /// ```
        /// # fn main() -> Result<(), ganger::QueueError> {
        #[doc = $make]
        /// assert_eq!(queue.get()?, 7);
        /// # Ok(()) }
        /// ```
        pub fn get(&self) -> Result<T, crate::QueueError> {
            self.get_within(None)
        }

        /// Takes the first item if there is one. Python: `get_nowait`.
        ///
        /// # Errors
        /// As [`get`](Self::get), and [`is_empty`](crate::QueueError::is_empty).
        ///
        /// ```
        /// # fn main() -> Result<(), ganger::QueueError> {
        #[doc = $make]
        /// assert_eq!(queue.try_get()?, 7);
        /// # Ok(()) }
        /// ```
        pub fn try_get(&self) -> Result<T, crate::QueueError> {
            self.get_within(Some(std::time::Duration::ZERO))
        }

        /// As [`get`](Self::get), with a time limit.
        ///
        /// # Errors
        /// As [`get`](Self::get), and [`is_empty`](crate::QueueError::is_empty).
        ///
        /// ```
        /// # fn main() -> Result<(), ganger::QueueError> {
        #[doc = $make]
        /// assert_eq!(queue.get_timeout(std::time::Duration::from_secs(1))?, 7);
        /// # Ok(()) }
        /// ```
        pub fn get_timeout(&self, timeout: std::time::Duration) -> Result<T, crate::QueueError> {
            self.get_within(Some(timeout))
        }
    };
}
pub(super) use getting_methods;

/// What makes a handle of some [`Ends`](super::ends::Ends): how it travels, is shown, and which ends it must have.
macro_rules! handle {
    ($name:ident, keeps: $keeps:expr, puts: $puts:literal, gets: $gets:literal) => {
        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                Self { ends: self.ends.clone(), items: std::marker::PhantomData }
            }
        }

        impl<T> std::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).field("waiting", &self.ends.shared().len()).finish_non_exhaustive()
            }
        }

        impl<T> crate::testing::Lies for $name<T> {
            fn memory(&self) -> std::os::fd::BorrowedFd<'_> {
                self.ends.memory()
            }
        }

        impl<T> crate::testing::InSharedMemory for $name<T> {}

        impl<T> serde::Serialize for $name<T> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.ends.serialize(serializer)
            }
        }

        impl<T> TryFrom<super::ends::Travelling> for $name<T> {
            type Error = std::io::Error;

            fn try_from(travelled: super::ends::Travelling) -> std::io::Result<Self> {
                Ok(Self::over(super::ends::Ends::open(travelled, $keeps, $puts, $gets)?))
            }
        }

        impl<T> $name<T> {
            pub(super) fn over(ends: super::ends::Ends) -> Self {
                Self { ends: ends.into(), items: std::marker::PhantomData }
            }
        }
    };
}
pub(super) use handle;

/// Ready when there is an item, or the end.
macro_rules! waitable {
    ($name:ident) => {
        /// Ready when there is an item, or the end.
        impl<T> crate::connection::Waitable for $name<T> {
            fn readable_fd(&self) -> Result<std::os::fd::BorrowedFd<'_>, crate::ConnectionError> {
                self.ends.readable_fd()
            }

            fn fades(&self) -> bool {
                true
            }
        }

        /// Ready when there is an item, or the end.
        impl<T> crate::connection::Waitable for &$name<T> {
            fn readable_fd(&self) -> Result<std::os::fd::BorrowedFd<'_>, crate::ConnectionError> {
                self.ends.readable_fd()
            }

            fn fades(&self) -> bool {
                true
            }
        }
    };
}
pub(super) use waitable;
