//! How long things may get.

use std::collections::BTreeMap;

use crate::text;
use crate::tree::Source;

const FILE: usize = 400;
const MAIN: usize = 100;
/// Aim at 50; the rest is for a table that reads worse when it is cut.
const FUNCTION: usize = 60;
const MEDIAN: usize = 10;

/// Files above their limit.
pub(crate) fn files(sources: &[Source]) -> Vec<String> {
    sources.iter().filter_map(long_file).collect()
}

fn long_file(source: &Source) -> Option<String> {
    let Source { path, lines, .. } = source;
    let (limit, remedy) = match path.rsplit('/').next() {
        Some("main.rs") => (MAIN, "move what it does into a module and leave the way through the program"),
        _ => (FILE, "split it by concept, or move its tests to a file of their own"),
    };
    (*lines > limit).then(|| format!("{path}: {lines} lines, at most {limit}; {remedy}"))
}

/// Functions above their limit.
pub(crate) fn functions(sources: &[Source]) -> Vec<String> {
    sources.iter().flat_map(long_functions).collect()
}

fn long_functions(source: &Source) -> Vec<String> {
    let long = text::functions(&source.code).into_iter().filter(|function| function.lines > FUNCTION);
    long.map(|function| {
        let (place, text::Function { name, lines, .. }) = (source.place(function.span.start), function);
        format!("{place}: fn {name} has {lines} lines, at most {FUNCTION}; give its parts names")
    })
    .collect()
}

/// Packages whose median function is above its limit.
pub(crate) fn medians(sources: &[Source]) -> Vec<String> {
    let mut lengths: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for source in sources {
        let found = text::functions(&source.code).into_iter().map(|function| function.lines);
        lengths.entry(source.package()).or_default().extend(found);
    }
    lengths.into_iter().filter_map(|(package, lengths)| long_median(package, lengths)).collect()
}

fn long_median(package: &str, mut lengths: Vec<usize>) -> Option<String> {
    lengths.sort_unstable();
    let median = *lengths.get(lengths.len().saturating_sub(1) / 2)?;
    (median > MEDIAN).then(|| {
        format!("package {package}: the median function has {median} lines, at most {MEDIAN}; cut the longest ones by concept")
    })
}
