//! What can go wrong with a queue.

use std::fmt;
use std::io;

use ganger_proto::codec::CodecError;
use ganger_shm::queue::Refused;
use ganger_sys::Shortage;

/// Why an item was not put, or none was got. Opaque, with questions.
///
/// ```
/// use ganger::Queue;
///
/// # fn main() -> Result<(), ganger::QueueError> {
/// let queue = Queue::new(1)?;
/// assert!(queue.try_get().unwrap_err().is_empty());
/// queue.put(&1)?;
/// assert!(queue.try_put(&2).unwrap_err().is_full());
/// queue.close()?;
/// assert_eq!(queue.get()?, 1);
/// assert!(queue.get().unwrap_err().is_closed());
/// # Ok(()) }
/// ```
pub struct QueueError {
    kind: Box<ErrorKind>,
}

/// Not public: a new kind breaks nobody.
#[derive(Debug)]
pub(super) enum ErrorKind {
    Full,
    Empty,
    NotDone,
    Closed,
    NoConsumer,
    NoProducer,
    Codec(CodecError),
    TooLarge { size: usize },
    Descriptors { why: &'static str },
    NothingInHand,
    Damaged,
    System { what: &'static str, source: io::Error },
}

impl QueueError {
    pub(super) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| ErrorKind::System { what, source }.into()
    }

    /// Why an item of so many bytes was not put.
    pub(super) fn of_put(refused: Refused, size: usize) -> Self {
        match refused {
            Refused::InTime => ErrorKind::Full.into(),
            Refused::Alone => ErrorKind::NoConsumer.into(),
            Refused::TooLarge => ErrorKind::TooLarge { size }.into(),
            other @ (Refused::Closed | Refused::Attachment(_) | Refused::Garbage) => Self::of_both(other),
        }
    }

    /// Why none was got.
    pub(super) fn of_get(refused: Refused) -> Self {
        match refused {
            Refused::InTime => ErrorKind::Empty.into(),
            Refused::Alone => ErrorKind::NoProducer.into(),
            other @ (Refused::TooLarge | Refused::Closed | Refused::Attachment(_) | Refused::Garbage) => {
                Self::of_both(other)
            }
        }
    }

    fn of_both(refused: Refused) -> Self {
        match refused {
            Refused::InTime => ErrorKind::NotDone.into(),
            Refused::Closed => ErrorKind::Closed.into(),
            Refused::Attachment(source) if source.kind() == io::ErrorKind::BrokenPipe => ErrorKind::NoConsumer.into(),
            Refused::Attachment(source) => Self::system("send what goes with an item")(source),
            Refused::Alone | Refused::TooLarge | Refused::Garbage => ErrorKind::Damaged.into(),
        }
    }

    /// Why nothing was done that needs neither room nor items.
    pub(super) fn of_rest(refused: Refused) -> Self {
        Self::of_both(refused)
    }

    /// Whether there was no room for the item in the time that was given. Python: `Full`.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(*self.kind, ErrorKind::Full)
    }

    /// Whether there was no item in the time that was given. Python: `Empty`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(*self.kind, ErrorKind::Empty)
    }

    /// Whether the time was over first: for room, for an item, or for all to be done.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(*self.kind, ErrorKind::Full | ErrorKind::Empty | ErrorKind::NotDone)
    }

    /// Whether the queue was closed, and for who gets: and is empty. Python: `ValueError`, "is closed".
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(*self.kind, ErrorKind::Closed)
    }

    /// Whether nobody is left on the other side: no process has a handle that puts, and the queue is empty; or none has
    /// one that gets, and the queue is full.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        matches!(*self.kind, ErrorKind::NoConsumer | ErrorKind::NoProducer)
    }

    /// Whether the item could not become bytes, which leaves the queue as it was; or the bytes no item, which loses it.
    #[must_use]
    pub fn is_codec(&self) -> bool {
        matches!(*self.kind, ErrorKind::Codec(_)) && !self.is_too_large()
    }

    /// Whether the item is larger than the queue can ever hold.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(*self.kind, ErrorKind::TooLarge { .. } | ErrorKind::Codec(CodecError::TooLarge { .. }))
    }

    /// Whether the item's descriptors cannot go along; or have not come, since who had taken the item died with them.
    #[must_use]
    pub fn is_descriptors(&self) -> bool {
        matches!(*self.kind, ErrorKind::Descriptors { .. })
    }

    /// Whether more was said to be done than was got. Python: `ValueError`, "task_done() called too many times".
    #[must_use]
    pub fn is_too_many(&self) -> bool {
        matches!(*self.kind, ErrorKind::NothingInHand)
    }
}

impl From<ErrorKind> for QueueError {
    fn from(kind: ErrorKind) -> Self {
        Self { kind: Box::new(kind) }
    }
}

impl From<CodecError> for QueueError {
    fn from(error: CodecError) -> Self {
        ErrorKind::Codec(error).into()
    }
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            ErrorKind::Full => write!(f, "the queue is full"),
            ErrorKind::Empty => write!(f, "the queue is empty"),
            ErrorKind::NotDone => write!(f, "not all items were done in time"),
            ErrorKind::Closed => write!(f, "the queue is closed"),
            ErrorKind::NoConsumer => write!(f, "nobody gets from this queue any more"),
            ErrorKind::NoProducer => write!(f, "nobody puts into this queue any more"),
            ErrorKind::Codec(error) => error.fmt(f),
            ErrorKind::TooLarge { size } => {
                write!(f, "an item of {size} bytes is larger than the queue; make it with_room for more")
            }
            ErrorKind::Descriptors { why } => write!(f, "descriptors: {why}"),
            ErrorKind::NothingInHand => write!(f, "task_done() called too many times: no item is in hand"),
            ErrorKind::Damaged => write!(f, "the queue's memory was damaged: somebody has written into it"),
            ErrorKind::System { what, source } => match Shortage::of(source) {
                Some(shortage) => write!(f, "failed to {what}: {shortage}"),
                None => write!(f, "failed to {what}: {source}"),
            },
        }
    }
}

impl fmt::Debug for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for QueueError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let ErrorKind::System { source, .. } = &*self.kind { Some(source) } else { None }
    }
}
