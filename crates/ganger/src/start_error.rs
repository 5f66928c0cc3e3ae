//! Why a worker could not be started: from the kernel's word to the protocol's.

use std::io;

use ganger_proto::outcome::StartError;
use ganger_sys::Shortage;

pub(crate) fn start_error(error: &io::Error) -> StartError {
    match Shortage::of(error) {
        Some(shortage) => StartError::shortage(shortage.to_string()),
        None => StartError::permanent(error.to_string()),
    }
}
