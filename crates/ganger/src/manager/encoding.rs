//! How values become bytes for a server, and come back: proxies in them are named, and counted.
//!
//! ```text
//!  where a proxy is encoded            what is written               who keeps the object meanwhile
//!  in a value for its own server       its number                    the server, for the value's sake
//!  anywhere else                       address, key, number          whoever sent it, for ten minutes
//!  in a message over TCP               the same without the key      the same
//! ```

use std::cell::RefCell;
use std::sync::Arc;

use ganger_proto::codec::{self, CodecError, DEFAULT_PAYLOAD_LIMIT};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::ManagerError;
use super::link::{Link, Way};
use super::protocol::{Encoded, Item, ObjectId};
use super::referent::Referent;
use crate::connection::Address;
use crate::passing;

/// An encoded value, and the objects in it, which must be kept until the server has it.
pub(super) struct Encoding {
    pub(super) item: Item,
    pub(super) kept: Vec<Arc<Referent>>,
}

/// Between what server and this process a value goes.
struct Route {
    link: Arc<Link>,
    named: Vec<Arc<Referent>>,
}

thread_local! {
    static ROUTE: RefCell<Option<Route>> = const { RefCell::new(None) };
}

/// Encodes a value for a server.
pub(super) fn encode<T: Serialize + ?Sized>(link: &Arc<Link>, value: &T) -> Result<Encoding, ManagerError> {
    let (bytes, kept) = on_route(link, || codec::encode(value, DEFAULT_PAYLOAD_LIMIT));
    let item =
        Item { bytes: Encoded(bytes.map_err(not_portable)?.into()), refs: kept.iter().map(|r| r.object()).collect() };
    Ok(Encoding { item, kept })
}

/// Encodes a key or a member: what stands for itself.
pub(super) fn encode_key<T: Serialize + ?Sized>(link: &Arc<Link>, key: &T) -> Result<Encoded, ManagerError> {
    let Encoding { item, kept } = encode(link, key)?;
    if kept.is_empty() {
        return Ok(item.bytes);
    }
    Err(ManagerError::NotPortable { why: "a proxy can be a value, but no key and no member".to_owned() })
}

/// The value that a server has sent.
pub(super) fn decode<T: DeserializeOwned>(link: &Arc<Link>, bytes: &Encoded) -> Result<T, ManagerError> {
    on_route(link, || codec::decode(&bytes.0, DEFAULT_PAYLOAD_LIMIT)).0.map_err(not_portable)
}

fn not_portable(error: CodecError) -> ManagerError {
    ManagerError::NotPortable { why: error.to_string() }
}

/// Does it with that server in mind, and gives the objects that were named. What was before comes back, even after a panic.
fn on_route<R>(link: &Arc<Link>, deed: impl FnOnce() -> R) -> (R, Vec<Arc<Referent>>) {
    struct Back(Option<Route>);
    impl Drop for Back {
        fn drop(&mut self) {
            ROUTE.set(self.0.take());
        }
    }
    let route = Route { link: Arc::clone(link), named: Vec::new() };
    let _back = Back(ROUTE.replace(Some(route)));
    let result = deed();
    let named = ROUTE.with_borrow_mut(|route| route.as_mut().map(|route| std::mem::take(&mut route.named)));
    (result, named.unwrap_or_default())
}

/// What a proxy is a proxy of: a dict is not taken for a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    Dict,
    List,
    Set,
    Namespace,
    Value,
    Array,
    Queue,
    JoinableQueue,
    Event,
    Lock,
    RLock,
    Semaphore,
    BoundedSemaphore,
    Condition,
    Barrier,
    Pool,
    Served,
}

/// A proxy, as it is written.
#[derive(Serialize, Deserialize)]
enum Token {
    /// Of the server that this value goes to, or comes from.
    Here {
        kind: Kind,
        object: ObjectId,
    },
    Away {
        kind: Kind,
        object: ObjectId,
        way: Way,
    },
}

/// Writes a proxy.
pub(super) fn write<S: Serializer>(referent: &Arc<Referent>, kind: Kind, serializer: S) -> Result<S::Ok, S::Error> {
    let (link, object) = (referent.link(), referent.object());
    let is_at_home = ROUTE.with_borrow_mut(|route| match route {
        Some(route) if route.link.server() == link.server() => {
            route.named.push(Arc::clone(referent));
            true
        }
        _ => false,
    });
    if is_at_home {
        return Token::Here { kind, object }.serialize(serializer);
    }
    link.travels(referent);
    let mut way = link.way().clone();
    way.key = way.key.filter(|_| !passing::is_overheard());
    Token::Away { kind, object, way }.serialize(serializer)
}

/// Reads a proxy of that kind.
pub(super) fn read<'de, D: Deserializer<'de>>(wanted: Kind, deserializer: D) -> Result<Arc<Referent>, D::Error> {
    let (kind, referent) = match Token::deserialize(deserializer)? {
        Token::Here { kind, object } => (kind, at_home(object).ok_or_else(|| D::Error::custom(NO_SERVER))?),
        Token::Away { kind, object, way } if way.key.is_some() => (kind, Link::to(way).adopt(object)),
        Token::Away { kind, object, way: Way { address, server, .. } } => {
            let link = Link::existing(&address, server).ok_or_else(|| D::Error::custom(no_key(&address)))?;
            (kind, link.adopt(object))
        }
    };
    if kind == wanted { Ok(referent) } else { Err(D::Error::custom(format!("a proxy of {kind:?}, not of {wanted:?}"))) }
}

const NO_SERVER: &str = "a proxy that only its manager can tell the object of";

fn no_key(address: &Address) -> String {
    format!("a key does not travel over TCP: call Manager::connect for {address} first")
}

/// What is named in an answer was given with it.
fn at_home(object: ObjectId) -> Option<Arc<Referent>> {
    let link = ROUTE.with_borrow(|route| route.as_ref().map(|route| Arc::clone(&route.link)))?;
    Some(link.adopt(object))
}
