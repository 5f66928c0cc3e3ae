//! The project's files, read once per test.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::graph::Manifest;
use crate::text::{self, Views};

/// What the rules judge.
pub(crate) struct Tree {
    pub(crate) sources: Vec<Source>,
    pub(crate) manifests: Vec<Manifest>,
    /// The directories under `crates/`.
    pub(crate) crates: Vec<String>,
    pub(crate) architecture: String,
    pub(crate) changelog: String,
    pub(crate) version: String,
}

impl Tree {
    /// Reads the tree of the package under test. A missing document reads as an empty one: its rule then tells.
    pub(crate) fn read() -> Tree {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let document = |name: &str| fs::read_to_string(root.join(name)).unwrap_or_default();
        let mut paths: Vec<PathBuf> =
            ["bin", "crates", "tests", "examples"].iter().flat_map(|d| walk(&root.join(d))).collect();
        paths.push(root.join("Cargo.toml"));
        paths.sort();
        let named = |end: &'static str| paths.iter().filter(move |path| path.to_string_lossy().ends_with(end));
        let manifests: Vec<Manifest> =
            named("Cargo.toml").map(|path| Manifest::parse(&relative(root, path), &read(path))).collect();
        Tree {
            sources: named(".rs").map(|path| Source::new(&relative(root, path), &read(path))).collect(),
            crates: manifests.iter().filter_map(|m| m.path.strip_suffix("/Cargo.toml").map(str::to_owned)).collect(),
            manifests,
            architecture: document("ARCHITECTURE.md"),
            changelog: document("CHANGELOG.md"),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let built = |path: &Path| path.ends_with("target");
    let paths = entries.map(|entry| entry.expect("a readable directory").path()).filter(|path| !built(path));
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()))
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).expect("walked from the root").to_string_lossy().into_owned()
}

/// One Rust file.
pub(crate) struct Source {
    /// Relative to the root.
    pub(crate) path: String,
    pub(crate) lines: usize,
    pub(crate) code: String,
    pub(crate) comments: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Source {
        let Views { code, comments } = text::split(text);
        Source { path: path.to_owned(), lines: text.lines().count(), code, comments }
    }

    /// `path:line` of a place in it.
    pub(crate) fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path, text::line(&self.code, at))
    }

    /// The package it belongs to: `crates/NAME`, or `.` for the root's.
    pub(crate) fn package(&self) -> &str {
        let name = self.path.strip_prefix("crates/").and_then(|rest| rest.find('/'));
        name.map_or(".", |end| &self.path["crates/".len()..][..end])
    }

    /// The parts of its code that are built for tests alone: all of a file of tests, else the modules under `cfg(test)`.
    pub(crate) fn tests(&self) -> Vec<Range<usize>> {
        let parts: Vec<&str> = self.path.split('/').collect();
        if parts.contains(&"tests") || parts.last() == Some(&"tests.rs") {
            return std::iter::once(0..self.code.len()).collect();
        }
        let attributes = self.code.match_indices("#[cfg(").filter_map(|(at, _)| test_module(&self.code, at));
        attributes.collect()
    }
}

/// The module with a body that an attribute at a place makes one of tests.
fn test_module(code: &str, at: usize) -> Option<Range<usize>> {
    let end = at + code[at..].find(']')?;
    let open = end + code[end..].find('{')?;
    let declares_module = code[end + 1..open].trim_start().starts_with("mod ") && !code[end..open].contains(';');
    let for_tests = !text::places(&code[at..end], "test").is_empty() && !code[at..end].contains("not(test)");
    (declares_module && for_tests).then(|| open..text::braces_end(code, open))
}
