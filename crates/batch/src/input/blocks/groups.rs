//! Lines with the same value of a column stay together.

use regex::bytes::Regex;

/// What makes lines belong together.
#[derive(Clone, Debug)]
pub struct Groups {
    /// What stands between the columns of a line.
    pub between: Regex,
    /// Whose value counts.
    pub column: Column,
}

/// A column, or what stands for one.
#[derive(Clone, Debug)]
pub enum Column {
    /// By its number, from 1.
    Number(usize),
    /// By its name in the header.
    Name(String),
    /// What matches this, or its first group.
    Pattern(Regex),
}

impl std::fmt::Display for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Column::Number(number) => number.fmt(f),
            Column::Name(name) => name.fmt(f),
            Column::Pattern(pattern) => pattern.fmt(f),
        }
    }
}

impl Groups {
    /// With the number of a column in place of its name, where the header has it. None: it has not.
    pub(super) fn named(&self, header: &[u8]) -> Option<Self> {
        let Column::Name(name) = &self.column else { return Some(self.clone()) };
        let mut names = self.between.split(header.trim_ascii_end());
        let at = names.position(|other| other == name.as_bytes())?;
        Some(Self { between: self.between.clone(), column: Column::Number(at + 1) })
    }

    /// Where the next line has another value than the first, from the beginning of a line on. `ended`: there are no more
    /// bytes, so the last line is whole.
    pub(super) fn next(&self, bytes: &[u8], from: usize, ended: bool) -> Option<usize> {
        self.borders(bytes.get(from..)?, ended).next().map(|border| from + border)
    }

    /// The last such place.
    pub(super) fn last(&self, bytes: &[u8]) -> Option<usize> {
        self.borders(bytes, false).last()
    }

    fn borders<'b>(&'b self, bytes: &'b [u8], ended: bool) -> impl Iterator<Item = usize> + 'b {
        let mut before: Option<&[u8]> = None;
        let mut end = 0;
        let lines = bytes.split_inclusive(|&byte| byte == b'\n');
        lines.filter(move |line| ended || line.ends_with(b"\n")).filter_map(move |line| {
            let (start, value) = (end, self.value(line.strip_suffix(b"\n").unwrap_or(line)));
            end += line.len();
            (before.replace(value)? != value).then_some(start)
        })
    }

    fn value<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        match &self.column {
            Column::Number(number) => self.between.split(line).nth(number - 1).unwrap_or_default(),
            Column::Name(_) => b"",
            Column::Pattern(pattern) => {
                let found = pattern.captures(line);
                found.and_then(|found| found.get(1).or_else(|| found.get(0))).map_or(b"", |value| value.as_bytes())
            }
        }
    }
}
