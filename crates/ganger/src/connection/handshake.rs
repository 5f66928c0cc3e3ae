//! How two sides show each other that they know the key, without telling it.
//!
//! ```text
//!  listener                                                  client
//!     │ ── #CHALLENGE#{sha256} and 40 random bytes ───────────► │
//!     │ ◄── {sha256} and the HMAC of "client" and all that ──── │
//!     │ ── #WELCOME# or #FAILURE# ────────────────────────────► │
//!     │ ◄──────── the same the other way, with "listener" ───── │
//! ```
//!
//! That of `multiprocessing.connection`, but for one thing: the HMAC is over the answerer's role too, so that no answer
//! can be had from the side that asked, and sent back to it.

use std::time::Instant;

use ganger_sys::random;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::end::Connection;
use super::error::ConnectionError;

const CHALLENGE: &[u8] = b"#CHALLENGE#{sha256}";
const RESPONSE: &[u8] = b"{sha256}";
const WELCOME: &[u8] = b"#WELCOME#";
const FAILURE: &[u8] = b"#FAILURE#";

const NONCE: usize = 40;

/// No message of the handshake is longer, as in Python.
const LONGEST: u64 = 256;

/// Who answers.
#[derive(Clone, Copy)]
enum Role {
    Client,
    Listener,
}

/// The listener's side. Whatever goes wrong is an authentication that failed.
pub(super) fn demand(connection: &Connection, key: &[u8], until: Option<Instant>) -> Result<(), ConnectionError> {
    let shown =
        deliver(connection, key, Role::Client, until).and_then(|()| answer(connection, key, Role::Listener, until));
    shown.map_err(|e| failed(e, "the client"))
}

/// The client's side.
pub(super) fn present(connection: &Connection, key: &[u8], until: Option<Instant>) -> Result<(), ConnectionError> {
    let shown =
        answer(connection, key, Role::Client, until).and_then(|()| deliver(connection, key, Role::Listener, until));
    shown.map_err(|e| failed(e, "the listener"))
}

/// Challenges the other side. Python: `deliver_challenge`.
fn deliver(connection: &Connection, key: &[u8], role: Role, until: Option<Instant>) -> Result<(), ConnectionError> {
    let mut nonce = [0; NONCE];
    random::fill(&mut nonce).map_err(ConnectionError::system("get random bytes"))?;
    let challenge = [CHALLENGE, &nonce].concat();
    connection.send_handshake(&challenge, until)?;
    let response = connection.recv_handshake(LONGEST, until)?;
    let mac = response.strip_prefix(RESPONSE).unwrap_or_default();
    // Takes as long for a wrong byte at the end as for one at the beginning.
    if signature(key, role, &challenge).verify_slice(mac).is_ok() {
        return connection.send_handshake(WELCOME, until);
    }
    connection.send_handshake(FAILURE, until)?;
    Err(ConnectionError::authentication("its answer to the challenge was wrong"))
}

/// Answers the other side's challenge. Python: `answer_challenge`.
fn answer(connection: &Connection, key: &[u8], role: Role, until: Option<Instant>) -> Result<(), ConnectionError> {
    let challenge = connection.recv_handshake(LONGEST, until)?;
    if challenge.strip_prefix(CHALLENGE).map(<[u8]>::len) != Some(NONCE) {
        return Err(ConnectionError::authentication("it sent no challenge that is known here"));
    }
    let mac = signature(key, role, &challenge).finalize().into_bytes();
    connection.send_handshake(&[RESPONSE, &mac].concat(), until)?;
    match &connection.recv_handshake(LONGEST, until)?[..] {
        WELCOME => Ok(()),
        FAILURE => Err(ConnectionError::authentication("it refused our answer: the keys differ")),
        _ => Err(ConnectionError::authentication("it said neither welcome nor failure")),
    }
}

fn signature(key: &[u8], role: Role, challenge: &[u8]) -> Hmac<Sha256> {
    let role: &[u8] = match role {
        Role::Client => b"client",
        Role::Listener => b"listener",
    };
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length").chain_update(role).chain_update(challenge)
}

fn failed(error: ConnectionError, who: &str) -> ConnectionError {
    ConnectionError::authentication(format!("{who}: {}", error.reason()))
}
