//! What comes from another process, tried with anything: bodies of fuzz targets.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec;
use crate::log_record::LogRecord;
use crate::message::{FromWorker, HEAD, Hello, Seat, Setup, ToWorker};
use crate::outcome::{CommandEnd, Exit, Failure, Fault, NotStarted, Outcome, Panic, StartError};
use crate::spec::{Command, Hosted, Role};
use crate::worker::{Progress, Said};

/// A head and a body are a message or none, and a message that is told again is the same.
pub fn message(bytes: &[u8]) {
    let Some((head, body)) = bytes.split_first_chunk::<HEAD>() else { return };
    if let Ok(message) = ToWorker::decode(head, body) {
        let (head, body) = message.encode();
        assert_eq!(ToWorker::decode(&head, body).expect("our own"), message);
    }
    if let Ok(message) = FromWorker::decode(head, body) {
        let (head, body) = message.encode();
        assert_eq!(FromWorker::decode(&head, body).expect("our own"), message);
    }
}

/// Any bytes are a value or none, for each type that crosses: chosen by the first of them.
pub fn values(bytes: &[u8]) {
    const TRIALS: [fn(&[u8]); 16] = [
        value::<Hello>,
        value::<Seat>,
        value::<Setup>,
        value::<Command>,
        value::<Hosted>,
        value::<Role>,
        value::<Outcome>,
        value::<Failure>,
        value::<Panic>,
        value::<Exit>,
        value::<NotStarted>,
        value::<Fault>,
        value::<StartError>,
        value::<CommandEnd>,
        value::<LogRecord>,
        value::<Progress>,
    ];
    if let Some((which, bytes)) = bytes.split_first() {
        TRIALS[usize::from(*which) % TRIALS.len()](bytes);
    }
}

/// Compared as bytes: a number that is none is not equal to itself.
fn value<T: Serialize + DeserializeOwned + Debug>(bytes: &[u8]) {
    let limit = bytes.len() as u64 + 1;
    let Ok(value) = codec::decode::<T>(bytes, limit) else { return };
    let encoded = codec::encode(&value, u64::MAX).expect("what could be decoded");
    let again = codec::decode::<T>(&encoded, encoded.len() as u64 + 1).expect("our own");
    assert_eq!(codec::encode(&again, u64::MAX).expect("once more"), encoded, "{value:?}");
}

/// A line of a worker program says something or is told to be unclear; what is printed of it ends its line.
pub fn line(bytes: &[u8]) {
    match Said::parse(bytes) {
        Ok(Said::Failed { message, .. }) => assert!(!message.trim().is_empty(), "a failure without a text"),
        Ok(_) => {}
        Err(unclear) => assert!(!unclear.to_string().is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use ganger_corpus::replay;

    #[test]
    fn any_bytes_are_a_message_or_none() {
        replay("message", super::message);
    }

    #[test]
    fn any_bytes_are_a_value_or_none() {
        replay("values", super::values);
    }

    #[test]
    fn any_line_is_understood_or_unclear() {
        replay("line", super::line);
    }
}
