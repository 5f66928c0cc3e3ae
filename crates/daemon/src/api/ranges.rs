//! Bytes, all of them or a range.

use std::ops::Range;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// The bytes that are asked for. They are nobody's page: a browser neither guesses their type nor shows them.
pub(super) fn answer(mut bytes: Vec<u8>, headers: &HeaderMap) -> Result<Response, Problem> {
    let total = bytes.len();
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let plain = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::ACCEPT_RANGES, "bytes"),
    ];
    let Some(range) = asked.and_then(|asked| parse(asked, total)) else {
        return Ok((plain, Body::from(bytes)).into_response());
    };
    let Some(range) = range else {
        let detail = format!("it has {total} bytes; ask for a range that begins before its end");
        return Err(Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", "the range is not there", detail));
    };
    let told = [(header::CONTENT_RANGE, format!("bytes {}-{}/{total}", range.start, range.end - 1))];
    bytes.truncate(range.end);
    Ok((StatusCode::PARTIAL_CONTENT, plain, told, Body::from(bytes.split_off(range.start))).into_response())
}

/// One range of bytes. None: what is asked for is not such, and as the standard has it, all is sent. Some(None): there are no
/// such bytes.
fn parse(asked: &str, total: usize) -> Option<Option<Range<usize>>> {
    let (first, last) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<usize>().unwrap_or(usize::MAX))
    };
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
