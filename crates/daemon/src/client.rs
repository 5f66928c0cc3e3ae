//! The other side: one request after the other on one connection.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The longest body that is read: a service sends none that is longer.
const BODY: usize = 64 << 20;
/// The longest line of a head.
const LINE: u64 = 16 << 10;

/// A connection to a service.
///
/// ```no_run
/// use ganger_daemon::Client;
/// use std::{path::Path, time::Duration};
///
/// # fn main() -> std::io::Result<()> {
/// let mut client = Client::connect(Path::new("/run/ganger.sock"), Duration::from_secs(90))?;
/// let answer = client.post("/v1/jobs", br#"{"command":["gzip"],"tasks":[["a.log"],["b.log"]]}"#)?;
/// assert_eq!(answer.status, 201);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
}

/// What a service has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 201: accepted; 4xx and 5xx: the body is a problem, with the remedy in `detail`.
    pub status: u16,
    /// Names and values, as they came.
    pub headers: Vec<(String, String)>,
    /// JSON as a rule.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Client {
    /// Connects. No answer may take longer than `patience`: for one that is waited for, give as much.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(socket: &Path, patience: Duration) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { stream: BufReader::new(stream) })
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
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: ganger\r\n{headers}content-length: {length}\r\n\r\n");
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request)?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Answer> {
        let status = self.line()?.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(garbage)?;
        let mut headers = Vec::new();
        while let line = self.line()?
            && !line.is_empty()
        {
            let (name, value) = line.split_once(':').ok_or_else(garbage)?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").unwrap_or("0").parse().map_err(|_| garbage())?;
        if length > BODY {
            return Err(garbage());
        }
        answer.body.resize(length, 0);
        self.stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.by_ref().take(LINE).read_line(&mut line)?;
        line.strip_suffix("\r\n").map(str::to_owned).ok_or_else(|| match line.is_empty() {
            true => ErrorKind::UnexpectedEof.into(),
            false => garbage(),
        })
    }
}

fn garbage() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "what came back is no answer of a ganger service")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(answer: &'static [u8]) -> io::Result<Answer> {
        let (ours, mut theirs) = UnixStream::pair()?;
        theirs.write_all(answer)?;
        drop(theirs);
        Client { stream: BufReader::new(ours) }.answer()
    }

    #[test]
    fn answers_are_read_and_garbage_is_told() {
        let answer =
            told(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nlocation: /v1/jobs/7\r\n\r\nhi").expect("whole");
        assert_eq!((answer.status, answer.header("Location"), &answer.body[..]), (201, Some("/v1/jobs/7"), &b"hi"[..]));
        assert_eq!(told(b"HTTP/1.1 204 No Content\r\n\r\n").expect("whole").body, b"");
        for (bytes, kind) in [
            (&b""[..], ErrorKind::UnexpectedEof),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhi", ErrorKind::UnexpectedEof),
            (b"SSH-2.0-OpenSSH\r\n", ErrorKind::InvalidData),
            (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n", ErrorKind::InvalidData),
            (b"HTTP/1.1 200 OK\r\nhalf", ErrorKind::InvalidData),
        ] {
            assert_eq!(told(bytes).expect_err("no answer").kind(), kind, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
