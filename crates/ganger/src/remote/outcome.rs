//! Outcomes as bytes, for who keeps or sends them.

use ganger_proto::codec;
use ganger_proto::outcome::Outcome;

use crate::error::Error;

/// An outcome as bytes.
///
/// ```
/// use ganger::{Outcome, remote};
///
/// let bytes = remote::encode(&Outcome::Cancelled);
/// assert_eq!(remote::decode(&bytes)?, Outcome::Cancelled);
/// # Ok::<_, ganger::Error>(())
/// ```
#[must_use]
pub fn encode(outcome: &Outcome) -> Vec<u8> {
    // Plain data of which the lengths fit: into memory, that does not fail.
    codec::encode(outcome, u64::MAX).unwrap_or_default()
}

/// The outcome that bytes are.
///
/// # Errors
/// When they are none.
pub fn decode(bytes: &[u8]) -> Result<Outcome, Error> {
    Ok(codec::decode(bytes, u64::MAX)?)
}
