//! A bare pipe, as the peers' round trips go through one.

use std::fs::File;
use std::io::{Read, Write, stdin, stdout};
use std::os::fd::AsFd;
use std::process::Stdio;

use crate::Measured;

pub(super) const NAME: &str = "pipe";

pub(super) fn measure() -> Measured {
    let mut other = super::start(NAME, Stdio::piped(), Stdio::piped())?;
    let (mut out, mut back) = (other.stdin.take().ok_or("no pipe")?, other.stdout.take().ok_or("no pipe")?);
    let mut message = [7; 8];
    super::round_trips("pipe ping-pong", |_| {
        out.write_all(&message)?;
        Ok(back.read_exact(&mut message)?)
    })?;
    drop(out);
    other.wait()?;
    Ok(())
}

/// Without the buffers of std's own streams.
pub(super) fn other_end() -> Measured {
    let mut out = File::from(stdout().as_fd().try_clone_to_owned()?);
    let mut incoming = File::from(stdin().as_fd().try_clone_to_owned()?);
    let mut message = [0; 8];
    while incoming.read(&mut message)? == message.len() {
        out.write_all(&message)?;
    }
    Ok(())
}
