//! What comes back: a head, and a body of a known length, in pieces, or to the end of the connection.

use std::io::{self, BufRead, ErrorKind, Read};

/// The longest body that is read at once: a service sends none that is longer.
const BODY: u64 = 64 << 20;
/// The longest line of a head.
const LINE: u64 = 16 << 10;
/// The most lines of a head.
const LINES: usize = 128;

/// What a service has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200, 201, 202: it was done; 4xx and 5xx: the body is a problem, with the remedy in `detail`.
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

    /// Whether what was asked for was done.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The head, with an empty body.
    pub(crate) fn head(from: &mut impl BufRead) -> io::Result<Self> {
        let status = line(from)?;
        let status = status.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
        let mut answer = Self { status: status.ok_or_else(garbage)?, headers: Vec::new(), body: Vec::new() };
        while let line = line(from)?
            && !line.is_empty()
        {
            let (name, value) = line.split_once(':').ok_or_else(garbage)?;
            answer.headers.push((name.to_owned(), value.trim().to_owned()));
            if answer.headers.len() > LINES {
                return Err(garbage());
            }
        }
        Ok(answer)
    }

    /// All of it.
    pub(crate) fn whole(from: &mut impl BufRead) -> io::Result<Self> {
        let mut answer = Self::head(from)?;
        let mut body = Vec::new();
        let length = Body::of(&answer, from)?.take(BODY + 1).read_to_end(&mut body)?;
        if length as u64 > BODY {
            return Err(garbage());
        }
        answer.body = body;
        Ok(answer)
    }
}

/// The body of an answer, as it comes. It ends when the service has said all of it.
#[derive(Debug)]
pub(crate) struct Body<R> {
    from: R,
    left: Left,
}

/// How much is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// So many bytes.
    Bytes(u64),
    /// So many of a piece, and then perhaps another piece.
    Piece(u64),
    /// The first piece.
    Pieces,
}

impl<R: BufRead> Body<R> {
    pub(crate) fn of(answer: &Answer, from: R) -> io::Result<Self> {
        let left = match (answer.header("transfer-encoding"), answer.header("content-length")) {
            (Some(coding), _) if coding.eq_ignore_ascii_case("chunked") => Left::Pieces,
            (Some(_), _) => return Err(garbage()),
            (None, length) => Left::Bytes(length.unwrap_or("0").parse().map_err(|_| garbage())?),
        };
        if matches!(left, Left::Bytes(length) if length > BODY) {
            return Err(garbage());
        }
        Ok(Self { from, left })
    }

    /// Reads how long the next piece is. The last one is empty.
    fn next_piece(&mut self) -> io::Result<()> {
        if self.left == Left::Piece(0) && !line(&mut self.from)?.is_empty() {
            return Err(garbage());
        }
        let size = line(&mut self.from)?;
        let size = size.split(';').next().and_then(|size| u64::from_str_radix(size.trim(), 16).ok());
        self.left = Left::Piece(size.ok_or_else(garbage)?);
        if self.left == Left::Piece(0) {
            while !line(&mut self.from)?.is_empty() {}
            self.left = Left::Bytes(0);
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Body<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if matches!(self.left, Left::Pieces | Left::Piece(0)) {
            self.next_piece()?;
        }
        let (Left::Bytes(left) | Left::Piece(left)) = &mut self.left else { return Ok(0) };
        if *left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let most = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.from.read(&mut buffer[..most])?;
        *left -= read as u64;
        if read == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(read) }
    }
}

fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    from.by_ref().take(LINE).read_line(&mut line)?;
    line.strip_suffix("\r\n").map(str::to_owned).ok_or_else(|| match line.is_empty() {
        true => ErrorKind::UnexpectedEof.into(),
        false => garbage(),
    })
}

fn garbage() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "what came back is no answer of a ganger service")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(mut answer: &[u8]) -> io::Result<Answer> {
        Answer::whole(&mut answer)
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
            (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", ErrorKind::InvalidData),
            (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-3\r\nabc\r\n", ErrorKind::InvalidData),
            (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab", ErrorKind::UnexpectedEof),
        ] {
            assert_eq!(told(bytes).expect_err("no answer").kind(), kind, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_body_in_pieces_is_put_together_and_its_end_is_seen() {
        let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\nHTTP";
        let mut rest = &bytes[..];
        assert_eq!(Answer::whole(&mut rest).expect("whole").body, b"abcde");
        assert_eq!(rest, b"HTTP", "the next answer is left alone");
    }
}
