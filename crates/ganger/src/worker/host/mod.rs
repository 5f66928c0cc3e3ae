//! ③ A program that is kept, and fed line after line: [`ganger_proto::worker`] is what is said.
//!
//! ```text
//!  start ─► (ready) ─► task: write the order ─► listen ─► answered ─► … ─► retire: end of file, it finishes
//!                                 ▲                │
//!                                 └── log, progress ◄┘
//!             at fault: its tree is killed, the fault is told, and this worker ends with it
//! ```
//!
//! A worker has one program for its whole life, and its death is the program's. So attempts, tasks that kill their worker,
//! pauses between starts and giving up are what they are for every worker, and are not made twice. To the supervisor it
//! is the [`Fault`] that tells this death from one of the worker's own.

mod lines;

mod kept;

mod faults;

use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use ganger_proto::TaskId;
use ganger_proto::message::{FromWorker, Stream, Verdict};
use ganger_proto::outcome::{Failure, FailureKind, Fault};
use ganger_proto::spec::{Hosted, LineTask};
use ganger_proto::worker::{LONGEST_LINE, Order, PROTOCOL, Said};
use ganger_sys::Confinement;

use crate::worker::command::encoded;
use crate::worker::host::kept::{Kept, quoted};
use crate::worker::host::lines::Got;
use crate::worker::outlet::{LOOK, Life};
use crate::worker::serve::Worker;
use crate::worker::signals::Signals;

/// How long a program may take to finish when it has read the end of its input.
const FINISHING: Duration = Duration::from_secs(5);

/// What there is to tell of a task that was answered.
type Told = (Verdict, Vec<u8>);

/// Why the conversation is over.
pub(super) enum Halt {
    /// The program is at fault; whether it had begun its task.
    Fault { fault: Fault, begun: bool },
    /// This worker was told to end, or nobody is there any more.
    ToldToEnd,
}

/// The host of one program.
pub(super) struct ProgramHost {
    kept: Kept,
    signals: Signals,
    order: Vec<u8>,
    /// How much of the order was written.
    sent: usize,
    /// The task that was answered last.
    answered: Option<u64>,
    asked_to_end: bool,
    buffer: Box<[u8]>,
}

/// The task at hand.
#[derive(Clone, Copy)]
struct Current {
    task: TaskId,
    id: u64,
}

/// What a wait has brought.
struct Ready {
    ended: bool,
    stdout: bool,
    stderr: bool,
}

impl ProgramHost {
    pub(super) fn start(
        hosted: &Hosted,
        slot: u32,
        life: &Life,
        confinement: Option<&Confinement>,
    ) -> io::Result<Self> {
        let signals = Signals::of(life)?.ok_or_else(|| io::Error::other("a thread cannot host a program"))?;
        let kept = Kept::start(hosted, slot, confinement)?;
        let (order, buffer) = (Vec::new(), vec![0; 64 << 10].into());
        Ok(Self { kept, signals, order, sent: 0, answered: None, asked_to_end: false, buffer })
    }

    /// The group of its processes.
    pub(super) fn group(&self) -> u32 {
        self.kept.child.pid()
    }

    pub(super) fn is_told_to_end(&mut self) -> bool {
        self.signals.is_told_to_end()
    }

    /// Waits for its word that it is ready. What it prints to standard error until then is no task's.
    pub(super) fn await_ready(&mut self, worker: &Worker) -> Result<(), String> {
        loop {
            let ready = self.wait().map_err(|e| e.to_string())?;
            self.let_complain(ready.stderr);
            while let Some(said) = self.next_said()? {
                match said {
                    Said::Ready { protocol } => return self.check(protocol),
                    Said::Log { level, text } => self.log(&level, &text),
                    Said::Answer { .. } | Said::Failed { .. } | Said::Progress { .. } => {
                        return Err(self.breach("it spoke of a task before it said that it is ready"));
                    }
                }
            }
            let closed = ready.stdout && self.fill()? == Got::Closed;
            if ready.ended || closed {
                return Err(self.gone("before it was ready").why);
            }
            if self.is_unwanted(worker) {
                return Err("it was told to end before it was ready".to_owned());
            }
        }
    }

    /// Has one task answered.
    pub(super) fn answer(&mut self, worker: &Worker, task: TaskId, attempt: u32, line: &[u8]) -> Result<Told, Halt> {
        let Some(LineTask { number: id, args }) = LineTask::decode(line) else {
            return Ok(failed("the supervisor sent no line".to_owned()));
        };
        self.order.clear();
        self.sent = 0;
        Order { id, args: &args, attempt, slot: worker.seat.slot }.write(&mut self.order);
        let told = self.converse(worker, Current { task, id })?;
        self.answered = Some(id);
        Ok(told)
    }

