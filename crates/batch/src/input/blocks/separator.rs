//! Where one record ends and the next begins.

use memchr::memmem;
use regex::bytes::Regex;

use super::groups::Groups;

/// What stands between two records: the end of the one, and the beginning of the next.
#[derive(Clone, Debug)]
pub enum Separator {
    /// These bytes. Both empty: a record may end anywhere.
    Text {
        /// With which a record ends.
        end: Vec<u8>,
        /// With which the next begins.
        start: Vec<u8>,
    },
    /// What matches these.
    Pattern(Box<Pattern>),
    /// Lines whose value is the same are one record.
    Groups(Box<Groups>),
}

/// Records by regular expressions.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// Both, the end as a group.
    between: Regex,
    /// The beginning of a record at the beginning of a block, and its end at the end of one.
    edges: [Regex; 2],
}

impl Separator {
    /// Of records that end, or begin, with what matches an expression.
    ///
    /// ```
    /// assert!(ganger_batch::Separator::pattern("-+\n", "").is_ok());
    /// ```
    ///
    /// # Errors
    /// When it is no regular expression.
    pub fn pattern(end: &str, start: &str) -> Result<Self, regex::Error> {
        let end = if end.is_empty() && start.is_empty() { "(?s:.)" } else { end };
        let between = Regex::new(&format!("(?m)((?:{end}))(?:{start})"))?;
        let edges = [Regex::new(&format!(r"\A(?:{start})"))?, Regex::new(&format!(r"(?:{end})\z"))?];
        Ok(Separator::Pattern(Box::new(Pattern { between, edges })))
    }

    /// The first border in `bytes` behind `from`, where the last one may be, or the beginning.
    /// `ended`: there are no more bytes than these.
    pub(super) fn next(&self, bytes: &[u8], from: usize, ended: bool) -> Option<usize> {
        match self {
            Separator::Text { end, start } if end.is_empty() && start.is_empty() => {
                Some(from + 1).filter(|border| *border <= bytes.len())
            }
            Separator::Text { end, start } => {
                let from = from + self.overlap();
                let found = memmem::find(bytes.get(from..)?, &[end.as_slice(), start].concat())?;
                Some(from + found + end.len())
            }
            Separator::Pattern(pattern) => pattern.borders(bytes, from).find(|border| *border > from),
            Separator::Groups(groups) => groups.next(bytes, from, ended),
        }
    }

    /// The last border.
    pub(super) fn last(&self, bytes: &[u8]) -> Option<usize> {
        let border = match self {
            Separator::Text { end, start } if end.is_empty() && start.is_empty() => Some(bytes.len()),
            Separator::Text { end, start } => {
                memmem::rfind(bytes, &[end.as_slice(), start].concat()).map(|at| at + end.len())
            }
            Separator::Pattern(pattern) => pattern.borders(bytes, 0).last(),
            Separator::Groups(groups) => groups.last(bytes),
        };
        border.filter(|border| *border > 0)
    }

    /// How far back from the end of what was looked at without success a border may begin that is not whole yet.
    pub(super) fn reach(&self, looked: usize) -> usize {
        match self {
            Separator::Text { end, start } => looked.min((end.len() + start.len() + self.overlap()).saturating_sub(1)),
            Separator::Pattern(_) | Separator::Groups(_) => looked,
        }
    }

    /// Whether a border can be looked for further where there was none, and not from the last one on.
    pub(super) fn resumes(&self) -> bool {
        matches!(self, Separator::Text { .. })
    }

    /// How far behind a border the separator of the next one begins at least: it is its own beginning where records have
    /// no end.
    pub(super) fn overlap(&self) -> usize {
        match self {
            Separator::Text { end, .. } => usize::from(end.is_empty()),
            Separator::Pattern(_) | Separator::Groups(_) => 0,
        }
    }

    /// A block without what stands between and around its records.
    pub(super) fn removed(&self, block: &[u8]) -> Vec<u8> {
        match self {
            Separator::Text { end, start } => {
                let block = block.strip_prefix(start.as_slice()).unwrap_or(block);
                let block = block.strip_suffix(end.as_slice()).unwrap_or(block);
                let between = [end.as_slice(), start].concat();
                let mut kept = Vec::with_capacity(block.len());
                let mut from = 0;
                for at in memmem::find_iter(block, &between).filter(|_| !between.is_empty()) {
                    kept.extend_from_slice(&block[from..at]);
                    from = at + between.len();
                }
                kept.extend_from_slice(&block[from..]);
                kept
            }
            Separator::Groups(_) => block.to_vec(),
            Separator::Pattern(pattern) => {
                let [start, end] = &pattern.edges;
                let block = start.replace(block, &b""[..]);
                let block = end.replace(&block, &b""[..]);
                pattern.between.replace_all(&block, &b""[..]).into_owned()
            }
        }
    }
}

impl Pattern {
    fn borders<'b>(&'b self, bytes: &'b [u8], from: usize) -> impl Iterator<Item = usize> + 'b {
        let after = bytes.get(from..).unwrap_or_default();
        let ends = self.between.captures_iter(after).filter_map(|found| found.get(1));
        ends.map(move |end| from + end.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(end: &[u8], start: &[u8]) -> Separator {
        Separator::Text { end: end.to_vec(), start: start.to_vec() }
    }

    #[test]
    fn borders_are_found_from_both_sides() {
        let pattern = Separator::pattern("-+", "a").expect("an expression");
        let table = [
            (text(b"\n", b""), &b"a\nb\nc"[..], Some(2), Some(4)),
            (text(b"\n", b""), b"\n\n", Some(1), Some(2)),
            (text(b"", b">"), b">a>b", Some(2), Some(2)),
            (text(b"\n", b">"), b">a\nb\n>c\n", Some(5), Some(5)),
            (text(b"--", b""), b"a----b", Some(3), Some(5)),
            (text(b"", b""), b"abc", Some(1), Some(3)),
            (text(b"\n", b""), b"abc", None, None),
            (pattern, b"x-b--a-ac", Some(5), Some(7)),
        ];
        for (separator, bytes, next, last) in table {
            assert_eq!((separator.next(bytes, 0, false), separator.last(bytes)), (next, last), "{separator:?}");
        }
    }

    #[test]
    fn what_is_between_is_removed() {
        assert_eq!(text(b"\n", b"").removed(b"a\nb\n"), b"ab");
        assert_eq!(text(b"</r>", b"<r>").removed(b"<r>a</r><r>b</r>"), b"ab");
        assert_eq!(text(b"", b"").removed(b"ab"), b"ab");
        assert_eq!(Separator::pattern(";+", "").expect("an expression").removed(b"a;;b;"), b"ab");
    }
}
