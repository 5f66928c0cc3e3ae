//! As much of HTTP as it takes to measure a service: one request after the other on one connection.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// One connection.
pub(crate) struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    pub(crate) fn connect(socket: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self { stream: BufReader::new(UnixStream::connect(socket)?) })
    }

    /// The body of the answer; another status than 2xx is an error.
    pub(crate) fn get(&mut self, path: &str) -> Result<String, Box<dyn Error>> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: ganger\r\n\r\n"))
    }

    pub(crate) fn post(&mut self, path: &str, json: &str) -> Result<String, Box<dyn Error>> {
        let head = "content-type: application/json\r\nhost: ganger";
        self.ask(&format!("POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: {}\r\n\r\n{json}", json.len()))
    }

    fn ask(&mut self, request: &str) -> Result<String, Box<dyn Error>> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (status, length) = self.head()?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let body = String::from_utf8(body)?;
        if status.split(' ').nth(1).is_some_and(|code| code.starts_with('2')) { Ok(body) } else { Err(body.into()) }
    }

    /// The status line, and how long the body is.
    fn head(&mut self) -> Result<(String, usize), Box<dyn Error>> {
        let (status, mut length) = (self.line()?, 0);
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse()?,
                Some(_) => {}
                None => return Ok((status, length)),
            }
        }
    }

    fn line(&mut self) -> Result<String, Box<dyn Error>> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err("the service has closed the connection".into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}
