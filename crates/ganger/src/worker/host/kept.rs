//! The program's process: its pipes, its tree, and its end.

use std::io::{self, PipeReader, PipeWriter, Write as _};
use std::os::fd::AsFd;
use std::time::Duration;

use ganger_proto::outcome::Exit;
use ganger_proto::spec::Hosted;
use ganger_sys::{Child, Conditions, Confinement, EnvBlock, Launch, Signal, never_block, sweep, unread};

use crate::exit::translated;
use crate::worker::host::lines::{Got, Lines, read_once};
use crate::worker::program::Program;

/// How long what was killed, or has closed its pipes, may take to be gone.
const PATIENCE: Duration = Duration::from_millis(200);

/// So much of what it wrote to standard error last is remembered, for those who are told of its end.
const REMEMBERED: usize = 4 << 10;

/// See the module.
pub(super) struct Kept {
    /// As people call it.
    pub(super) name: String,
    pub(super) child: Child,
    /// None once it is to finish.
    pub(super) stdin: Option<PipeWriter>,
    pub(super) stdout: Lines,
    /// None once it is closed.
    pub(super) stderr: Option<PipeReader>,
    last_words: Vec<u8>,
}

impl Kept {
    pub(super) fn start(hosted: &Hosted, slot: u32, confinement: Option<&Confinement>) -> io::Result<Self> {
        let program = Program::lasting(hosted.command.clone(), slot).map_err(io::Error::other)?;
        let env = EnvBlock::inherited().with("GANGER_SLOT", slot.to_string());
        let ((their_in, stdin), (stdout, their_out), (stderr, their_err)) = (io::pipe()?, io::pipe()?, io::pipe()?);
        let own_env = program.environment(&env);
        let launch = Launch {
            argv: &program.argv,
            env: own_env.as_ref().unwrap_or(&env),
            env_more: &program.env_more,
            dir: program.dir(),
            stdin: their_in.as_fd(),
            stdout: their_out.as_fd(),
            stderr: their_err.as_fd(),
            conditions: Conditions { confinement, ..Conditions::default() },
        };
        let child = launch.start()?;
        for ours in [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()] {
            never_block(ours)?;
        }
        let (stdin, stdout, stderr) = (Some(stdin), Lines::new(stdout), Some(stderr));
        Ok(Self { name: hosted.name.clone(), child, stdin, stdout, stderr, last_words: Vec::new() })
    }

    /// Writes as much as there is room for.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(stdin) = &mut self.stdin else { return Ok(0) };
        loop {
            return match stdin.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                written => written,
            };
        }
    }

    /// How much of what was written it has not read.
    pub(super) fn unread(&self) -> usize {
        self.stdin.as_ref().and_then(|stdin| unread(stdin.as_fd()).ok()).unwrap_or(0)
    }

    /// What there is on standard error, read once.
    pub(super) fn complaints<'b>(&mut self, buffer: &'b mut [u8]) -> &'b [u8] {
        let Some(stderr) = &mut self.stderr else { return &[] };
        let (got, length) = read_once(stderr, buffer).unwrap_or((Got::Closed, 0));
        if got == Got::Closed {
            self.stderr = None;
        }
        self.last_words.extend_from_slice(&buffer[..length]);
        let old = self.last_words.len().saturating_sub(REMEMBERED);
        self.last_words.drain(..old);
        &buffer[..length]
    }

    /// The last line that it wrote to standard error, for a sentence; empty if there is none.
    pub(super) fn last_words(&self) -> String {
        let last = self.last_words.split(|&byte| byte == b'\n').rfind(|line| !line.trim_ascii().is_empty());
        last.map(|line| format!("; the last on its standard error: {}", quoted(line))).unwrap_or_default()
    }

    /// How it ended, if it has, or is about to.
    pub(super) fn ending(&mut self) -> Option<Exit> {
        // It is not reaped here: its pid is its group's name until that is killed.
        let ended = ganger_sys::wait_readable([self.child.as_fd()], Some(PATIENCE));
        if ended.is_ok_and(|[ended]| ended) { self.kill() } else { None }
    }

    /// Reaps what it has left to this process and has ended by itself: the program may live for long.
    pub(super) fn reap_strays(&self) {
        // Who could not be found now is swept up at the end.
        let _ = sweep::reap_dead_orphans();
    }

    /// Asks its group to end. A stopped process must go on to hear of it.
    pub(super) fn ask_to_end(&self) {
        for signal in [Signal::Term, Signal::Cont] {
            if let Err(error) = self.child.signal_group(signal) {
                log::warn!("worker: failed to send {signal} to {}: {error}", self.name);
            }
        }
    }

    /// Kills what is left of its tree, and tells how it ended itself.
    pub(super) fn kill(&mut self) -> Option<Exit> {
        // What cannot be signalled is gone, or another user's.
        let _ = self.child.signal_group(Signal::Kill);
        let exit = self.child.wait().ok().map(translated);
        if let Err(error) = sweep::sweep(|_| false, PATIENCE) {
            log::warn!("worker: failed to sweep up after {}: {error}", self.name);
        }
        exit
    }
}

/// What a program wrote, as it can stand in a sentence: at most a line, with what is not printable escaped.
pub(super) fn quoted(line: &[u8]) -> String {
    const LONGEST: usize = 200;
    let text = String::from_utf8_lossy(&line[..line.len().min(LONGEST)]);
    let more = if line.len() > LONGEST { "…" } else { "" };
    format!("{text:?}{more}")
}
