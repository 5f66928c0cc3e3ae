//! Bytes within quotes, as they come.

/// A value within quotes.
pub(super) trait Escape {
    /// Adds some of it to `out`.
    fn put(&mut self, bytes: &[u8], out: &mut Vec<u8>);
    /// Adds what was held back for the rest of it.
    fn end(&mut self, out: &mut Vec<u8>);
}

/// Of comma-separated values: a quote is doubled.
pub(super) struct Doubled;

impl Escape for Doubled {
    fn put(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for part in bytes.split_inclusive(|&byte| byte == b'"') {
            out.extend_from_slice(part);
            out.extend(part.ends_with(b"\"").then_some(b'"'));
        }
    }

    fn end(&mut self, _: &mut Vec<u8>) {}
}

/// Of JSON. What is no UTF-8 becomes U+FFFD, since JSON has no bytes.
#[derive(Default)]
pub(super) struct Json {
    /// A character that is not whole yet.
    begun: Vec<u8>,
}

impl Escape for Json {
    fn put(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let joined = [std::mem::take(&mut self.begun).as_slice(), bytes].concat();
        let mut chunks = joined.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            put(chunk.valid(), out);
            let is_last = chunks.peek().is_none();
            if is_last && may_go_on(chunk.invalid()) {
                self.begun = chunk.invalid().to_vec();
            } else if !chunk.invalid().is_empty() {
                put("\u{fffd}", out);
            }
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if !std::mem::take(&mut self.begun).is_empty() {
            put("\u{fffd}", out);
        }
    }
}

/// Whether more bytes may make a character of it.
fn may_go_on(invalid: &[u8]) -> bool {
    str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none())
}

fn put(text: &str, out: &mut Vec<u8>) {
    // Text is always JSON, and the quotes around it are written already.
    let quoted = serde_json::to_string(text).unwrap_or_default();
    out.extend_from_slice(quoted.get(1..quoted.len() - 1).unwrap_or_default().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(mut escape: impl Escape, pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        pieces.iter().for_each(|piece| escape.put(piece, &mut out));
        escape.end(&mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn quotes_are_escaped() {
        assert_eq!(escaped(Doubled, &[b"a\"", b"\"b\n"]), "a\"\"\"\"b\n");
        assert_eq!(escaped(Json::default(), &[b"a\"\n\\"]), r#"a\"\n\\"#);
        assert_eq!(escaped(Json::default(), &[b"\"q\""]), r#"\"q\""#);
    }

    #[test]
    fn a_character_may_come_in_pieces() {
        for at in 0..="ä€😀".len() {
            let (one, other) = "ä€😀".as_bytes().split_at(at);
            assert_eq!(escaped(Json::default(), &[one, other]), "ä€😀", "{at}");
        }
        assert_eq!(escaped(Json::default(), &[b"\xffa", b"\xe2\x82"]), "\u{fffd}a\u{fffd}");
    }
}
