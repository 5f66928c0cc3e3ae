//! Bytes, all of them or a range.

use std::ops::Range;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// What is asked for of so many bytes.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) range: Range<u64>,
    total: u64,
    /// Whether a range was asked for.
    ranged: bool,
}

impl Part {
    pub(super) fn of(headers: &HeaderMap, total: u64) -> Result<Self, Problem> {
        let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
        match asked.and_then(|asked| parse(asked, total)) {
            None => Ok(Self { range: 0..total, total, ranged: false }),
            Some(Some(range)) => Ok(Self { range, total, ranged: true }),
            Some(None) => {
                let detail = format!("it has {total} bytes; ask for a range that begins before its end");
                Err(Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", "the range is not there", detail))
            }
        }
    }

    /// The answer with these bytes.
    pub(super) fn answer(&self, body: Body) -> Response {
        let Self { range: Range { start, end }, total, ranged } = self;
        let length = [(header::CONTENT_LENGTH, (end - start).to_string()), (header::ACCEPT_RANGES, "bytes".to_owned())];
        if !ranged {
            return (PLAIN, length, body).into_response();
        }
        let told = [(header::CONTENT_RANGE, format!("bytes {start}-{}/{total}", end - 1))];
        (StatusCode::PARTIAL_CONTENT, PLAIN, length, told, body).into_response()
    }
}

/// They are nobody's page: a browser neither guesses their type nor shows them.
pub(super) const PLAIN: [(header::HeaderName, &str); 2] =
    [(header::CONTENT_TYPE, "application/octet-stream"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];

/// One range of bytes. None: what is asked for is not such, and as the standard has it, all is sent. Some(None): there are no
/// such bytes.
fn parse(asked: &str, total: u64) -> Option<Option<Range<u64>>> {
    let (first, last) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().unwrap_or(u64::MAX));
    let range = match (first.is_empty(), last.is_empty()) {
        (true, true) => return None,
        (true, false) => total.saturating_sub(number(last)?)..total,
        (false, true) => number(first)?..total,
        (false, false) => number(first)?..number(last)?.saturating_add(1).min(total),
    };
    Some((range.start < range.end).then_some(range))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn ranges_are_read_as_the_standard_has_it() {
        assert_eq!(parse("bytes=0-4", 10), Some(Some(0..5)));
        assert_eq!(parse("bytes=5-", 10), Some(Some(5..10)));
        assert_eq!(parse("bytes=-3", 10), Some(Some(7..10)));
        assert_eq!(parse("bytes=-99", 10), Some(Some(0..10)));
        assert_eq!(parse("bytes=8-99999999999999999999999", 10), Some(Some(8..10)));
        assert_eq!(parse("bytes=10-", 10), Some(None));
        assert_eq!(parse("bytes=4-2", 10), Some(None));
        assert_eq!(parse("bytes=0-", 0), Some(None));
        for whole in ["bytes=-", "lines=1-2", "bytes=a-b", "bytes=0-1,3-4", "bytes"] {
            assert_eq!(parse(whole, 10), None, "{whole}");
        }
    }
}