    fn converse(&mut self, worker: &Worker, current: Current) -> Result<Told, Halt> {
        loop {
            self.send(worker, current)?;
            let ready = self.wait().map_err(|e| self.system(&e))?;
            if ready.stderr {
                self.pass_on_complaints(worker, current)?;
            }
            if let Some(told) = self.listen(worker, current, &ready)? {
                // What it complained of before it answered is the task's, and is there by now.
                self.pass_on_complaints(worker, current)?;
                return Ok(told);
            }
            if ready.ended {
                return Err(self.died());
            }
            if self.is_unwanted(worker) {
                return Err(Halt::ToldToEnd);
            }
        }
    }

    /// Sends as much of the order as there is room for.
    fn send(&mut self, worker: &Worker, current: Current) -> Result<(), Halt> {
        let left = &self.order[self.sent..];
        if left.is_empty() {
            return Ok(());
        }
        match self.kept.write(left) {
            Ok(written) => {
                self.sent += written;
                Ok(())
            }
            Err(_) => Err(self.closed(worker, current, "standard input")),
        }
    }

    fn wait(&self) -> io::Result<Ready> {
        // What there is none of is stood in for by the process: it is ready when that is.
        let process = self.kept.child.as_fd();
        let stderr = self.kept.stderr.as_ref().map_or(process, AsFd::as_fd);
        let stdout = if self.kept.stdout.is_closed() { process } else { self.kept.stdout.as_fd() };
        let fds: [BorrowedFd<'_>; 4] = [process, self.signals.door.as_fd(), stdout, stderr];
        let unsent = self.kept.stdin.as_ref().filter(|_| self.sent < self.order.len()).map(AsFd::as_fd);
        let ([ended, _, stdout, stderr], _) = ganger_sys::wait_readable_or_writable(fds, unsent, Some(LOOK))?;
        self.kept.reap_strays();
        Ok(Ready { ended, stdout, stderr })
    }

    /// Takes what it has said. Of one that has ended, everything.
    fn listen(&mut self, worker: &Worker, current: Current, ready: &Ready) -> Result<Option<Told>, Halt> {
        let mut told = None;
        let mut got =
            if ready.stdout || ready.ended { self.fill().map_err(|why| self.blame(why))? } else { Got::Nothing };
        while got == Got::Some {
            while let Some(said) = self.next_said().map_err(|why| self.blame(why))? {
                let answer = self.take(worker, current, said, told.is_some()).map_err(|why| self.blame(why))?;
                told = told.or(answer);
            }
            got = if ready.ended { self.fill().map_err(|why| self.blame(why))? } else { Got::Nothing };
        }
        match (got, &told) {
            (Got::Closed, None) if !ready.ended => Err(self.closed(worker, current, "standard output")),
            _ => Ok(told),
        }
    }

    /// What one line means. Err: it is a breach.
    fn take(
        &mut self,
        worker: &Worker,
        current: Current,
        said: Said,
        is_answered: bool,
    ) -> Result<Option<Told>, String> {
        let about = match &said {
            Said::Ready { protocol } => return self.check(*protocol).map(|()| None),
            Said::Log { level, text } => {
                self.log(level, text);
                return Ok(None);
            }
            Said::Answer { id, .. } | Said::Failed { id, .. } | Said::Progress { id, .. } => *id,
        };
        if is_answered || (about != current.id && Some(about) == self.answered) {
            return Err(self.breach(&format!("it spoke again of task {about}, which it had answered")));
        }
        if about != current.id {
            return Err(self.breach(&format!("it spoke of task {about}, and was given task {}", current.id)));
        }
        Ok(match said {
            Said::Answer { output, .. } => Some((Verdict::Returned, output)),
            Said::Failed { message, .. } => Some(failed(message)),
            Said::Progress { progress, .. } => {
                let progress = encoded(&progress);
                self.say(worker, &FromWorker::Progress { task: current.task, progress: &progress });
                None
            }
            Said::Ready { .. } | Said::Log { .. } => None,
        })
    }

    fn fill(&mut self) -> Result<Got, String> {
        let got = self.kept.stdout.fill().map_err(|e| format!("{}: its output cannot be read: {e}", self.kept.name))?;
        if self.kept.stdout.is_too_long() {
            let begin = quoted(self.kept.stdout.unended());
            return Err(self.breach(&format!("it wrote a line of more than {} MiB, {begin}", LONGEST_LINE >> 20)));
        }
        Ok(got)
    }

    fn next_said(&mut self) -> Result<Option<Said>, String> {
        let Some(line) = self.kept.stdout.next() else { return Ok(None) };
        let line = self.kept.stdout.text(line);
        let said = Said::parse(line).map_err(|why| format!("it wrote {}: {why}", quoted(line)));
        said.map(Some).map_err(|what| self.breach(&what))
    }

    fn check(&self, protocol: u32) -> Result<(), String> {
        let other =
            || self.breach(&format!("it speaks version {protocol} of the protocol, and this ganger {PROTOCOL}"));
        if protocol == PROTOCOL { Ok(()) } else { Err(other()) }
    }

    fn log(&self, level: &str, text: &str) {
        log::log!(target: &self.kept.name, level_of(level), "{text}");
    }

    /// Passes on what is on its standard error, as the task's.
    fn pass_on_complaints(&mut self, worker: &Worker, current: Current) -> Result<(), Halt> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut unheard = false;
        loop {
            let bytes = self.kept.complaints(&mut buffer);
            if bytes.is_empty() {
                break;
            }
            for bytes in bytes.chunks(worker.outlet.largest) {
                unheard |= !self.say(worker, &FromWorker::Output { task: current.task, stream: Stream::Stderr, bytes });
            }
        }
        self.buffer = buffer;
        if unheard { Err(Halt::ToldToEnd) } else { Ok(()) }
    }

