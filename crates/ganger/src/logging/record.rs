//! A record as it travels: text, cut where it is too long.

use std::fmt::{self, Display, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use ganger_proto::log_record::{LOG_RECORD_LIMIT, LogRecord};
use log::kv::{Error, Key, Value, VisitSource};
use log::{Level, LevelFilter};

use crate::worker::current_attempt;

/// So much of a record may be text: the rest is for its lengths and numbers, and for the marks where it was cut.
const TEXT: usize = LOG_RECORD_LIMIT - 1024;

/// What one more key and value take beside their text, in bytes.
const PAIR: usize = 16;

/// The level of that number, if there is one.
pub(crate) fn level(number: u8) -> Option<Level> {
    filter(number).and_then(|filter| filter.to_level())
}

/// The same for what is let through.
pub(crate) fn filter(number: u8) -> Option<LevelFilter> {
    LevelFilter::iter().nth(number.into())
}

/// What this thread logs.
pub(crate) fn record(record: &log::Record<'_>) -> LogRecord {
    let mut room = Room(TEXT);
    LogRecord {
        level: record.level() as u8,
        target: room.take(record.target()),
        module_path: record.module_path().map(|path| room.take(path)),
        file: record.file().map(|file| room.take(file)),
        line: record.line(),
        message: room.take(record.args()),
        key_values: key_values(record, &mut room),
        time: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        pid: std::process::id(),
        task: current_attempt(),
    }
}

fn key_values(record: &log::Record<'_>, room: &mut Room) -> Vec<(String, String)> {
    let mut pairs = Pairs { room, taken: Vec::new() };
    // It ends early when there is no more room.
    let _ = record.key_values().visit(&mut pairs);
    pairs.taken
}

struct Pairs<'a> {
    room: &'a mut Room,
    taken: Vec<(String, String)>,
}

impl<'kvs> VisitSource<'kvs> for Pairs<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        self.room.0 = self.room.0.checked_sub(PAIR).ok_or(fmt::Error)?;
        self.taken.push((self.room.take(key), self.room.take(value)));
        Ok(())
    }
}

/// How many more bytes of text there is room for.
struct Room(usize);

impl Room {
    /// As much of a text as there is room for, and a mark where it was cut. Nothing longer is ever in memory.
    fn take(&mut self, text: impl Display) -> String {
        let mut taken = Text { kept: String::new(), cut: 0, room: self };
        // What fails to show itself is shown as far as it came.
        let _ = write!(taken, "{text}");
        match taken.cut {
            0 => taken.kept,
            cut => format!("{}… ({cut} bytes cut)", taken.kept),
        }
    }
}

struct Text<'a> {
    kept: String,
    cut: usize,
    room: &'a mut Room,
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let kept = &text[..text.floor_char_boundary(self.room.0)];
        self.kept.push_str(kept);
        self.cut += text.len() - kept.len();
        self.room.0 = if self.cut == 0 { self.room.0 - kept.len() } else { 0 };
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;
    use ganger_proto::codec;

    fn encoded(record: &LogRecord) -> Vec<u8> {
        codec::encode(record, LOG_RECORD_LIMIT as u64).unwrap()
    }

    #[test]
    fn a_short_record_is_whole() {
        let pairs: &[(&str, Value<'_>)] = &[("n", Value::from(7)), ("name", Value::from("a b"))];
        let mut builder = log::Record::builder();
        builder.level(Level::Warn).target("t").key_values(&pairs);
        let record = record(&builder.args(format_args!("ä{}", 1)).build());
        assert_eq!((level(record.level), &*record.target, &*record.message), (Some(Level::Warn), "t", "ä1"));
        assert_eq!(record.key_values, [("n".into(), "7".into()), ("name".into(), "a b".into())]);
        assert_eq!(record.task, None);
        assert_eq!(codec::decode::<LogRecord>(&encoded(&record), LOG_RECORD_LIMIT as u64).unwrap(), record);
    }

    #[test]
    fn a_long_record_is_cut_with_a_mark() {
        let long = "ä".repeat(LOG_RECORD_LIMIT);
        let record = record(&log::Record::builder().args(format_args!("x{long}{long}")).build());
        let kept = record.message.strip_suffix(" bytes cut)").unwrap();
        let (kept, cut) = kept.rsplit_once("… (").unwrap();
        assert_eq!(kept.len() + cut.parse::<usize>().unwrap(), 4 * LOG_RECORD_LIMIT + 1);
        assert!(kept.len() > TEXT - 10 && encoded(&record).len() <= LOG_RECORD_LIMIT);
    }

    #[test]
    fn whatever_is_long_the_record_fits() {
        let (key, value) = ("k".repeat(20), "v".repeat(100));
        let pairs = vec![(&*key, &*value); 10_000];
        let pairs = &*pairs;
        let long = "l".repeat(LOG_RECORD_LIMIT);
        let made = |builder: &mut log::RecordBuilder<'_>| encoded(&record(&builder.build())).len();
        assert!(made(log::Record::builder().key_values(&pairs)) <= LOG_RECORD_LIMIT);
        let mut all = log::Record::builder();
        all.target(&long).module_path(Some(&long)).file(Some(&long)).key_values(&pairs);
        assert!(made(&mut all) <= LOG_RECORD_LIMIT);
    }

    #[test]
    fn numbers_that_are_no_level_are_none() {
        assert_eq!([0, 1, 5, 6, 255].map(level), [None, Some(Level::Error), Some(Level::Trace), None, None]);
        assert_eq!([0, 5, 6].map(filter), [Some(LevelFilter::Off), Some(LevelFilter::Trace), None]);
    }
}
