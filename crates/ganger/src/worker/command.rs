//! ③ Running a program as a task.
//!
//! ```text
//!  prepare ─► launch ─► follow ◄──────────────┐ output: passed on at once, as there is room for it
//!                         ├───────────────────┘ a signal: the command's group is asked to end
//!                         │ its process has ended (its pipes may still be open)
//!                         └─► the rest of its group is killed ─► reaped ─► strays swept up ─► what is left in the pipes ─► told
//! ```
//!
//! The whole tree of a command ends with it: what it left in its process group is killed, and so is what left the group,
//! since it comes back to this process, a subreaper; what of that ends by itself is reaped meanwhile.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use ganger_proto::TaskId;
use ganger_proto::codec;
use ganger_proto::message::{FromWorker, Verdict};
use ganger_proto::outcome::{CommandEnd, Exit, Failure, FailureKind};
use ganger_proto::policy::Backoff;
use ganger_proto::spec::{Command, Output};
use ganger_sys::{Child, Conditions, Confinement, EnvBlock, Launch, LaunchError, Signal, Usage};

use crate::exit::translated;
use crate::worker::ending::Ending;
use crate::worker::outlet::{LOOK, Life};
use crate::worker::pipes::Pipe;
use crate::worker::program::Program;
use crate::worker::serve::Worker;
use crate::worker::signals::Signals;
use crate::worker::strays::Strays;
use crate::worker::terms::{Guard, Order, Root};

/// As much as the kernel lets a pipe hold at most, by default; so much may be in one when its last writer is dead.
const PIPE_MOST: usize = 1 << 20;

/// A pipe holds so much as a rule: one read gets it all.
const PIPE: usize = 64 << 10;

/// How long a command waits for what there is too little of, and how it looks again.
const SHORTAGE: Duration = Duration::from_secs(30);
const PAUSES: Backoff = Backoff { first: Duration::from_millis(1), max: Duration::from_millis(100), jitter: 0.0 };

/// What a worker that runs commands has ready for them.
pub(super) struct Commands {
    env: EnvBlock,
    null: File,
    buffer: Box<[u8]>,
    /// None on a thread of the supervisor: its signals and its children are not ours.
    signals: Option<Signals>,
    /// What they are kept from.
    confinement: Option<Confinement>,
}

impl Commands {
    pub(super) fn new(slot: u32, life: &Life, confinement: Option<Confinement>) -> io::Result<Self> {
        let signals = Signals::of(life)?;
        // Without a process for its commands a worker is of no use.
        Launch::probe()?;
        let env = EnvBlock::inherited().with("GANGER_SLOT", slot.to_string());
        Ok(Self { env, null: File::open("/dev/null")?, buffer: vec![0; PIPE].into(), signals, confinement })
    }

    pub(super) fn is_told_to_end(&mut self) -> bool {
        self.signals.as_mut().is_some_and(Signals::is_told_to_end)
    }

    /// Sleeps until a signal comes, at most for so long.
    fn sleep(&self, time: Duration) {
        let heard = self.signals.as_ref().map(|signals| ganger_sys::wait_readable([signals.door.as_fd()], Some(time)));
        if !matches!(heard, Some(Ok(_))) {
            std::thread::sleep(time);
        }
    }
}

/// Runs one; what there is to tell of its end.
pub(super) fn run(worker: &mut Worker, task: TaskId, attempt: u32, encoded: &[u8]) -> (Verdict, Vec<u8>) {
    let Some(mut commands) = worker.commands.take() else {
        return failed(
            FailureKind::Spawn,
            "this worker was not made for commands: PoolBuilder::for_commands".to_owned(),
        );
    };
    let told = match start(&mut commands, worker, task, attempt, encoded) {
        Ok(mut running) => {
            running.follow();
            running.finish()
        }
        Err(error) => failed(FailureKind::Spawn, error),
    };
    worker.commands = Some(commands);
    told
}

/// A command that runs.
struct Running<'r> {
    commands: &'r mut Commands,
    worker: &'r mut Worker,
    task: TaskId,
    child: Child,
    began: Instant,
    /// None if its output is not ours to read.
    pipes: Option<[Pipe; 2]>,
    asked: Asked,
    ending: Ending,
    /// None if nothing was said about what it may use.
    guard: Option<Guard>,
    strays: Strays,
}

/// Whether the command was asked to end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    No,
    /// At its soft time limit.
    ToStop,
    /// With this worker.
    ToEnd,
    /// It was killed, since nobody is there any more who would hear of it.
    Killed,
}

