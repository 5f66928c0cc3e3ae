//! Times and sizes, as people write them.

use std::time::Duration;

/// Reads a time: seconds (`10`, `0.5`), or numbers with units (`1d3.5h16.6m4s`, `250ms`).
///
/// ```
/// use std::time::Duration;
/// use ganger_batch::parse_duration;
///
/// assert_eq!(parse_duration("1.5m"), Ok(Duration::from_secs(90)));
/// assert!(parse_duration("soon").is_err());
/// ```
///
/// # Errors
/// When it is none; the error says what one looks like.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is seconds, or numbers with units: `10`, `0.5`, `250ms`, `2m`, `1d3.5h16.6m4s`".to_owned();
    if text.strip_prefix('-').is_some_and(|time| parse_duration(time).is_ok()) {
        return Err("a time cannot be negative".to_owned());
    }
    let (mut rest, mut seconds) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let number: f64 = number.parse().map_err(|_| wrong())?;
        seconds += number * seconds_of(unit).ok_or_else(wrong)?;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|_| !text.is_empty()).ok_or_else(wrong)
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    })
}

/// Reads a size in bytes: a number (`4096`), with a unit of powers of 1024 (`64K`, `1.5G`, `512MiB`) or of 1000 (`64k`,
/// `100m`, `4g`, `4GB`).
///
/// ```
/// use ganger_batch::parse_size;
///
/// assert_eq!(parse_size("1.5G"), Ok(3 << 29));
/// assert_eq!(parse_size("10k"), Ok(10_000));
/// assert!(parse_size("much").is_err());
/// ```
///
/// # Errors
/// When it is none; the error says what one looks like.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || {
        "a size is a number of bytes, or one with a unit: `64K`, `512M`, `1.5G`, `2TiB` (powers of 1024); `64k`, `512m`, `4GB` (powers of 1000)".to_owned()
    };
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let bytes = number.parse::<f64>().map_err(|_| wrong())? * bytes_of(unit).ok_or_else(wrong)?;
    // Above that, a number is none that is exact, and no machine has as much.
    if bytes < 2f64.powi(63) { Ok(bytes.round() as u64) } else { Err(wrong()) }
}

/// As GNU parallel has the single letters: large ones are powers of 1024, small ones of 1000.
fn bytes_of(unit: &str) -> Option<f64> {
    let power = |letter: char| "kmgtp".find(letter.to_ascii_lowercase()).map(|at| at as i32 + 1);
    let letters: Vec<char> = unit.chars().collect();
    let (base, power) = match letters[..] {
        [] | ['B'] => (1000f64, 0),
        [letter] if letter.is_ascii_uppercase() => (1024., power(letter)?),
        [letter] => (1000., power(letter)?),
        [letter, 'i', 'B'] => (1024., power(letter)?),
        [letter, 'B'] => (1000., power(letter)?),
        _ => return None,
    };
    Some(base.powi(power))
}

/// A size for people: `1.5G`, `640K`, in the units that [`parse_size`] reads.
pub(crate) fn show_size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["", "K", "M", "G", "T", "P"];
    let (mut size, mut unit) = (bytes as f64, 0);
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        (size, unit) = (size / 1024.0, unit + 1);
    }
    let shown = format!("{size:.1}");
    format!("{}{}", shown.strip_suffix(".0").unwrap_or(&shown), UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let table = [
            ("10", 10_000),
            ("0.5", 500),
            (".5", 500),
            ("10s", 10_000),
            ("250ms", 250),
            ("2m", 120_000),
            ("1h30m", 5_400_000),
            ("1d3.5h16.6m4s", 100_000_000),
            ("0", 0),
        ];
        for (text, milliseconds) in table {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "s", "10x", "-1", "1..5", "1e3s", "ten", "10 s", "99999999999999999999d"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert!(parse_duration("-1.5s").expect_err("before now").contains("negative"));
    }

    #[test]
    fn sizes_are_read() {
        let table = [
            ("0", 0),
            ("4096", 4096),
            ("1K", 1024),
            ("1k", 1000),
            ("1.5G", 3 << 29),
            (".5M", 1 << 19),
            ("512MiB", 512 << 20),
            ("4GB", 4_000_000_000),
            ("2kB", 2000),
            ("7B", 7),
            ("1T", 1 << 40),
            ("2P", 2 << 50),
        ];
        for (text, bytes) in table {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "K", "-1", "1x", "1..5", "1e3", "1 K", "1KK", "1iB", "99999999999P", "inf"] {
            assert!(parse_size(text).is_err_and(|told| told.contains("1.5G")), "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_as_they_are_read() {
        for (bytes, shown) in [(0, "0"), (1000, "1000"), (1 << 20, "1M"), (3 << 29, "1.5G"), (1_000_000, "976.6K")] {
            assert_eq!(show_size(bytes), shown);
        }
    }
}
