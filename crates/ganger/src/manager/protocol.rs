//! What clients and the server of a manager say to each other: one enum each way.
//!
//! ```text
//!  client                                server
//!     │ ── handshake with the key ───────► │   connection/handshake.rs
//!     │ ── Hello ────────────────────────► │
//!     │ ◄───────────────────── Welcome ─── │   or Refused
//!     │ ── Call 1, Call 2, … ────────────► │   Adopt, Release and Cancel in between; they are not answered
//!     │ ◄──────────── Answer 2, Answer 1 ─ │   each call has one, in any order
//! ```
//!
//! The server never sees a user's type: it keeps what was encoded. Two values are the same if their bytes are.

use std::sync::Arc;

use ganger_proto::spec::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::sync::SyncError;

/// Both sides must speak the same.
pub(super) const PROTOCOL: u32 = 1;

/// One server process: another at the same address is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct ServerId(pub(super) u64);

/// An object of a server. Never used again when it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct ObjectId(pub(super) u64);

/// The server itself.
pub(super) const SERVER: ObjectId = ObjectId(0);

/// One call of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct CallId(pub(super) u64);

/// An encoded value, with the objects whose proxies are in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) bytes: Encoded,
    pub(super) refs: Vec<ObjectId>,
}

/// Bytes that are kept once, however many have them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Encoded(pub(super) Arc<[u8]>);

impl Serialize for Encoded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Encoded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Bytes::deserialize(deserializer)?.into_vec().into()))
    }
}

/// What a client says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// The first word. With a server: none but that one will do.
    Hello { protocol: u32, server: Option<ServerId> },
    /// A call, to be answered. `thread` is the client's own number for the thread that calls.
    Call { id: CallId, thread: u64, object: ObjectId, call: Call },
    /// Who made this call waits no longer. The call is answered all the same: with what it has just got, or `Cancelled`.
    Cancel { id: CallId },
    /// The client has come by a proxy.
    Adopt { object: ObjectId },
    /// The client has no proxy left, and was given the object so many times.
    Release { object: ObjectId, count: u64 },
}

/// What the server says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Welcome { server: ServerId },
    Refused { protocol: u32, server: ServerId },
    Answer { id: CallId, answer: Answer },
}

/// A call, by what it is for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Call {
    Server(ServerCall),
    Dict(DictCall),
    List(ListCall),
    Set(SetCall),
    Value(ValueCall),
    Queue(QueueCall),
    Event(EventCall),
    Lock(LockCall),
    Semaphore(SemaphoreCall),
    Condition(ConditionCall),
    Barrier(BarrierCall),
    /// A method of a type that the user has registered, and its encoded arguments.
    Method {
        name: String,
        args: Item,
    },
}

/// What the server itself is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum ServerCall {
    Create(Spec),
    Publish {
        name: String,
        object: ObjectId,
    },
    Find {
        name: String,
    },
    Count,
    /// Memory with a name, which the server owns to its end.
    Memory {
        size: u64,
    },
}

