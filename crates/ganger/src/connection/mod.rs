//! Pipes, connections between processes that do not know each other yet, and waiting for many: Python's
//! `multiprocessing.connection`.
//!
//! ```text
//!  Pipe                Listener ◄───── handshake ─────► Client
//!    └────────┬───────────┘ └────────────┬────────────────┘
//!          Connection (end)           Address
//!             │ encoded value, its descriptors (passing)
//!          Channel
//!       ┌─────┴──────┐
//!    packets      stream            both begin a message with a head (frame)
//!    Unix         TCP
//! ```
//!
//! ```
//! # fn main() -> Result<(), ganger::ConnectionError> {
//! let (one, other) = ganger::Pipe::duplex()?;
//! one.send(&vec![1u8, 2, 3])?;
//! assert_eq!(other.recv::<Vec<u8>>()?, [1, 2, 3]);
//! # Ok(()) }
//! ```
//!
//! | Python | Ganger |
//! |---|---|
//! | `Pipe()`, `Pipe(False)` | [`Pipe::duplex`], [`Pipe::one_way`] |
//! | `send`, `recv`, `send_bytes`, `recv_bytes`, `recv_bytes_into`, `poll` | the same, all with time limits |
//! | `recv_bytes(maxlength)` | [`Connection::set_message_limit`] |
//! | `Listener(address, backlog=…, authkey=…)`, `Listener()` | [`Listener::builder`] with `bind`, `bind_anywhere` |
//! | `Client(address, authkey=…)` | [`Client`] |
//! | `wait(objects, timeout)` | [`wait()`], which gives numbers |
//! | `reduction.send_handle`, `DupFd` | [`Descriptor`](crate::Descriptor) within a value |
//! | `EOFError`, `BrokenPipeError` | [`ConnectionError::is_disconnected`] |
//! | `BufferTooShort`, `AuthenticationError` | [`ConnectionError::buffer_too_short`], [`is_authentication`](ConnectionError::is_authentication) |
//!
//! Different on purpose: many processes can use one end of a pipe, and none tears another's message or is in the way
//! when it is killed; every wait can have a limit; no size is believed before its bytes are there; a client that says
//! nothing holds a listener up for ten seconds at most. Both sides must be Ganger's.

mod error;
pub use error::ConnectionError;

mod address;
pub use address::Address;

mod frame;

mod packets;

mod turnstile;

mod stream;

mod channel;

mod end;
pub use end::Connection;

mod pipe;
pub use pipe::Pipe;

mod handshake;

mod listener;
pub(crate) use listener::Arrival;
pub use listener::{Listener, ListenerBuilder};

mod client;
pub use client::Client;

mod wait;
pub use wait::{Waitable, wait};
