//! A file in TOML, and where in it something stands.

use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file, as it was read.
#[derive(Debug)]
pub(crate) struct Document {
    path: PathBuf,
    text: String,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    path: PathBuf,
    /// Line and column, from 1. None: it is about the whole.
    place: Option<(usize, usize)>,
    why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        self.place.iter().try_for_each(|(line, column)| write!(f, "{line}:{column}:"))?;
        write!(f, " {}", self.why)
    }
}

/// A key with its value.
pub(crate) struct Entry<'d> {
    pub(crate) key: String,
    /// Where the key stands.
    pub(crate) at: Range<usize>,
    pub(crate) value: Node<'d>,
}

/// A value with its place.
#[derive(Debug)]
pub(crate) struct Node<'d> {
    document: &'d Document,
    pub(crate) at: Range<usize>,
    pub(crate) value: DeValue<'d>,
}

impl Document {
    pub(crate) fn read(path: &Path) -> Result<Self, Fault> {
        let fault = |error: &dyn fmt::Display| Fault { path: path.into(), place: None, why: error.to_string() };
        let bytes = fs::read(path).map_err(|error| fault(&error))?;
        let text = String::from_utf8(bytes).map_err(|_| fault(&"it is not UTF-8, as TOML must be"))?;
        Ok(Self { path: path.into(), text })
    }

    /// The entries of the whole, in the order in which they stand there.
    pub(crate) fn entries(&self) -> Result<Vec<Entry<'_>>, Fault> {
        let table = DeTable::parse(&self.text).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            // The parser ends its sentences with lines of their own.
            self.fault(at, error.message().trim().replace('\n', "; "))
        })?;
        Ok(self.of(table.into_inner()))
    }

    fn of<'d>(&'d self, table: DeTable<'d>) -> Vec<Entry<'d>> {
        let entry = |(key, value): (Spanned<std::borrow::Cow<'d, str>>, Spanned<DeValue<'d>>)| Entry {
            at: key.span(),
            key: key.into_inner().into_owned(),
            value: Node { document: self, at: value.span(), value: value.into_inner() },
        };
        let mut entries: Vec<_> = table.into_iter().map(entry).collect();
        entries.sort_by_key(|entry| entry.at.start);
        entries
    }

    pub(crate) fn fault(&self, at: Range<usize>, why: impl Into<String>) -> Fault {
        let before = &self.text[..floor(&self.text, at.start)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Fault { path: self.path.clone(), place: Some((line, column)), why: why.into() }
    }
}

/// The last character boundary up to a byte.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

impl<'d> Node<'d> {
    pub(crate) fn fault(&self, why: impl Into<String>) -> Fault {
        self.document.fault(self.at.clone(), why)
    }

    fn wrong(&self, wanted: &str) -> Fault {
        self.fault(format!("it is {}, and must be {wanted}", with_article(self.value.type_str())))
    }

    pub(crate) fn text(self) -> Result<String, Fault> {
        let text = self.value.as_str().map(str::to_owned);
        text.ok_or_else(|| self.wrong("a string in quotes"))
    }

    /// A string, or a number as it would be typed.
    pub(crate) fn word(self) -> Result<String, Fault> {
        let text = self.value.as_str().map(str::to_owned);
        let word = text.or_else(|| self.value.as_integer().map(ToString::to_string));
        let word = word.or_else(|| self.value.as_float().map(ToString::to_string));
        word.ok_or_else(|| self.wrong("a string or a number"))
    }

    /// A word that is read as a flag's value would be.
    pub(crate) fn parsed<T>(self, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<T, Fault> {
        let (document, at) = (self.document, self.at.clone());
        parse(&self.word()?).map_err(|why| document.fault(at, why))
    }

    pub(crate) fn truth(self) -> Result<bool, Fault> {
        self.value.as_bool().ok_or_else(|| self.wrong("true or false"))
    }

    /// The elements of an array.
    pub(crate) fn elements(self) -> Result<Vec<Node<'d>>, Fault> {
        let (wrong, document) = (self.wrong("an array: [..., ...]"), self.document);
        let DeValue::Array(array) = self.value else { return Err(wrong) };
        let node = |value: Spanned<DeValue<'d>>| Node { document, at: value.span(), value: value.into_inner() };
        Ok(array.into_iter().map(node).collect())
    }

    /// The entries of a table.
    pub(crate) fn entries(self) -> Result<Vec<Entry<'d>>, Fault> {
        let wrong = self.wrong("a table");
        let DeValue::Table(table) = self.value else { return Err(wrong) };
        Ok(self.document.of(table))
    }

    pub(crate) fn is_array(&self) -> bool {
        self.value.is_array()
    }

    pub(crate) fn document(&self) -> &'d Document {
        self.document
    }
}

fn with_article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}
