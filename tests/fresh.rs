//! The library's guide as a stranger reads it: the test that stands in it, in a crate of the stranger's own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const CHAPTER: &str = "crates/ganger/src/guide/testing.rs";
const NAME: &str = "a_worker_that_is_killed_in_the_middle_costs_nothing";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The first program of a chapter, as it stands there.
fn program(chapter: &str) -> String {
    let text: Vec<&str> = chapter.lines().filter_map(|line| line.strip_prefix("//!")).collect();
    let lines = text.iter().skip_while(|line| **line != " ```").skip(1).take_while(|line| **line != " ```");
    lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
}

/// A crate outside of the workspace, with a test in it.
struct Fresh(TempDir);

impl Fresh {
    fn new() -> Self {
        let fresh = Self(TempDir::new().expect("a directory"));
        let library = root().join("crates/ganger");
        let manifest = format!(
            "[package]\nname = \"stranger\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nganger = {{ path = {library:?} }}\n"
        );
        fresh.write("Cargo.toml", &manifest);
        fresh.write("src/lib.rs", "");
        // The same versions as here: nothing is to be fetched.
        fs::copy(root().join("Cargo.lock"), fresh.0.path().join("Cargo.lock")).expect("a copy");
        fresh
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.path().join(file);
        fs::create_dir_all(path.parent().expect("it is in the crate")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    /// Has cargo run the test; what was built for this workspace already need not be built again.
    fn test(&self, text: &str) -> Output {
        self.write("tests/survives.rs", text);
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["test", "--offline", "--test", "survives"]).current_dir(self.0.path());
        command.env("CARGO_TARGET_DIR", target()).env_remove("GANGER_FAULTS").output().expect("cargo")
    }
}

/// Where this program was built: `target/debug/deps/NAME` is its own path.
fn target() -> PathBuf {
    let program = env::current_exe().expect("this program has a path");
    program.ancestors().nth(3).expect("it is in a target directory").to_owned()
}

#[test]
fn a_test_that_is_written_from_the_guide_alone_kills_a_worker_and_passes() {
    let chapter = fs::read_to_string(root().join(CHAPTER)).expect("the chapter");
    let (fresh, text) = (Fresh::new(), program(&chapter));
    assert!(text.contains(NAME), "the first program of {CHAPTER}: {text}");
    let told = fresh.test(&text);
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success() && said.contains(&format!("{NAME} ... ok")), "{told:?}");
    // It would fail if nobody were killed.
    let told = fresh.test(&text.replace(".faults([kill])", ".faults([kill; 0])"));
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(!told.status.success() && said.contains("it did happen"), "{told:?}");
}