    /// Says as there is room. False: nobody is there to hear it, or this worker is to end.
    fn say(&mut self, worker: &Worker, message: &FromWorker<'_>) -> bool {
        while !worker.outlet.try_say(message) {
            if worker.is_alone() || self.signals.is_told_to_end() {
                return false;
            }
        }
        true
    }

    /// What belongs to no task goes where this process's own would.
    fn let_complain(&mut self, ready: bool) {
        if !ready {
            return;
        }
        loop {
            let bytes = self.kept.complaints(&mut self.buffer);
            // A standard error that nobody reads is no matter here.
            if bytes.is_empty() || io::stderr().write_all(bytes).is_err() {
                return;
            }
        }
    }

    /// Acts on what this worker was told. True: it ends at once, and its program with it.
    fn is_unwanted(&mut self, worker: &Worker) -> bool {
        if !self.asked_to_end && self.signals.is_told_to_end() {
            self.asked_to_end = true;
            self.kept.ask_to_end();
        }
        worker.is_alone()
    }

    /// The end of the last task: the program may finish.
    pub(super) fn finish(mut self, worker: &Worker) {
        self.kept.stdin = None;
        let deadline = Instant::now() + FINISHING;
        let mut ended = false;
        while !ended && !self.is_unwanted(worker) && (self.asked_to_end || Instant::now() < deadline) {
            let Ok(ready) = self.wait() else { break };
            ended = ready.ended;
            self.let_complain(ready.stderr || ended);
            self.hear_out(ready.stdout);
        }
        if !ended && !worker.is_alone() {
            log::warn!("{} has not ended {FINISHING:?} after the end of its input: it is killed", self.kept.name);
        }
        self.kept.kill();
    }

    /// What it says at the end is for the log, if for anybody.
    fn hear_out(&mut self, ready: bool) {
        if !ready || self.fill().is_ok_and(|got| got == Got::Closed) {
            return;
        }
        loop {
            match self.next_said() {
                Ok(Some(Said::Log { level, text })) => self.log(&level, &text),
                Ok(None) => return,
                Ok(Some(said)) => log::warn!("{} said after its last task: {said:?}", self.kept.name),
                Err(breach) => log::warn!("{breach}"),
            }
        }
    }
}

fn failed(message: String) -> Told {
    (Verdict::Failed, encoded(&Failure { kind: FailureKind::Task, message, value: None }))
}

/// Levels by the names that languages give them; what is not known is for information.
fn level_of(name: &str) -> log::Level {
    match name.to_ascii_lowercase().as_str() {
        "fatal" | "critical" | "error" => log::Level::Error,
        "warning" | "warn" => log::Level::Warn,
        "debug" => log::Level::Debug,
        "trace" => log::Level::Trace,
        _ => log::Level::Info,
    }
}
