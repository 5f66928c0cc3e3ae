//! Results that have not been given out yet.

use std::collections::VecDeque;

use crate::error::Error;

/// A queue of results, kept as they were decoded: a chunk at a time. Many items pass through here.
pub(super) struct Ready<R>(VecDeque<Part<R>>);

enum Part<R> {
    Many(std::vec::IntoIter<R>),
    One(Result<R, Error>),
}

impl<R> Default for Ready<R> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<R> Ready<R> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, results: Vec<R>) {
        self.0.push_back(Part::Many(results.into_iter()));
    }

    pub(super) fn add_one(&mut self, result: Result<R, Error>) {
        self.0.push_back(Part::One(result));
    }

    pub(super) fn refuse(&mut self, error: impl Into<Error>) {
        self.add_one(Err(error.into()));
    }

    pub(super) fn pop(&mut self) -> Option<Result<R, Error>> {
        loop {
            if let Part::Many(results) = self.0.front_mut()?
                && let Some(result) = results.next()
            {
                return Some(Ok(result));
            }
            if let Some(Part::One(result)) = self.0.pop_front() {
                return Some(result);
            }
        }
    }

    /// Moves all results to the end of `all`, up to the first error.
    pub(super) fn pour(&mut self, all: &mut Vec<R>) -> Result<(), Error> {
        self.0.drain(..).try_for_each(|part| {
            match part {
                Part::Many(results) => all.extend(results),
                Part::One(result) => all.push(result?),
            }
            Ok(())
        })
    }
}
