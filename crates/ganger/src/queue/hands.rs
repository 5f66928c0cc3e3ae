//! What was got through the handles of a queue that keeps its items, and is not done.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Mutex;
use std::time::Duration;

use ganger_shm::queue::Place;
use serde::de::DeserializeOwned;

use super::QueueError;
use super::ends::Ends;
use super::error::ErrorKind;
use crate::engine::lock;

/// The ends of a queue, and what was got by them and is not done, the oldest first. The last of its users gives that back.
#[derive(Debug)]
pub(super) struct Hands {
    places: Mutex<VecDeque<Place>>,
    ends: Ends,
}

impl From<Ends> for std::sync::Arc<Hands> {
    fn from(ends: Ends) -> Self {
        Self::new(Hands { places: Mutex::default(), ends })
    }
}

impl Deref for Hands {
    type Target = Ends;

    fn deref(&self) -> &Ends {
        &self.ends
    }
}

impl Hands {
    /// Takes an item into the hand. What cannot be decoded nobody can finish.
    pub(super) fn get_and_hold<T: DeserializeOwned>(&self, timeout: Option<Duration>) -> Result<T, QueueError> {
        let (place, item) = self.ends.get(timeout)?;
        match item {
            Ok(_) => lock(&self.places).push_back(place),
            Err(_) => self.finish(Some(place))?,
        }
        item
    }

    pub(super) fn task_done(&self) -> Result<(), QueueError> {
        let oldest = lock(&self.places).pop_front();
        self.finish(oldest)
    }

    fn finish(&self, place: Option<Place>) -> Result<(), QueueError> {
        let done = self.ends.shared().done(place).map_err(QueueError::of_rest)?;
        done.map_err(|_| ErrorKind::NothingInHand.into())
    }

    pub(super) fn join(&self, timeout: Option<Duration>) -> Result<(), QueueError> {
        let done = self.ends.shared().join(timeout).map_err(QueueError::of_rest)?;
        if done { Ok(()) } else { Err(ErrorKind::NotDone.into()) }
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        let places = std::mem::take(self.places.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner));
        if !places.is_empty() {
            // In memory that was damaged there is nothing to give back.
            let _ = self.ends.shared().give_back(&Vec::from(places));
        }
    }
}
