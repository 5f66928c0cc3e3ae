//! What may stand where.

use crate::text::{self, Function};
use crate::tree::Source;

/// Where `unsafe` may stand.
const UNSAFE: &[&str] = &["crates/sys/", "crates/shm/"];

/// Crates that one file alone may name, with the place of that file: so that replacing one is a change of one file.
const FENCED: &[(&str, &str)] = &[
    ("bincode", "crates/proto/src/codec.rs"),
    ("signal_hook", "crates/sys/src/"),
    ("ipc_channel", "crates/ganger/src/"),
];

/// The code that decides without doing (its tests and examples may measure), and the words that would do.
const PURE: &[&str] = &["crates/proto/src/", "crates/machine/src/"];
const DEEDS: &[&str] = &[
    "Instant::now",
    "SystemTime",
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "thread::spawn",
    "thread::sleep",
];

/// Functions in tests that may sleep, with the reason. `eventually…` may by its name, and a `#[ganger::task]` because
/// its sleep is work and waits for nothing.
const SLEEPERS: &[(&str, &str, &str)] =
    &[("crates/ganger/tests/outside/support/keeper.rs", "take_time", "it is the slow logger under test")];

const UNFINISHED_CODE: &[&str] = &["todo!", "unimplemented!", "#[ignore"];
const UNFINISHED_COMMENT: &[&str] = &["TODO", "FIXME"];
const VAGUE: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "imp"];

/// `unsafe` outside its crates.
pub(crate) fn unsafe_fence(sources: &[Source]) -> Vec<String> {
    let outside = sources.iter().filter(|source| !UNSAFE.iter().any(|fence| source.path.starts_with(fence)));
    let found = outside.flat_map(|source| text::places(&source.code, "unsafe").into_iter().map(|at| source.place(at)));
    found
        .map(|place| format!("{place}: unsafe stands in {UNSAFE:?} alone; wrap it safely there and call that"))
        .collect()
}

/// A fenced crate outside its file, or in a second one.
pub(crate) fn fenced_crates(sources: &[Source]) -> Vec<String> {
    FENCED.iter().flat_map(|(word, home)| strays(sources, word, home)).collect()
}

fn strays(sources: &[Source], word: &str, home: &str) -> Vec<String> {
    let naming: Vec<&Source> = sources.iter().filter(|source| !text::places(&source.code, word).is_empty()).collect();
    let keeper = naming.iter().position(|source| source.path.starts_with(home));
    let strays = naming.iter().enumerate().filter(|(i, _)| Some(*i) != keeper).map(|(_, source)| &source.path);
    strays
        .map(|path| format!("{path}: {word} is named in one file of {home} alone; use what that file offers"))
        .collect()
}

/// A deed in a crate that only decides.
pub(crate) fn pure_sources(sources: &[Source]) -> Vec<String> {
    let pure = sources.iter().filter(|source| PURE.iter().any(|path| source.path.starts_with(path)));
    let found = |source: &Source, word: &str| -> Vec<String> {
        let places = text::places(&source.code, word).into_iter();
        places
            .map(|at| {
                format!(
                    "{}: {word} in a crate that only decides; take it as an argument or return an action",
                    source.place(at)
                )
            })
            .collect()
    };
    pure.flat_map(|source| DEEDS.iter().flat_map(move |word| found(source, word))).collect()
}

/// A test that sleeps instead of waiting for what it wants to see.
pub(crate) fn sleeps(sources: &[Source]) -> Vec<String> {
    sources.iter().flat_map(|source| bare_sleeps(source, SLEEPERS)).collect()
}

pub(crate) fn bare_sleeps(source: &Source, sleepers: &[(&str, &str, &str)]) -> Vec<String> {
    let (tests, functions) = (source.tests(), text::functions(&source.code));
    let in_tests =
        text::places(&source.code, "sleep(").into_iter().filter(|at| tests.iter().any(|test| test.contains(at)));
    let bare = in_tests.filter(|at| {
        let around = functions.iter().filter(|function| function.span.contains(at));
        !around
            .min_by_key(|function| function.span.len())
            .is_some_and(|function| may_sleep(&source.path, function, sleepers))
    });
    bare.map(|at| {
        let remedy = "wait for the condition with `eventually`, or give a reason in SLEEPERS (tests/tidy/rules.rs)";
        format!("{}: a test sleeps; {remedy}", source.place(at))
    })
    .collect()
}

fn may_sleep(path: &str, function: &Function<'_>, sleepers: &[(&str, &str, &str)]) -> bool {
    let listed = sleepers.iter().any(|&(file, name, _reason)| file == path && name == function.name);
    listed || function.name.starts_with("eventually") || !text::places(function.attributes, "task").is_empty()
}

/// Marks of work that was put off.
pub(crate) fn unfinished(sources: &[Source]) -> Vec<String> {
    let found = |source: &Source, view: &str, words: &[&str]| -> Vec<String> {
        let places = words.iter().flat_map(|word| text::places(view, word).into_iter().map(move |at| (word, at)));
        let told = places.map(|(word, at)| format!("{}:{}: {word}", source.path, text::line(view, at)));
        told.map(|told| format!("{told} puts work off; do it, or open an issue and leave the code whole")).collect()
    };
    let both = |source: &Source| {
        [found(source, &source.code, UNFINISHED_CODE), found(source, &source.comments, UNFINISHED_COMMENT)].concat()
    };
    sources.iter().flat_map(both).collect()
}

/// Files and directories that are named after nothing.
pub(crate) fn vague_names(sources: &[Source]) -> Vec<String> {
    let vague = |path: &str| path.trim_end_matches(".rs").split('/').any(|part| VAGUE.contains(&part));
    let found = sources.iter().filter(|source| vague(&source.path));
    found.map(|source| format!("{}: the name says nothing; name it after the one concept in it", source.path)).collect()
}

/// A version without its heading in the changelog, or with two.
pub(crate) fn changelog(text: &str, version: &str) -> Vec<String> {
    let heads = text.lines().filter(|line| line.starts_with('#') && names_version(line, version)).count();
    let wrong = heads != 1;
    let told =
        || format!("CHANGELOG.md: {heads} headings for {version}, exactly 1 wanted; say there what changes for users");
    wrong.then(told).into_iter().collect()
}

fn names_version(line: &str, version: &str) -> bool {
    let foreign = |c: char| c.is_alphanumeric() || c == '.' || c == '-';
    line.match_indices(version).any(|(at, _)| {
        !line[..at].ends_with(|c| foreign(c) && c != 'v') && !line[at + version.len()..].starts_with(foreign)
    })
}

/// A crate that ARCHITECTURE.md does not name: as `crates/NAME`, or at the beginning of a line as `NAME/`.
pub(crate) fn architecture(text: &str, crates: &[String]) -> Vec<String> {
    let named = |path: &str| {
        let dir = path.replace("crates/", "");
        !text::places(text, path).is_empty()
            || text.lines().any(|line| line.trim_start().starts_with(&format!("{dir}/")))
    };
    let absent = crates.iter().filter(|path| !named(path));
    absent
        .map(|path| format!("ARCHITECTURE.md: {path} is not in it; say what it knows and what it must not know"))
        .collect()
}
