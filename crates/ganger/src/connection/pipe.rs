//! Two connected ends.

use std::os::fd::{AsFd, OwnedFd};

use super::channel::Channel;
use super::end::{Connection, Direction};
use super::error::ConnectionError;

/// Makes pairs of connected ends: Python's `Pipe(duplex)`.
///
/// ```
/// use ganger::Pipe;
///
/// # fn main() -> Result<(), ganger::ConnectionError> {
/// let (reader, writer) = Pipe::one_way()?;
/// writer.send("down the pipe")?;
/// assert_eq!(reader.recv::<String>()?, "down the pipe");
/// # Ok(()) }
/// ```
///
/// As Python's it holds some 200 KiB of messages, or three large ones; then a sender waits for the receiver.
#[derive(Debug)]
pub enum Pipe {}

impl Pipe {
    /// Two ends that both send and receive. Python: `Pipe()`.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn duplex() -> Result<(Connection, Connection), ConnectionError> {
        let (one, two) = pair()?;
        let end = |socket| Connection::new(Channel::packets(socket), Direction::Both);
        Ok((end(one), end(two)))
    }

    /// An end that only receives, and one that only sends. Python: `Pipe(duplex=False)`.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn one_way() -> Result<(Connection, Connection), ConnectionError> {
        let (reader, writer) = pair()?;
        // So no process that is handed the reader's descriptor can write to it.
        ganger_sys::stop_receiving(writer.as_fd()).map_err(ConnectionError::system("make a pipe"))?;
        let end = |socket, direction| Connection::new(Channel::packets(socket), direction);
        Ok((end(reader, Direction::Receive), end(writer, Direction::Send)))
    }
}

fn pair() -> Result<(OwnedFd, OwnedFd), ConnectionError> {
    let (one, two) = ganger_sys::pair().map_err(ConnectionError::system("make a pipe"))?;
    Ok((one.into(), two.into()))
}
