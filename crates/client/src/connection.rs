//! One request after the other on one connection.

use std::fmt;
use std::io::{self, BufReader, Write as _};
use std::path::Path;
use std::time::Duration;

use crate::answer::{Answer, Body};
use crate::endpoint::Endpoint;
pub(crate) use crate::wire::Hangup;
use crate::wire::Wire;

/// A connection to a service.
///
/// ```no_run
/// use ganger_client::{Client, NewJob, State};
/// use std::{path::Path, time::Duration};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut client = Client::connect(Path::new("/run/ganger/ganger.sock"), Duration::from_secs(90))?;
/// let tasks = vec![vec!["a.log".to_owned()], vec!["b.log".to_owned()]];
/// let receipt = client.submit(&NewJob { command: vec!["gzip".to_owned()], tasks, ..NewJob::default() })?;
/// let job = client.wait(receipt.id, Duration::from_secs(3600))?;
/// assert_eq!(job.state, State::Succeeded);
/// # Ok(()) }
/// ```
pub struct Client {
    wire: BufReader<Wire>,
    /// What every request's head says of its client.
    head: String,
}

/// Without the head, in which the token is.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("wire", self.wire.get_ref()).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects to a Unix socket. No answer may take longer than `patience`: for one that is waited for, give as much.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(socket: &Path, patience: Duration) -> io::Result<Self> {
        Self::open(&Endpoint::unix(socket), patience)
    }

    /// As [`connect`](Self::connect), wherever the service listens.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn open(endpoint: &Endpoint, patience: Duration) -> io::Result<Self> {
        Ok(Self { wire: BufReader::new(Wire::connect(endpoint, patience)?), head: endpoint.head() })
    }

    /// Looks at something.
    ///
    /// # Errors
    /// When the connection ends, or what comes is no HTTP.
    pub fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.request("GET", path, &[], &[])
    }

    /// Hands JSON in.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn post(&mut self, path: &str, json: &[u8]) -> io::Result<Answer> {
        self.request("POST", path, &[("content-type", "application/json")], json)
    }

    /// Any request.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
        self.ask(method, path, headers, body)?;
        Answer::whole(&mut self.wire)
    }

    /// Looks at something that grows: the head, with an empty body, and what that says as it comes. Who does not read it to
    /// its end can ask nothing more on this connection.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn follow(&mut self, path: &str) -> io::Result<(Answer, impl io::Read)> {
        self.ask("GET", path, &[], &[])?;
        let answer = Answer::head(&mut self.wire)?;
        let body = Body::of(&answer, &mut self.wire)?;
        Ok((answer, body))
    }

    /// What ends the request that is under way, from another thread; its connection with it.
    pub(crate) fn hangup(&self) -> io::Result<Hangup> {
        self.wire.get_ref().hangup()
    }

    fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<()> {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (known, length) = (&self.head, body.len());
        let head = format!("{method} {path} HTTP/1.1\r\n{known}{headers}content-length: {length}\r\n\r\n");
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        let wire = self.wire.get_mut();
        wire.write_all(&request)?;
        wire.flush()
    }
}
