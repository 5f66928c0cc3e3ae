//! A lock whose wait has an end.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::lock;

/// Lets one thread at a time have what is inside.
#[derive(Debug, Default)]
pub(super) struct Turnstile<T> {
    taken: Mutex<bool>,
    left: Condvar,
    /// Locked only by whoever has set `taken`.
    inside: Mutex<T>,
}

impl<T> Turnstile<T> {
    /// Whether nobody is inside now.
    pub(super) fn is_free(&self) -> bool {
        !*lock(&self.taken)
    }

    /// None: not by the deadline.
    pub(super) fn enter(&self, deadline: Option<Instant>) -> Option<Turn<'_, T>> {
        let mut taken = lock(&self.taken);
        while *taken {
            taken = match deadline.map(|d| d.saturating_duration_since(Instant::now())) {
                None => self.left.wait(taken).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return None,
                Some(rest) => self.left.wait_timeout(taken, rest).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        *taken = true;
        drop(taken);
        Some(Turn { turnstile: self, inside: lock(&self.inside) })
    }
}

/// The next may enter when this is dropped.
pub(super) struct Turn<'a, T> {
    turnstile: &'a Turnstile<T>,
    inside: MutexGuard<'a, T>,
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        *lock(&self.turnstile.taken) = false;
        self.turnstile.left.notify_one();
    }
}

impl<T> Deref for Turn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inside
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inside
    }
}
