//! What the fuzzers have found worth keeping, replayed on stable.
//!
//! Each target's body is a plain function in the crate that it tries (`src/fuzzing.rs` there). `cargo fuzz` runs it for as long
//! as one likes (`scripts/fuzz`), and keeps inputs that lead to new places in `fuzz/corpus/TARGET`; a test runs it with
//! those, and with some that are made of them.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Longer inputs find nothing that shorter ones do not, and are slow.
const LONGEST: usize = 4096;

/// Runs `body` with each file of the corpus of `target`, then with inputs made of them: the same ones each time, as many as
/// `PROPTEST_CASES` says.
///
/// # Panics
/// When there is no such corpus; when the body does, with the input: as a file's name, or, made as small as it can be,
/// as bytes.
pub fn replay(target: &str, body: impl Fn(&[u8])) {
    let files = corpus(target);
    for (file, bytes) in &files {
        catch_unwind(AssertUnwindSafe(|| body(bytes))).unwrap_or_else(|reason| {
            // The line that names it comes behind the panic's own, in the same test's output.
            println_to_test(&format!("this was {}", file.display()));
            resume_unwind(reason)
        });
    }
    let kept = files.into_iter().map(|(_, bytes)| bytes).collect();
    let config = Config { failure_persistence: None, ..Config::default() };
    let same = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let tried = TestRunner::new_with_rng(config, same).run(&near(kept), |input| {
        body(&input);
        Ok(())
    });
    tried.unwrap_or_else(|why| panic!("{target}: {why}"));
}

#[expect(clippy::print_stdout, reason = "for the harness, which shows it if the test fails")]
fn println_to_test(line: &str) {
    println!("{line}");
}

/// The files of a corpus, in the order of their names.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = fs::read_dir(&place).unwrap_or_else(|why| panic!("{}: {why}", place.display()));
    let read = |path: PathBuf| fs::read(&path).map(|bytes| (path, bytes));
    let read: Result<Vec<_>, _> = files.map(|file| file.and_then(|file| read(file.path()))).collect();
    let mut files = read.unwrap_or_else(|why| panic!("{}: {why}", place.display()));
    assert!(!files.is_empty(), "{} is empty", place.display());
    files.sort();
    files
}

/// Anything, and what differs from one of these in a few places.
fn near(kept: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let edits = vec((any::<Index>(), edit()), 1..6);
    let changed = (any::<Index>(), edits).prop_map(move |(which, edits)| {
        let mut input = which.get(&kept).clone();
        edits.into_iter().for_each(|(at, edit)| edit.apply(&mut input, at));
        input
    });
    prop_oneof![1 => vec(any::<u8>(), 0..200), 4 => changed]
}

/// A change at one place.
#[derive(Clone, Debug)]
enum Edit {
    Put(u8),
    Insert(Vec<u8>),
    Remove(usize),
    Repeat(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let byte = prop_oneof![any::<u8>(), Just(0), Just(0xff), Just(0x7f), Just(b'"'), Just(b'{'), Just(b'\n')];
    prop_oneof![
        byte.clone().prop_map(Edit::Put),
        vec(byte, 1..9).prop_map(Edit::Insert),
        (1..9_usize).prop_map(Edit::Remove),
        (1..33_usize).prop_map(Edit::Repeat),
    ]
}

impl Edit {
    fn apply(self, input: &mut Vec<u8>, at: Index) {
        let at = at.index(input.len() + 1);
        let some = |length: usize| at..(at + length).min(input.len());
        match self {
            Edit::Put(byte) => input.get_mut(at).into_iter().for_each(|place| *place = byte),
            Edit::Insert(bytes) => drop(input.splice(at..at, bytes)),
            Edit::Remove(length) => drop(input.drain(some(length))),
            Edit::Repeat(length) => {
                let again = input[some(length)].to_vec();
                drop(input.splice(at..at, again));
            }
        }
        input.truncate(LONGEST);
    }
}
