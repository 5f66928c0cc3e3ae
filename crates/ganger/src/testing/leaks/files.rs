//! Files that are left where temporary ones are made.

use std::env;
use std::fs::{self, DirEntry};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

/// Everybody may make files there, and nobody remove another's: what appears in such a directory may be anybody's.
const STICKY: u32 = 0o1000;

/// What lies in the directory for temporary files; of one that all share, only sockets that nobody listens to any more,
/// and directories with such: what a program that is gone has left.
pub(super) fn temporary() -> Vec<String> {
    let directory = env::temp_dir();
    let shared = fs::metadata(&directory).is_ok_and(|directory| directory.mode() & STICKY != 0);
    let listening = fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
    let left = entries.filter(|entry| !shared || is_dead(entry, &listening));
    left.map(|entry| entry.path().display().to_string()).collect()
}

fn is_dead(entry: &DirEntry, listening: &str) -> bool {
    let is_socket = |path: &Path| fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let dead = |path: &Path| is_socket(path) && !listening.lines().any(|line| line.ends_with(&*path.to_string_lossy()));
    let path = entry.path();
    let inside = || fs::read_dir(&path).into_iter().flatten().flatten().any(|entry| dead(&entry.path()));
    dead(&path) || (entry.file_type().is_ok_and(|kind| kind.is_dir()) && inside())
}
