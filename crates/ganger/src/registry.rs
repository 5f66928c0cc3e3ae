//! The functions that a worker may be asked to call: names cross, pointers do not.
//!
//! `#[ganger::task]` puts an [`Entry`] into a slice that the linker gathers. Both sides sort the same entries by name,
//! so a function's place in the sorted list is its number on the wire; the [`fingerprint`] of the list travels in the
//! worker's hello, and a worker with another list is refused.

use std::any::TypeId;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use ganger_proto::message::Verdict;
use ganger_proto::spec::Function;

use crate::line::Input;
use crate::manager::{RUN, SERVE};
use crate::worker::invocation::Invocation;

/// All registered functions, in the linker's order.
#[linkme::distributed_slice]
pub static TASKS: [Entry];

/// One registered function. Made by `#[ganger::task]`.
#[derive(Debug)]
pub struct Entry {
    /// The module that it stands in.
    pub module: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// Its type, as it is written.
    pub signature: &'static str,
    /// Its type's id: every function has a type of its own.
    pub id: fn() -> TypeId,
    /// Decodes arguments, calls, encodes the result.
    pub call: fn(&mut Invocation<'_>) -> Verdict,
    /// The same for many items.
    pub map: fn(&mut Invocation<'_>) -> Verdict,
}

/// All functions that answer lines: a program may have one. The name is that of an ELF section as well: see
/// [`linkage`](crate::linkage()).
#[linkme::distributed_slice]
pub static GANGER_WORKERS: [LineEntry];

/// A function that answers lines. Made by `#[ganger::worker]`.
#[derive(Debug)]
pub struct LineEntry {
    /// The module that it stands in.
    pub module: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// Answers one input: appends what is to be printed, or says why not.
    pub call: fn(Input<'_>, &mut Vec<u8>) -> Result<(), String>,
}

/// The one function of this program that answers lines.
pub(crate) fn line_worker() -> Result<&'static LineEntry, String> {
    let name = |entry: &LineEntry| format!("{}::{}", entry.module, entry.name);
    match &GANGER_WORKERS[..] {
        [only] => Ok(only),
        [] => Err("this program has no function that answers lines: put #[ganger::worker] above one".to_owned()),
        [one, other, ..] => Err(format!(
            "this program has two functions with #[ganger::worker], {} and {}: leave it above one",
            name(one),
            name(other)
        )),
    }
}

struct Registry {
    sorted: Vec<&'static Entry>,
    by_type: HashMap<TypeId, Function, BuildHasherDefault<AsItIs>>,
    fingerprint: u64,
}

/// A type's id is a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, id: u64) {
        self.0 ^= id;
    }
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let mut sorted: Vec<&'static Entry> = TASKS.iter().chain([&SERVE, &RUN]).collect();
    sorted.sort_by_key(|entry| (entry.module, entry.name, entry.signature));
    let numbered = (0u32..).map(Function).zip(&sorted);
    let by_type = numbered.map(|(number, entry)| ((entry.id)(), number)).collect();
    let fingerprint = fingerprint_of(sorted.iter().flat_map(|e| [e.module, e.name, e.signature]));
    Registry { sorted, by_type, fingerprint }
});

/// FNV-1a over the texts, each closed by a zero.
fn fingerprint_of<'a>(texts: impl Iterator<Item = &'a str>) -> u64 {
    let bytes = texts.flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The number of the function with this type; none if it was never registered.
pub(crate) fn number_of(id: TypeId) -> Option<Function> {
    REGISTRY.by_type.get(&id).copied()
}

/// The function with this number.
pub(crate) fn entry(function: Function) -> Option<&'static Entry> {
    REGISTRY.sorted.get(function.0 as usize).copied()
}

/// The name of a function, for people.
pub(crate) fn name_of(function: Function) -> String {
    entry(function).map_or_else(|| format!("function {}", function.0), |e| format!("{}::{}", e.module, e.name))
}

/// The function with this name, as [`name_of`] tells it.
pub(crate) fn named(name: &str) -> Option<(Function, &'static Entry)> {
    let mut numbered = (0u32..).map(Function).zip(&REGISTRY.sorted);
    numbered.find(|(_, entry)| is_called(entry, name)).map(|(number, entry)| (number, *entry))
}

fn is_called(entry: &Entry, name: &str) -> bool {
    name.strip_prefix(entry.module).and_then(|rest| rest.strip_prefix("::")) == Some(entry.name)
}

/// The names of all functions that are the program's own.
pub(crate) fn names() -> impl Iterator<Item = String> {
    REGISTRY
        .sorted
        .iter()
        .filter(|entry| !entry.module.starts_with("ganger::"))
        .map(|e| format!("{}::{}", e.module, e.name))
}

/// What two executables must have in common to be supervisor and worker.
pub(crate) fn fingerprint() -> u64 {
    REGISTRY.fingerprint
}
