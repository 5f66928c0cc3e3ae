//! A pool for commands, and everything that was reported of one of them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ganger::{Bytes, Command, CommandEnd, Exit, Failure, Outcome, Pool, PoolBuilder, Report, Reports, Stream, TaskId};
use ganger::{TaskOptions, command_end};

/// No test waits for longer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Shop {
    pub(crate) pool: Pool,
    pub(crate) reports: Reports,
    told: HashMap<TaskId, Told>,
}

/// What was reported of a command.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
    /// How many pieces of output came.
    pub(crate) pieces: usize,
    pub(crate) again: u32,
    /// How each attempt but the last ended, and in which slot.
    pub(crate) before: Vec<(u32, Option<Exit>)>,
    pub(crate) slot: u32,
    pub(crate) attempts: u32,
    pub(crate) outcome: Option<Outcome>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::with(Pool::builder().workers(2), 1 << 20)
    }

    pub(crate) fn with(builder: PoolBuilder, unread: usize) -> Self {
        let pool = builder.for_commands().build().unwrap();
        Self { pool, reports: Reports::new(unread), told: HashMap::new() }
    }

    /// The same pool with a queue of reports of its own.
    pub(crate) fn another(&self) -> Self {
        Self { pool: self.pool.clone(), reports: Reports::new(1 << 20), told: HashMap::new() }
    }

    pub(crate) fn submit(&self, command: Command, options: &TaskOptions) -> TaskId {
        self.pool.run_command(command, options, &self.reports).unwrap()
    }

    pub(crate) fn start(&self, script: &str) -> TaskId {
        self.submit(sh(script), &TaskOptions::new())
    }

    /// Takes one report. Whose it was, if it was the last of a command.
    pub(crate) fn take(&mut self) -> Option<TaskId> {
        match self.reports.recv(Some(DEADLINE)).expect("a report within the deadline") {
            Report::Output { task, stream, bytes } => self.of(task).print(stream, &bytes),
            Report::Again { task, slot, outcome } => {
                let told = self.of(task);
                let mut before = std::mem::take(&mut told.before);
                before.push((slot, exit_of(&outcome)));
                *told = Told { again: told.again + 1, before, ..Told::default() };
            }
            Report::Ended { task, slot, attempts, outcome, .. } => {
                let told = self.of(task);
                (told.slot, told.attempts, told.outcome) = (slot, attempts, Some(outcome));
                return Some(task);
            }
            Report::Interrupted { .. } | Report::Asked(_) | Report::Understaffed { .. } => {}
            Report::Progress { .. } | Report::Fault { .. } => panic!("of programs that are kept"),
        }
        None
    }

    fn of(&mut self, task: TaskId) -> &mut Told {
        self.told.entry(task).or_default()
    }

    /// Takes reports until this command has printed so much to stdout.
    pub(crate) fn printed(&mut self, task: TaskId, len: usize) -> String {
        while self.of(task).out.len() < len {
            assert_ne!(self.take(), Some(task), "it ended first: {:?}", self.of(task));
        }
        String::from_utf8(self.of(task).out.clone()).unwrap()
    }

    /// Takes reports until this command has ended.
    pub(crate) fn end(&mut self, task: TaskId) -> Told {
        while self.of(task).outcome.is_none() {
            self.take();
        }
        self.told.remove(&task).unwrap()
    }

    pub(crate) fn run(&mut self, command: Command) -> Told {
        self.run_with(command, &TaskOptions::new())
    }

    pub(crate) fn run_with(&mut self, command: Command, options: &TaskOptions) -> Told {
        let task = self.submit(command, options);
        self.end(task)
    }
}

impl Told {
    fn print(&mut self, stream: Stream, bytes: &[u8]) {
        self.pieces += 1;
        match stream {
            Stream::Stdout => self.out.extend_from_slice(bytes),
            Stream::Stderr => self.err.extend_from_slice(bytes),
        }
    }

    pub(crate) fn out(&self) -> &str {
        assert!(!matches!(self.outcome, Some(Outcome::NotStarted(_))), "{self:?}");
        std::str::from_utf8(&self.out).unwrap()
    }

    pub(crate) fn command_end(&self) -> CommandEnd {
        let outcome = self.outcome.as_ref().unwrap();
        command_end(outcome).unwrap_or_else(|| panic!("{outcome:?} is no end of a command"))
    }

    pub(crate) fn exit(&self) -> Exit {
        self.command_end().exit
    }

    pub(crate) fn failure(&self) -> &Failure {
        match &self.outcome {
            Some(Outcome::Failed(failure)) => failure,
            other => panic!("{other:?} is no failure"),
        }
    }
}

pub(crate) fn command<A: AsRef<[u8]>>(argv: impl IntoIterator<Item = A>) -> Command {
    let argv = argv.into_iter().map(|argument| Bytes::from(argument.as_ref().to_vec())).collect();
    Command { argv, ..Command::default() }
}

pub(crate) fn sh(script: &str) -> Command {
    command(["sh", "-c", script])
}

/// Waits for something to become true.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {DEADLINE:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether there is a process of that id that runs: what is dead and not yet reaped by another has ended too.
pub(crate) fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with(['Z', 'X']))
}

/// The processes whose environment has this entry.
pub(crate) fn processes_with(entry: &str) -> Vec<u32> {
    let pids = std::fs::read_dir("/proc").unwrap().filter_map(|e| e.unwrap().file_name().to_str()?.parse().ok());
    let has = |pid: &u32| {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|own| own == entry.as_bytes())
    };
    pids.filter(has).filter(|pid| lives(*pid)).collect()
}

fn exit_of(outcome: &Outcome) -> Option<Exit> {
    if let Outcome::Crashed(exits) = outcome {
        return exits.first().copied();
    }
    command_end(outcome).map(|end| end.exit)
}
