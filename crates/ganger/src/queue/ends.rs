//! What every handle of a queue has: the memory, and an end for each side that it is on.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use ganger_proto::codec::{self, DEFAULT_PAYLOAD_LIMIT};
use ganger_shm::queue::{Bounds, Item, Place, SharedQueue, Waiting};
use ganger_sys::hung_up;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};

use super::error::{ErrorKind, QueueError};
use super::packets;
use crate::connection::ConnectionError;
use crate::passing::{self, Passed};

/// Room for the bytes of an item that is no larger stays for the next one.
const KEPT: usize = 1 << 20;

thread_local! {
    /// Room for the bytes of an item; taken while it is in use.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// As long as any process has an end that puts, those who get may wait; and the other way round.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    shared: Arc<SharedQueue>,
    memory: Passed,
    puts: Option<Passed>,
    gets: Option<Passed>,
}

impl Ends {
    pub(super) fn create(bounds: Bounds) -> Result<Self, QueueError> {
        let failed = QueueError::system;
        let (shared, memory) = SharedQueue::create("ganger-queue", bounds).map_err(failed("make a queue"))?;
        let (gets, puts) = ganger_sys::pair().map_err(failed("make a queue"))?;
        let end = |socket| Some(Passed::from(std::os::fd::OwnedFd::from(socket)));
        Ok(Self { shared: Arc::new(shared), memory: memory.into(), puts: end(puts), gets: end(gets) })
    }

    /// What came with a message or the arguments of a task: of a queue that keeps its items, or does not, or either; with
    /// these ends.
    pub(super) fn open(travelled: Travelling, keeps: Option<bool>, puts: bool, gets: bool) -> io::Result<Self> {
        let shared = SharedQueue::open(&travelled.memory)?;
        let ends = (travelled.puts.is_some(), travelled.gets.is_some());
        if keeps.is_some_and(|keeps| keeps != shared.keeps()) || ends != (puts, gets) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a queue of another kind"));
        }
        let Travelling { memory, puts, gets } = travelled;
        Ok(Self { shared: Arc::new(shared), memory, puts, gets })
    }

    /// The descriptor of the memory.
    pub(super) fn memory(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }

    pub(super) fn shared(&self) -> &SharedQueue {
        &self.shared
    }

    pub(super) fn only_puts(&self) -> Self {
        self.with(self.puts.clone(), None)
    }

    pub(super) fn only_gets(&self) -> Self {
        self.with(None, self.gets.clone())
    }

    fn with(&self, puts: Option<Passed>, gets: Option<Passed>) -> Self {
        Self { shared: Arc::clone(&self.shared), memory: self.memory.clone(), puts, gets }
    }

    fn puts(&self) -> BorrowedFd<'_> {
        self.puts.as_ref().expect("a handle that puts has this end").as_fd()
    }

    fn gets(&self) -> BorrowedFd<'_> {
        self.gets.as_ref().expect("a handle that gets has this end").as_fd()
    }

    pub(super) fn put<T: Serialize + ?Sized>(&self, item: &T, timeout: Option<Duration>) -> Result<(), QueueError> {
        with_room(|room| {
            room.clear();
            let (encoded, passed) = passing::sending(|| codec::encode_into(item, room, DEFAULT_PAYLOAD_LIMIT));
            encoded?;
            self.put_bytes(room, &passed, timeout)
        })
    }

    fn put_bytes(&self, bytes: &[u8], passed: &[Passed], timeout: Option<Duration>) -> Result<(), QueueError> {
        if passed.len() > ganger_sys::MAX_FDS {
            return Err(ErrorKind::Descriptors { why: "one item can take no more than 253 along" }.into());
        }
        let attach = |number| packets::send_descriptors(self.puts(), number, passed);
        let item = Item { bytes, attach: if passed.is_empty() { None } else { Some(&attach) } };
        let waiting = Waiting { timeout, alone: &|| hung_up(self.puts()) };
        let polled = self.shared.put(&item, &waiting).map_err(|refused| QueueError::of_put(refused, bytes.len()))?;
        if polled {
            packets::ring(self.puts());
        }
        Ok(())
    }

    /// Takes an item, and where it was. What cannot be decoded is taken as well: it is told where.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        timeout: Option<Duration>,
    ) -> Result<(Place, Result<T, QueueError>), QueueError> {
        with_room(|room| {
            let mut came = Ok(Vec::new());
            let mut detach = |number| came = packets::receive_descriptors(self.gets(), number);
            let waiting = Waiting { timeout, alone: &|| hung_up(self.gets()) };
            let place = self.shared.get(room, &mut detach, &waiting).map_err(QueueError::of_get)?;
            let decode = |came| passing::receiving(came, || codec::decode(room, DEFAULT_PAYLOAD_LIMIT));
            Ok((place, came.and_then(|came| Ok(decode(came)?))))
        })
    }

    pub(super) fn close(&self) -> Result<(), QueueError> {
        let polled = self.shared.close().map_err(QueueError::of_rest)?;
        if let Some(puts) = self.puts.as_ref().filter(|_| polled) {
            packets::ring(puts.as_fd());
        }
        Ok(())
    }

    /// What is readable when there is something to get, or the end.
    pub(super) fn readable_fd(&self) -> Result<BorrowedFd<'_>, ConnectionError> {
        let failed = |error: QueueError| ConnectionError::system("poll a queue")(io::Error::other(error));
        let silent = self.shared.poll(|| packets::silence(self.gets())).map_err(|e| failed(QueueError::of_rest(e)))?;
        if silent {
            return Ok(self.gets());
        }
        packets::always_readable().map_err(ConnectionError::system("poll a queue"))
    }
}

/// The others shall see at once when this was the last end of its kind.
impl Drop for Ends {
    fn drop(&mut self) {
        self.puts = None;
        self.gets = None;
        self.shared.stir();
    }
}

/// A handle on its way to another process.
#[derive(Serialize, Deserialize)]
pub(super) struct Travelling {
    memory: Passed,
    puts: Option<Passed>,
    gets: Option<Passed>,
}

impl Serialize for Ends {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Travelling { memory: self.memory.clone(), puts: self.puts.clone(), gets: self.gets.clone() }
            .serialize(serializer)
    }
}

fn with_room<R>(body: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    let mut room = ROOM.take();
    let result = body(&mut room);
    if room.capacity() <= KEPT {
        ROOM.set(room);
    }
    result
}
