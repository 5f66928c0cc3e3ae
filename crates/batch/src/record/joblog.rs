//! GNU parallel's job log: nine columns, a line for each command that has ended.
//!
//! | column | here |
//! |---|---|
//! | Seq | the number of the input |
//! | Host | `:`, this machine |
//! | Starttime, JobRuntime | seconds, since 1970 and in all |
//! | Send, Receive | the bytes of its block (0 without --pipe), and those of standard output |
//! | Exitval, Signal | of the last attempt; -1 and 15 at a time limit, -1 and 0 if it could not be started |
//! | Command | as a person would type it, a newline as NUL |
//!
//! GNU parallel reads it (`--resume`, `--resume-failed`, `--retry-failed`), and we read its: a command is known by its
//! text, not by its number. Source: parallel(1), "--joblog".

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use ganger::Exit;
use ganger_store::Key;

use super::Times;
use crate::error::Error;
use crate::observer::Cause;
use crate::verdict::Verdict;

const HEADER: &[u8] = b"Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";
/// How many columns stand before the command.
const BEFORE: usize = 8;

/// A log that is written, and read beforehand in a resume.
pub(super) struct JobLog {
    path: PathBuf,
    file: BufWriter<File>,
    /// How often each command has succeeded, and not been taken for one of the inputs yet.
    succeeded: HashMap<Key, u32>,
}

/// What a line tells beside the command.
pub(super) struct Line<'a> {
    pub(super) number: u64,
    pub(super) verdict: &'a Verdict,
    pub(super) times: Times,
    /// Bytes of the block that it was given.
    pub(super) sent: u64,
    /// Bytes of standard output.
    pub(super) stdout: u64,
}

/// A line that was read.
struct Logged {
    succeeded: bool,
    command: Vec<u8>,
}

impl JobLog {
    /// Opens a log: to go on with, or from the start. `known`: what has succeeded by it is to be left out.
    pub(super) fn open(path: &Path, append: bool, known: bool) -> Result<Self, Error> {
        let failed = |source| Error::joblog(path, source);
        let mut succeeded = HashMap::new();
        if known && path.exists() {
            for line in read(path).map_err(failed)?.into_iter().filter(|line| line.succeeded) {
                *succeeded.entry(Key::of([line.command.as_slice()])).or_insert(0) += 1;
            }
        }
        let mut file = OpenOptions::new().create(true).append(true).read(true).open(path).map_err(failed)?;
        begin(&mut file, append).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), succeeded })
    }

    /// Whether a command has succeeded by the log. Each line stands for one of several equal ones.
    pub(super) fn takes(&mut self, command: impl FnOnce() -> Vec<u8>) -> bool {
        if self.succeeded.is_empty() {
            return false;
        }
        match self.succeeded.get_mut(&Key::of([command().as_slice()])) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            Some(_) | None => false,
        }
    }

    pub(super) fn write(&mut self, line: &Line<'_>, command: &[u8]) -> Result<(), Error> {
        let written = self.try_write(line, command);
        written.map_err(|source| Error::joblog(&self.path, source))
    }

    fn try_write(&mut self, line: &Line<'_>, command: &[u8]) -> io::Result<()> {
        let began = line.times.began.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64();
        let (wall, (exit, signal)) = (line.times.wall.as_secs_f64(), status(line.verdict));
        write!(
            self.file,
            "{}\t:\t{began:.3}\t{wall:10.3}\t{}\t{}\t{exit}\t{signal}\t",
            line.number, line.sent, line.stdout
        )?;
        let command: Vec<u8> = command.iter().map(|&byte| if byte == b'\n' { 0 } else { byte }).collect();
        self.file.write_all(&command)?;
        self.file.write_all(b"\n")
    }

    pub(super) fn flush(&mut self) -> Result<(), Error> {
        self.file.flush().map_err(|source| Error::joblog(&self.path, source))
    }
}

/// Writes the header, if there is none. What was cut off in the middle of a line stays a line of its own.
fn begin(file: &mut File, append: bool) -> io::Result<()> {
    let about = file.metadata()?;
    // What is no file, as /dev/stderr, has no beginning.
    if !append && about.is_file() {
        file.set_len(0)?;
    }
    let length = if append { about.len() } else { 0 };
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    file.write_all(if length == 0 {
        HEADER
    } else if last == *b"\n" {
        b""
    } else {
        b"\n"
    })
}

/// `Exitval` and `Signal`.
pub(super) fn status(verdict: &Verdict) -> (i32, i32) {
    const SIGKILL: i32 = 9;
    const SIGTERM: i32 = 15;
    const SIGXCPU: i32 = 24;
    match verdict {
        Verdict::Succeeded(_) => (0, 0),
        Verdict::Failed(Cause::Exit(Exit::Code(code))) => (*code, 0),
        Verdict::Failed(Cause::Exit(Exit::Signal { number, .. })) => (0, *number),
        Verdict::Failed(Cause::Killed) => (0, super::SIGKILL),
        Verdict::Failed(Cause::TimedOut(_)) => (-1, SIGTERM),
        Verdict::Failed(Cause::OutOfMemory { .. }) => (0, SIGKILL),
        Verdict::Failed(Cause::CpuTime(_)) => (0, SIGXCPU),
        Verdict::Failed(_) | Verdict::Stopped | Verdict::PoolFailed(_) => (-1, 0),
    }
}

/// The lines of a log: of one that was cut off in the middle of a line, the whole ones.
fn read(path: &Path) -> io::Result<Vec<Logged>> {
    let mut lines = Vec::new();
    let (mut file, mut line) = (BufReader::new(File::open(path)?), Vec::new());
    while file.read_until(b'\n', &mut line)? > 0 {
        lines.extend(line.strip_suffix(b"\n").and_then(logged));
        line.clear();
    }
    Ok(lines)
}

/// The commands that failed the last time that they were run, in the order in which they first did.
///
/// # Errors
/// When the log cannot be read.
pub fn failed(path: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let lines = read(path).map_err(|source| Error::joblog(path, source))?;
    let last: HashMap<&[u8], bool> = lines.iter().map(|line| (line.command.as_slice(), line.succeeded)).collect();
    let mut told = HashSet::new();
    let first = lines.iter().map(|line| line.command.as_slice()).filter(|command| told.insert(*command));
    let failed = first.filter(|command| last.get(command) == Some(&false));
    Ok(failed.map(<[u8]>::to_vec).collect())
}

/// None: the header, or no line of a job log.
fn logged(line: &[u8]) -> Option<Logged> {
    let columns: Vec<&[u8]> = line.splitn(BEFORE + 1, |&byte| byte == b'\t').collect();
    let [number, .., exit, signal, command] = columns.as_slice() else { return None };
    let is_number = columns.len() > BEFORE && !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    let command = command.iter().map(|&byte| if byte == 0 { b'\n' } else { byte }).collect();
    is_number.then(|| Logged { succeeded: (*exit, *signal) == (b"0", b"0"), command })
}
