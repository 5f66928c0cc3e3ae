//! What is made of what is read: where an input ends, what is cut off it, and whether it has columns.

use regex::bytes::Regex;

use super::args::Args;

/// How inputs are read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What ends an input: a newline or NUL. The last one may lack it.
    pub delimiter: u8,
    /// An input like this ends the list; it and what follows is not taken.
    pub end: Option<Vec<u8>>,
    /// Whether inputs of blanks alone are left out.
    pub skip_blank: bool,
    /// What is cut off each argument.
    pub trim: Trim,
    /// Whether an input is several arguments.
    pub columns: Columns,
}

impl Default for Reading {
    fn default() -> Self {
        Self { delimiter: b'\n', end: None, skip_blank: false, trim: Trim::default(), columns: Columns::One }
    }
}

/// Which blanks are cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trim {
    /// Those at the beginning.
    pub left: bool,
    /// Those at the end.
    pub right: bool,
}

/// Whether an input is several arguments.
#[derive(Clone, Debug, Default)]
pub enum Columns {
    /// It is one.
    #[default]
    One,
    /// What matches stands between two.
    Separated(Regex),
    /// As in comma-separated values: what is in quotes may have the separator in it, and newlines.
    Csv(u8),
}

/// A record as one has it before it is looked at, or that there is no more.
pub(super) enum Made {
    Args(Args),
    Skipped,
    TheEnd,
}

impl Reading {
    /// Nothing is looked for in an input.
    pub(crate) fn is_plain(&self) -> bool {
        self.end.is_none() && !self.skip_blank && self.trim == Trim::default() && !self.has_columns()
    }

    pub(super) fn has_columns(&self) -> bool {
        !matches!(self.columns, Columns::One)
    }

    pub(super) fn make(&self, record: Vec<u8>) -> Made {
        if self.is_plain() {
            return Made::Args(Args::one(record));
        }
        if self.end.as_ref().is_some_and(|end| *end == record) {
            return Made::TheEnd;
        }
        if self.skip_blank && record.iter().all(u8::is_ascii_whitespace) {
            return Made::Skipped;
        }
        Made::Args(self.split(record))
    }

    fn split(&self, record: Vec<u8>) -> Args {
        match &self.columns {
            Columns::One if self.trim == Trim::default() => Args::one(record),
            Columns::One => Args::one(self.trim.of(&record).to_vec()),
            Columns::Separated(separator) => separator.split(&record).map(|column| self.trim.of(column)).collect(),
            Columns::Csv(separator) => csv(&record, *separator).iter().map(|column| self.trim.of(column)).collect(),
        }
    }
}

impl Trim {
    fn of(self, value: &[u8]) -> &[u8] {
        let value = if self.left { value.trim_ascii_start() } else { value };
        if self.right { value.trim_ascii_end() } else { value }
    }
}

/// The columns of one record. What is no well-formed CSV has columns as well: the reader knows no errors but of UTF-8.
fn csv(record: &[u8], separator: u8) -> csv::ByteRecord {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(record);
    let mut columns = csv::ByteRecord::new();
    match reader.read_byte_record(&mut columns) {
        Ok(true) => columns,
        // An empty line is skipped by the reader; here it is an input like any other.
        Ok(false) | Err(_) => csv::ByteRecord::from(vec![record]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(reading: &Reading, record: &str) -> Option<Vec<String>> {
        match reading.make(record.as_bytes().to_vec()) {
            Made::Args(args) => Some(args.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect()),
            Made::Skipped => Some(vec!["skipped".to_owned()]),
            Made::TheEnd => None,
        }
    }

    #[test]
    fn columns_are_split() {
        let separated = |by: &str| Columns::Separated(Regex::new(by).expect("a pattern"));
        let table: [(Columns, &str, &[&str]); 9] = [
            (Columns::One, "a b", &["a b"]),
            (separated(","), "a,,b", &["a", "", "b"]),
            (separated(r"\t"), "a\tb c", &["a", "b c"]),
            (separated(r"\s*;\s*"), "a ; b;c", &["a", "b", "c"]),
            (separated(","), "", &[""]),
            (
                Columns::Csv(b','),
                r#""1 big, 2 small","2""x4"" plank",12.34"#,
                &["1 big, 2 small", "2\"x4\" plank", "12.34"],
            ),
            (Columns::Csv(b';'), "\"a\nb\";c", &["a\nb", "c"]),
            (Columns::Csv(b','), "", &[""]),
            (Columns::Csv(b','), "a,\"b", &["a", "b"]),
        ];
        for (columns, record, wanted) in table {
            let reading = Reading { columns, ..Reading::default() };
            assert_eq!(made(&reading, record).expect("arguments"), wanted, "{record:?}");
        }
    }

    #[test]
    fn blanks_are_cut_off_and_ends_are_found() {
        let trim = |left, right| Reading { trim: Trim { left, right }, ..Reading::default() };
        assert_eq!(made(&trim(true, false), " A "), Some(vec!["A ".to_owned()]));
        assert_eq!(made(&trim(false, true), " A "), Some(vec![" A".to_owned()]));
        assert_eq!(made(&trim(true, true), "\t A "), Some(vec!["A".to_owned()]));
        let reading = Reading { end: Some(b"stop".to_vec()), skip_blank: true, ..Reading::default() };
        assert_eq!(made(&reading, "stop"), None);
        assert_eq!(made(&reading, " "), Some(vec!["skipped".to_owned()]));
        assert_eq!(made(&reading, "x"), Some(vec!["x".to_owned()]));
    }
}
