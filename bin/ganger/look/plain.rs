//! Moments, durations, sizes, inputs and ends as people read them.

use std::time::{Duration, SystemTime};

use ganger_store::End;
use jiff::{Timestamp, tz::TimeZone};

/// How much of an input stands in a line, in characters.
const LONGEST: usize = 200;

/// In the time zone of this machine.
pub(crate) fn moment(moment: SystemTime) -> String {
    let local = Timestamp::try_from(moment).map(|stamp| stamp.to_zoned(TimeZone::system()));
    local.map_or_else(|_| "?".to_owned(), |local| local.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Three digits, or whole seconds.
///
/// `0.4 ms`, `12.3 ms`, `1.23 s`, `2m05s`, `3h02m`, `4d05h`
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 if duration < Duration::from_millis(10) => format!("{:.2} ms", duration.as_secs_f64() * 1e3),
        0 => format!("{:.0} ms", duration.as_secs_f64() * 1e3),
        1..10 => format!("{:.2} s", duration.as_secs_f64()),
        10..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// The same, from a number that is no duration if it is negative.
pub(crate) fn seconds(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// In units of 1024.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut size, mut unit) = (bytes as f64, 0);
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        (size, unit) = (size / 1024.0, unit + 1);
    }
    let digits = usize::from(unit > 0 && size < 100.0);
    format!("{size:.digits$} {}", UNITS[unit])
}

/// An input on a line: its arguments with a blank in between, what cannot be printed escaped, and cut where it is long.
pub(crate) fn line(input: &[u8]) -> String {
    let text = args(input).iter().map(|arg| String::from_utf8_lossy(arg)).collect::<Vec<_>>().join(" ");
    let mut line = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == LONGEST {
            line.push('…');
            break;
        }
        if c.is_control() { line.extend(c.escape_debug()) } else { line.push(c) }
    }
    line
}

/// The arguments of an input. Where it has several, there is a NUL between each two, which none can hold.
pub(crate) fn args(input: &[u8]) -> Vec<&[u8]> {
    input.split(|&byte| byte == 0).collect()
}

/// How an attempt ended, in words.
pub(crate) fn end(end: &End) -> String {
    match end {
        End::Exit(0) => "success".to_owned(),
        End::Exit(code) => format!("exit code {code}"),
        End::Signal(number) => signal(*number),
        End::OutOfMemory => "out of memory".to_owned(),
        End::TimeLimit => "time limit".to_owned(),
        End::CpuLimit => "limit of processor time".to_owned(),
        End::Crashed(how) => format!("worker crashed: {how}"),
        End::Error(why) => format!("error: {why}"),
        End::NotStarted(why) => format!("not started: {why}"),
        End::Stopped => "stopped with its run".to_owned(),
    }
}

fn signal(number: i32) -> String {
    const NAMES: [(i32, &str); 12] = [
        (1, "SIGHUP"),
        (2, "SIGINT"),
        (3, "SIGQUIT"),
        (4, "SIGILL"),
        (6, "SIGABRT"),
        (7, "SIGBUS"),
        (8, "SIGFPE"),
        (9, "SIGKILL"),
        (11, "SIGSEGV"),
        (13, "SIGPIPE"),
        (15, "SIGTERM"),
        (24, "SIGXCPU"),
    ];
    let name = NAMES.iter().find(|(of, _)| *of == number).map(|(_, name)| format!(" ({name})"));
    format!("signal {number}{}", name.unwrap_or_default())
}

/// A number of things a second, to three digits or whole.
pub(crate) fn rate(rate: f64) -> String {
    let digits = if rate >= 100.0 {
        0
    } else if rate >= 10.0 {
        1
    } else {
        2
    };
    format!("{rate:.digits$}")
}

/// `1 task`, `2 tasks`.
pub(crate) fn count(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Rows in columns; those that hold numbers stand at the right.
pub(crate) fn table(rows: &[Vec<String>], right: &[usize]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut table = String::new();
    for row in rows {
        let cell = |at: usize| match (&row[at], widths[at]) {
            (cell, width) if right.contains(&at) => format!("{cell:>width$}"),
            (cell, _) if at + 1 == columns => cell.clone(),
            (cell, width) => format!("{cell:<width$}"),
        };
        let cells: Vec<String> = (0..columns).map(cell).collect();
        table.push_str(cells.join("  ").trim_end());
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_have_three_digits() {
        let table = [(0.000_4, "0.40 ms"), (0.0123, "12 ms"), (1.234, "1.23 s"), (125.0, "2m05s"), (90_000.0, "1d01h")];
        for (seconds, text) in table {
            assert_eq!(duration(Duration::from_secs_f64(seconds)), text);
        }
        assert_eq!([size(0), size(1023), size(1536), size(200 << 20)], ["0 B", "1023 B", "1.5 KiB", "200 MiB"]);
    }

    #[test]
    fn an_input_stays_on_its_line() {
        assert_eq!(line(b"a\0b c\0\xff\n\x1b[31m"), "a b c \u{fffd}\\n\\u{1b}[31m");
        assert_eq!(line("é".repeat(300).as_bytes()).chars().count(), LONGEST + 1);
    }
}