/// A new object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Spec {
    Dict,
    List,
    Set,
    Value(Item),
    Queue {
        /// 0: as many as there come.
        limit: u64,
        joinable: bool,
    },
    Event,
    Lock {
        recursive: bool,
    },
    Semaphore {
        value: u64,
        bounded: bool,
    },
    /// Behind a lock that there is already, or one of its own.
    Condition {
        lock: Option<ObjectId>,
    },
    Barrier {
        parties: u64,
    },
    /// Of a type that the user has registered under this name, with the arguments of its constructor.
    Served {
        name: String,
        args: Item,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum DictCall {
    Get(Encoded),
    Insert(Encoded, Item),
    /// As `Insert`, if the key is not there; the value that is there now.
    InsertNew(Encoded, Item),
    Remove(Encoded),
    PopLast,
    Contains(Encoded),
    Len,
    Clear,
    Keys,
    Values,
    Pairs,
    Extend(Vec<(Encoded, Item)>),
}

/// Places count from 0. A range is clipped to what is there, as Python's slices are.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ListCall {
    Get(u64),
    Slice(u64, u64),
    Len,
    Find(Encoded),
    Count(Encoded),
    /// The whole list, and which version of it that is.
    Snapshot,
    Change(ListChange),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ListChange {
    Set(u64, Item),
    /// Puts items in the place of a range.
    Splice(u64, u64, Vec<Item>),
    Push(Item),
    Insert(u64, Item),
    /// None: the last.
    Remove(Option<u64>),
    /// The first that is this value; whether there was one.
    Discard(Encoded),
    Reverse,
    Repeat(u64),
    /// A whole new list, if nobody has changed it since that version.
    Replace(u64, Vec<Item>),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum SetCall {
    Add(Encoded),
    Remove(Encoded),
    Pop,
    Contains(Encoded),
    Len,
    Clear,
    All,
    Change(Change, Vec<Encoded>),
    Compare(Compare, Vec<Encoded>),
}

/// What other members do to a set.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Change {
    Union,
    Intersection,
    Difference,
    SymmetricDifference,
}

/// What a set is beside other members.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Compare {
    Subset,
    Superset,
    Disjoint,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ValueCall {
    Get,
    Set(Item),
    /// Gives the old one.
    Replace(Item),
    /// Sets it if it is still the first: whether it was.
    Exchange(Encoded, Item),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum QueueCall {
    Put { item: Item, wait: bool },
    Get { wait: bool },
    Len,
    IsFull,
    TaskDone,
    Join,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum EventCall {
    Set,
    Clear,
    IsSet,
    Wait,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum LockCall {
    Acquire {
        wait: bool,
    },
    Release,
    /// Of a guard: if the caller still holds it.
    LetGo,
    IsLocked,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum SemaphoreCall {
    Acquire {
        wait: bool,
    },
    Release {
        count: u64,
    },
    /// Of a guard: one, if the caller still has any.
    LetGo,
    Value,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ConditionCall {
    /// Of its lock.
    Lock(LockCall),
    Wait,
    Notify {
        count: u64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum BarrierCall {
    Wait,
    Abort,
    Reset,
    Parties,
    Waiting,
    IsBroken,
}

/// How a call ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Done,
    Flag(bool),
    Number(u64),
    Item(Option<Item>),
    Items(Vec<Item>),
    Version(u64, Vec<Item>),
    Keys(Vec<Encoded>),
    Pairs(Vec<(Encoded, Item)>),
    Object(Option<ObjectId>),
    Name(String),
    /// A lock is yours; its last holder may have died with it.
    Acquired {
        owner_died: bool,
    },
    Failed(Refusal),
}

impl Answer {
    /// The objects whose proxies are in it.
    pub(super) fn refs(&self) -> Vec<ObjectId> {
        let of = |items: &[Item]| items.iter().flat_map(|item| item.refs.iter().copied()).collect();
        match self {
            Self::Item(Some(item)) => item.refs.clone(),
            Self::Items(items) | Self::Version(_, items) => of(items),
            Self::Pairs(pairs) => pairs.iter().flat_map(|(_, item)| item.refs.iter().copied()).collect(),
            Self::Object(Some(object)) => vec![*object],
            Self::Done
            | Self::Flag(_)
            | Self::Number(_)
            | Self::Item(None)
            | Self::Keys(_)
            | Self::Object(None)
            | Self::Name(_)
            | Self::Acquired { .. }
            | Self::Failed(_) => Vec::new(),
        }
    }
}

/// Why a call was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Refusal {
    /// The object is gone, or was never there.
    NoObject,
    /// The object is of another type, or the program's types are others.
    Misfit(String),
    /// No such key, member or name.
    Absent,
    OutOfRange {
        index: u64,
        len: u64,
    },
    /// Nobody is to be waited for, or no longer.
    Cancelled,
    Full,
    Empty,
    Sync(Offence),
    Broken,
    /// Somebody else has changed it.
    Changed,
    /// A method panicked, is not there, or its values could not be encoded.
    Remote {
        why: String,
    },
    System {
        why: String,
    },
}

/// [`SyncError`], as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Offence {
    NotHeld,
    NotOwner,
    OverRelease,
}

impl From<Offence> for SyncError {
    fn from(offence: Offence) -> Self {
        match offence {
            Offence::NotHeld => Self::NotHeld,
            Offence::NotOwner => Self::NotOwner,
            Offence::OverRelease => Self::OverRelease,
        }
    }
}