fn start<'r>(
    commands: &'r mut Commands,
    worker: &'r mut Worker,
    task: TaskId,
    attempt: u32,
    encoded: &[u8],
) -> Result<Running<'r>, String> {
    let mut command: Command = codec::decode(encoded, worker.setup.payload_limit).map_err(|e| e.to_string())?;
    let output = command.output;
    let ending = Ending::new(command.terms.as_mut().map(|terms| std::mem::take(&mut terms.ending)).unwrap_or_default());
    let guard = command.terms.take().map(Guard::new);
    let program = Program::new(command, worker.seat.slot, task, attempt)?;
    let pipes = match output {
        Output::Captured => Some(Pipe::both().map_err(|e| format!("failed to make its pipes: {e}"))?),
        Output::Inherited => None,
    };
    let (began, child) = launch_in_time(commands, worker, &program, pipes.as_ref(), guard.as_ref())?;
    worker.state.set_group(Some(child.pid()));
    let strays = Strays::of_commands(commands.signals.is_some());
    Ok(Running { commands, worker, task, child, began, pipes, asked: Asked::No, ending, guard, strays })
}

/// Where there is too little of something for a command, others may soon give it back.
fn launch_in_time(
    commands: &mut Commands,
    worker: &Worker,
    program: &Program,
    pipes: Option<&[Pipe; 2]>,
    guard: Option<&Guard>,
) -> Result<(Instant, Child), String> {
    let deadline = Instant::now() + SHORTAGE;
    let mut failures = 0;
    loop {
        let began = Instant::now();
        let error = match launch(commands, program, pipes, guard) {
            Ok(child) => return Ok((began, child)),
            Err(error) => error,
        };
        let unwanted = commands.is_told_to_end() || worker.is_alone() || worker.state.asked_to_stop();
        if unwanted || !error.is_temporary() || began >= deadline {
            return Err(error.to_string());
        }
        failures += 1;
        commands.sleep(PAUSES.pause(failures, 0.0));
    }
}

fn launch(
    commands: &Commands,
    program: &Program,
    pipes: Option<&[Pipe; 2]>,
    guard: Option<&Guard>,
) -> Result<Child, LaunchError> {
    let (own_out, own_err) = (io::stdout(), io::stderr());
    let (stdout, stderr) = match pipes {
        Some([out, err]) => (out.writer.as_fd(), err.writer.as_fd()),
        None => (own_out.as_fd(), own_err.as_fd()),
    };
    let own_env = program.environment(&commands.env);
    let terms = guard.map_or(Conditions::default(), Guard::conditions);
    let conditions = Conditions { confinement: commands.confinement.as_ref(), ..terms };
    let launch = Launch {
        argv: &program.argv,
        env: own_env.as_ref().unwrap_or(&commands.env),
        env_more: &program.env_more,
        dir: program.dir(),
        stdin: program.stdin.as_ref().unwrap_or(&commands.null).as_fd(),
        stdout,
        stderr,
        conditions,
    };
    launch.start()
}

/// What a wait has brought.
struct Ready {
    ended: bool,
    pipes: [bool; 2],
}

