//! Results as files.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use ganger::Stream;
use ganger_store::Key;

use super::{Results, failed};
use crate::error::Error;
use crate::input::Task;

/// The most bytes that a name in a directory may have on Linux.
const LONGEST: usize = 255;

/// Those of one task.
#[derive(Debug)]
pub(super) struct Files {
    stdout: (PathBuf, File),
    stderr: (PathBuf, File),
}

impl Files {
    /// Makes them, and the directories that they are in.
    pub(super) fn create(results: &Results, task: &Task) -> Result<Self, Error> {
        let [stdout, stderr, seq] = paths(results, task);
        let dir = stdout.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir).map_err(failed(dir))?;
        fs::write(&seq, task.number.to_string()).map_err(failed(&seq))?;
        let create = |path: PathBuf| File::create(&path).map_err(failed(&path)).map(|file| (path, file));
        Ok(Self { stdout: create(stdout)?, stderr: create(stderr)? })
    }

    pub(super) fn write(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), Error> {
        let (path, file) = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        file.write_all(bytes).map_err(failed(path))
    }

    pub(super) fn clear(&mut self) -> Result<(), Error> {
        for (path, file) in [&mut self.stdout, &mut self.stderr] {
            file.set_len(0).and_then(|()| file.rewind()).map_err(failed(path))?;
        }
        Ok(())
    }
}

/// Of standard output, standard error and the number.
fn paths(results: &Results, task: &Task) -> [PathBuf; 3] {
    const NAMES: [&str; 3] = ["stdout", "stderr", "seq"];
    let path = match results {
        Results::Named(name) => {
            let path = name.text(task);
            if !path.ends_with(b"/") {
                return [&b""[..], b".err", b".seq"].map(|end| OsString::from_vec([&path, end].concat()).into());
            }
            PathBuf::from(OsString::from_vec(path))
        }
        Results::Tree { dir, names } => dir.join(directory(names, task)),
        Results::Table { .. } => PathBuf::new(),
    };
    NAMES.map(|name| path.join(name))
}

/// `1/INPUT/2/INPUT`, with names where there are some; of a block its number.
fn directory(names: &[Vec<u8>], task: &Task) -> PathBuf {
    if task.block.is_some() {
        return PathBuf::from("1").join(task.number.to_string());
    }
    let mut path = PathBuf::new();
    for (at, value) in task.args.iter().enumerate() {
        let number = (at + 1).to_string();
        let name = names.get(at).filter(|name| !name.is_empty()).map_or(number.as_bytes(), Vec::as_slice);
        for part in [name, value] {
            path.push(OsString::from_vec(file_name(part)));
        }
    }
    path
}

/// A value as the name of a file. Where it is too long, its hash tells it from others that begin so.
fn file_name(value: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(value.len());
    for byte in value {
        match byte {
            b'/' => name.extend(b"\\_"),
            b'\\' => name.extend(b"\\\\"),
            b'\t' => name.extend(b"\\t"),
            0 => name.extend(b"\\0"),
            byte => name.push(*byte),
        }
    }
    if name == b"." || name == b".." {
        name.insert(0, b'\\');
    }
    if name.len() > LONGEST {
        let hash = Key::of([value]).to_string();
        name.truncate(LONGEST - hash.len() - 1);
        name.push(b'~');
        name.extend(std::ffi::OsStr::new(&hash).as_bytes());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Args;

    #[test]
    fn names_stay_in_their_directory() {
        for (value, name) in
            [("a", "a"), ("a/b c", r"a\_b c"), (r"a\b", r"a\\b"), ("..", r"\.."), (".", r"\."), ("", "")]
        {
            assert_eq!(file_name(value.as_bytes()), name.as_bytes(), "{value}");
        }
        let (one, other) = ([b"x".repeat(300), b"1".to_vec()].concat(), [b"x".repeat(300), b"2".to_vec()].concat());
        assert_eq!(file_name(&one).len(), LONGEST);
        assert_ne!(file_name(&one), file_name(&other));
    }

    #[test]
    fn directories_have_the_names_of_a_header() {
        let task = Task::first(1, [&b"a"[..], b"b"].into_iter().collect::<Args>());
        assert_eq!(directory(&[], &task), Path::new("1/a/2/b"));
        assert_eq!(directory(&[b"f1".to_vec(), Vec::new()], &task), Path::new("f1/a/2/b"));
    }
}