impl Running<'_> {
    /// Passes on what the command prints, and what it is told, until it has ended.
    fn follow(&mut self) {
        while self.asked != Asked::Killed {
            let ready = self.wait();
            for (index, ready) in ready.pipes.into_iter().enumerate() {
                if ready {
                    self.pass_on(index);
                }
            }
            if ready.ended {
                return;
            }
            self.heed();
        }
    }

    fn wait(&self) -> Ready {
        // What there is none of is stood in for by the process: it is ready when that is.
        let process = self.child.as_fd();
        let door = self.commands.signals.as_ref().map_or(process, |signals| signals.door.as_fd());
        let pipe = |index: usize| self.pipes.as_ref().map_or(process, |pipes| pipes[index].as_fd());
        let fds: [BorrowedFd<'_>; 4] = [process, door, pipe(0), pipe(1)];
        match ganger_sys::wait_readable(fds, Some(self.patience())) {
            Ok([ended, _, out, err]) => Ready { ended, pipes: [out, err].map(|ready| ready && self.pipes.is_some()) },
            Err(error) => {
                log::error!("worker: failed to wait for a command: {error}");
                std::thread::sleep(Duration::from_millis(1));
                Ready { ended: self.child.exit().is_some(), pipes: [false; 2] }
            }
        }
    }

    /// However quiet it is, there may be something to look after.
    fn patience(&self) -> Duration {
        let guard = self.guard.as_ref().and_then(Guard::patience);
        [guard, self.ending.patience()].into_iter().flatten().fold(LOOK, Duration::min)
    }

    /// Reads once, which gets all that is there, and sends it. Returns how much that was.
    fn pass_on(&mut self, index: usize) -> usize {
        let Some(pipe) = self.pipes.as_mut().map(|pipes| &mut pipes[index]) else { return 0 };
        let mut output = std::mem::take(&mut self.commands.buffer);
        let len = pipe.read(&mut output).unwrap_or_else(|error| {
            log::error!("worker: failed to read a command's output: {error}");
            0
        });
        let (task, stream) = (self.task, pipe.stream);
        for bytes in output[..len].chunks(self.worker.outlet.largest) {
            self.send(&FromWorker::Output { task, stream, bytes });
        }
        self.commands.buffer = output;
        len
    }

    /// Sends as there is room: a supervisor that does not read holds up the command, but not what it is told meanwhile.
    fn send(&mut self, message: &FromWorker<'_>) {
        while self.asked != Asked::Killed && !self.worker.outlet.try_say(message) {
            self.heed();
        }
    }

    /// Acts on what this worker was told while the command runs.
    fn heed(&mut self) {
        let told_to_end = self.commands.is_told_to_end();
        if self.worker.is_alone() {
            self.asked = Asked::Killed;
        } else if told_to_end && self.asked != Asked::ToEnd {
            self.asked = Asked::ToEnd;
            self.ask_to_end();
        } else if self.asked == Asked::No && self.worker.state.asked_to_stop() {
            self.asked = Asked::ToStop;
            self.ask_to_end();
        }
        if let Some(signal) = self.ending.due(Instant::now()) {
            self.signal([signal, Signal::Cont]);
        }
        self.hold_to_terms();
        self.strays.reap();
    }

    fn ask_to_end(&mut self) {
        if self.ending.has_steps() {
            self.ending.begin(Instant::now());
        } else {
            self.signal([Signal::Term, Signal::Cont]);
        }
    }

    /// A stopped process must go on to hear of a signal.
    fn signal(&self, signals: [Signal; 2]) {
        for signal in signals {
            if let Err(error) = self.child.signal_group(signal) {
                log::warn!("worker: failed to send {signal} to a command: {error}");
            }
        }
    }

    fn hold_to_terms(&mut self) {
        let root = self.commands.signals.as_ref().map_or(Root::Command(self.child.pid()), |_| Root::Worker);
        match self.guard.as_mut().map_or(Order::GoOn, |guard| guard.look(root)) {
            Order::GoOn => {}
            Order::Warn => self.signal([Signal::Xcpu, Signal::Cont]),
            Order::Kill => self.kill(),
        }
    }

    fn kill(&self) {
        self.kill_group();
        // It may have left its group.
        let _ = self.child.signal(Signal::Kill);
    }

    /// Kills all of the tree that can be found at once: the rest follows when the command has ended.
    fn kill_group(&self) {
        self.guard.iter().for_each(Guard::kill);
        // What cannot be signalled is gone, or another user's.
        let _ = self.child.signal_group(Signal::Kill);
    }

    /// The command has ended, or is killed here: its tree goes with it.
    fn finish(mut self) -> (Verdict, Vec<u8>) {
        self.kill_group();
        self.worker.state.set_group(None);
        let reaped = self.child.wait_with_usage();
        let wall = self.began.elapsed();
        let swept = self.strays.sweep();
        if self.asked != Asked::Killed {
            self.drain();
        }
        match reaped {
            Ok((exit, used)) => verdict(self.asked, &end(self.guard, translated(exit), wall, &used.and(swept))),
            Err(error) => failed(FailureKind::Command, format!("nobody knows how it ended: {error}")),
        }
    }

    /// Passes on what is still in the pipes: so much, and no more, as someone outside the tree may have been given one.
    fn drain(&mut self) {
        for index in 0..2 {
            let mut left = PIPE_MOST;
            while left > 0 && self.pipes.as_ref().is_some_and(|pipes| pipes[index].has_more()) {
                match self.pass_on(index) {
                    0 => break,
                    len => left = left.saturating_sub(len),
                }
            }
        }
    }
}

fn end(guard: Option<Guard>, exit: Exit, wall: Duration, used: &Usage) -> CommandEnd {
    let (peak, exceeded) = guard.map_or((None, None), |guard| guard.finish(exit, used));
    let Usage { user, system, max_rss } = *used;
    CommandEnd { exit, wall, user, system, max_rss, peak, exceeded }
}

fn verdict(asked: Asked, end: &CommandEnd) -> (Verdict, Vec<u8>) {
    let value = encoded(end);
    let failure =
        |kind, message| (Verdict::Failed, encoded(&Failure { kind, message, value: Some(value.clone().into()) }));
    if let Some(exceeded) = end.exceeded {
        return failure(FailureKind::Exceeded, exceeded.to_string());
    }
    match (asked, end.exit) {
        (Asked::ToStop, exit) => failure(FailureKind::Stopped, format!("asked to end at its time limit: {exit}")),
        (Asked::No | Asked::ToEnd | Asked::Killed, Exit::Code(0)) => (Verdict::Returned, value),
        (Asked::No | Asked::ToEnd | Asked::Killed, exit) => failure(FailureKind::Command, exit.to_string()),
    }
}

fn failed(kind: FailureKind, message: String) -> (Verdict, Vec<u8>) {
    (Verdict::Failed, encoded(&Failure { kind, message, value: None }))
}

pub(super) fn encoded<T: serde::Serialize>(value: &T) -> Vec<u8> {
    codec::encode(value, u64::MAX).expect("numbers and text can always be encoded")
}
