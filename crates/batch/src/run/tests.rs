//! Runs over an engine that is made up: it runs nothing, and reports what the test has laid down for each command.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;

use ganger::{Backoff, Exit, Failure, FailureKind, Outcome, Stream, TaskOptions};

use super::*;
use crate::control::Control;
use crate::input::Input;
use crate::observer::{Notice, Progress};
use crate::output::Sinks;
use crate::plan::{Layout, Order, Plan, Style};
use crate::template::{Tag, Template};
use crate::timeout::Timeout;
use crate::work::Job;
use crate::workflow::Workflow;

/// What somebody who holds the run does before so many-th report.
type Deed = (usize, fn(&Control));

/// What becomes of the command for an input, by the input's first letter: ok, fail, hang.
#[derive(Default)]
pub(super) struct Fake {
    queue: VecDeque<(TaskId, char)>,
    reports: VecDeque<Report>,
    pub(super) given: Vec<String>,
    pub(super) most_at_once: usize,
    pub(super) cancelled: Vec<TaskId>,
    grown: Vec<usize>,
    /// Somebody holds the run, and does this before so many-th reports.
    hand: Control,
    deeds: Vec<Deed>,
    stepped: Vec<u32>,
    terminated: bool,
    /// Signals come before so many-th reports.
    interrupts: Vec<usize>,
    reported: usize,
}

fn outcome(exit: Exit) -> Outcome {
    match exit {
        Exit::Code(0) => Outcome::Returned(Vec::new()),
        Exit::Code(_) | Exit::Signal { .. } | Exit::OutOfMemory | Exit::Misbehaved => {
            let message = exit.to_string();
            Outcome::Failed(Failure { kind: FailureKind::Spawn, message, value: None })
        }
    }
}

impl Fake {
    /// Signals come before so many-th reports.
    pub(super) fn interrupted(interrupts: &[usize]) -> Self {
        Self { interrupts: interrupts.to_vec(), ..Self::default() }
    }

    fn end(&mut self, task: TaskId, outcome: Outcome) {
        self.reports.push_back(Report::Ended { task, slot: 1, attempts: 1, took: None, outcome });
    }

    /// The first command that does not hang ends.
    fn advance(&mut self) {
        let hangs = |kind: char| kind == 'h' && !self.terminated;
        let Some(at) = self.queue.iter().position(|&(_, kind)| !hangs(kind)) else { return };
        let Some((task, kind)) = self.queue.remove(at) else { return };
        match kind {
            'h' => self.end(task, Outcome::NotStarted(ganger::NotStarted::Terminated)),
            'f' => self.end(task, outcome(Exit::Code(1))),
            _ => {
                self.reports.push_back(Report::Output { task, stream: Stream::Stdout, bytes: b"x\n".to_vec() });
                self.end(task, outcome(Exit::Code(0)));
            }
        }
    }
}

impl Engine for Fake {
    fn submit(&mut self, job: Job<'_>, _: &TaskOptions, _: Option<Duration>) -> Result<TaskId, ganger::Error> {
        let Job::Command(command) = job else { panic!("these runs are of commands") };
        let input = String::from_utf8(command.argv[1].to_vec()).expect("text");
        let id = TaskId::new(self.given.len() as u32, 0);
        self.queue.push_back((id, input.chars().next().expect("a letter")));
        self.given.push(input);
        self.most_at_once = self.most_at_once.max(self.queue.len());
        Ok(id)
    }

    fn report(&mut self, patience: Option<Duration>) -> Option<Report> {
        self.reported += 1;
        self.deeds.iter().filter(|(at, _)| *at == self.reported).for_each(|(_, deed)| deed(&self.hand));
        if self.interrupts.contains(&self.reported) {
            let step = self.interrupts.iter().filter(|at| **at <= self.reported).count() as u32;
            self.terminated |= step > 1;
            return Some(Report::Interrupted { step });
        }
        if self.reports.is_empty() {
            self.advance();
        }
        let woken = !self.interrupts.is_empty() || self.deeds.iter().any(|(at, _)| *at + 1 >= self.reported);
        assert!(self.reports.front().is_some() || patience.is_some() || woken, "a hang");
        self.reports.pop_front()
    }

    fn has_report(&mut self) -> bool {
        !self.reports.is_empty()
    }

    fn cancel(&mut self, task: TaskId) {
        self.cancelled.push(task);
        self.queue.retain(|&(id, _)| id != task);
        self.end(task, Outcome::Cancelled);
    }

    fn interrupt(&mut self) {
        self.stepped.push(1);
    }

    fn terminate(&mut self) {
        self.terminated = true;
        self.stepped.push(2);
    }

    fn kill(&mut self) {
        self.terminated = true;
        self.stepped.push(3);
    }

    fn grow(&mut self, workers: usize) {
        self.grown.push(workers);
    }

    fn running(&self) -> Vec<ganger::Running> {
        let seat = |(at, (task, _)): (usize, &(TaskId, char))| ganger::Running {
            task: *task,
            attempt: 1,
            slot: at as u32 + 1,
            worker: None,
            since: Instant::now(),
        };
        self.queue.iter().enumerate().map(seat).collect()
    }
}

/// What was told.
#[derive(Default)]
pub(super) struct Told(pub(super) Vec<String>);

impl Observer for Told {
    fn notice(&mut self, notice: &Notice<'_>) {
        self.0.push(match notice {
            Notice::Started { command } => String::from_utf8_lossy(command).into_owned(),
            Notice::Failed { job, number, input, cause, attempts } => {
                let number = job.map_or(number.to_string(), |job| format!("{job} {number}"));
                format!("{number} {} {cause} {attempts}", String::from_utf8_lossy(input))
            }
            Notice::JobFailed { name, why } => format!("{name} failed: {why}"),
            Notice::JobSkipped { name, because } => format!("{name} skipped because of {because}"),
            Notice::Halted { halt, running } => format!("halt {halt} {running}"),
            Notice::Interrupted { step, running } => format!("interrupt {step} {running}"),
            Notice::Waiting(waiting) => waiting.to_string(),
            Notice::Trouble { why, running } => format!("trouble {why} {running}"),
            Notice::TroubleOver => "trouble over".to_owned(),
            Notice::Running(snapshot) => format!("{} run", snapshot.running.len()),
            Notice::Progress(progress) => format!("{} succeeded", progress.counts.succeeded),
            Notice::Understaffed { workers, wanted, why } => format!("{workers} of {wanted}: {why}"),
        });
    }

    fn progress(&mut self, _: &Progress) {}
}

pub(super) fn settings(jobs: usize, halt: &str) -> Settings {
    let halt = halt.parse().expect("a policy");
    Settings { jobs, halt, delay: Duration::ZERO, ahead: 16, verbose: false, cgroup: None }
}

pub(super) fn plan(input: Input) -> Plan {
    let plan = Plan::new(Template::parse(&["cmd".into(), "{}".into()]).expect("a command"), input);
    Plan { backoff: Backoff::NONE, ..plan }
}

pub(super) fn inputs(inputs: &str) -> Input {
    Input::Arguments(inputs.split_whitespace().map(OsString::from).collect())
}

pub(super) fn agenda(plan: Plan) -> Agenda {
    let Workflow { jobs, graph, .. } = Workflow::from(plan);
    Agenda::new(jobs, graph)
}

pub(super) struct Seen {
    pub(super) summary: Result<Summary, Error>,
    pub(super) fake: Fake,
    pub(super) told: Vec<String>,
    pub(super) printed: String,
}

fn seen_with(settings: Settings, words: &str, fake: Fake) -> Seen {
    seen_of(settings, agenda(plan(inputs(words))), fake)
}

pub(super) fn seen_of(settings: Settings, agenda: Agenda, fake: Fake) -> Seen {
    let (mut stdout, mut stderr, mut told) = (Vec::new(), io::sink(), Told::default());
    let layout = Layout { style: Style::Grouped, order: Order::OfInput, tag: Some(Tag::INPUTS) };
    let output = Output::new(layout, Sinks { stdout: &mut stdout, stderr: &mut stderr });
    let control = if fake.deeds.is_empty() { Control::default() } else { fake.hand.clone() };
    let run = Run::new(settings, fake, agenda, Some(output), Ledger::default(), &mut told);
    let (summary, fake) = run.held(control).drive();
    Seen { summary, fake, told: told.0, printed: String::from_utf8(stdout).expect("text") }
}

fn seen(jobs: usize, halt: &str, inputs: &str) -> Seen {
    seen_with(settings(jobs, halt), inputs, Fake::default())
}

/// Somebody holds the run, and does something before so many-th reports.
fn held(jobs: usize, inputs: &str, deeds: &[Deed]) -> Seen {
    seen_with(settings(jobs, "never"), inputs, Fake { deeds: deeds.to_vec(), ..Fake::default() })
}

pub(super) fn counts(seen: &Seen) -> (u64, u64, u64, End) {
    let Summary { counts, end } = *seen.summary.as_ref().expect("a summary");
    (counts.succeeded, counts.failed, counts.stopped, end)
}

#[test]
fn every_input_gets_its_command() {
    let seen = seen(2, "never", "a b f c");
    assert_eq!(counts(&seen), (3, 1, 0, End::Complete));
    assert_eq!(seen.fake.given, ["a", "b", "f", "c"]);
    assert_eq!(seen.printed, "a\tx\nb\tx\nc\tx\n");
    assert_eq!(seen.told, ["3 f exit code 1 1"]);
}

#[test]
fn no_inputs_are_no_work() {
    assert_eq!(counts(&seen(2, "never", "")), (0, 0, 0, End::Complete));
}

#[test]
fn halts_start_no_more() {
    // Jobs, halt, inputs; started, counts.
    let table = [
        (1, "soon,fail=1", "a f b c", 2, (1, 1, 0, End::Halted)),
        (2, "soon,fail=1", "f a b c", 2, (1, 1, 0, End::Halted)),
        (2, "now,fail=1", "f h b c", 2, (0, 1, 1, End::Halted)),
        (3, "now,success=2", "a b h c d", 4, (2, 0, 2, End::Halted)),
        (1, "soon,done=50%", "a f b c", 2, (1, 1, 0, End::Halted)),
        (2, "now,fail=9", "f f f", 3, (0, 3, 0, End::Complete)),
        (2, "now,done=2", "a h f", 3, (1, 1, 1, End::Halted)),
    ];
    for (jobs, halt, inputs, started, wanted) in table {
        let seen = seen(jobs, halt, inputs);
        assert_eq!(seen.fake.given.len(), started, "{halt} {inputs}");
        let got = counts(&seen);
        assert_eq!((got.0 + got.1 + got.2) as usize, started, "every command that was started is counted");
        assert_eq!((got.0.min(wanted.0), got.1, got.3), (wanted.0, wanted.1, wanted.3), "{halt} {inputs}");
        assert_eq!(seen.fake.terminated, halt.starts_with("now") && wanted.3 == End::Halted);
    }
}

#[test]
fn the_window_is_as_wide_as_the_jobs_where_it_matters() {
    let many = ["a"; 100].join(" ");
    assert_eq!(seen(3, "never", &many).fake.most_at_once, 3 + 16);
    assert_eq!(seen(3, "soon,fail=1", &many).fake.most_at_once, 3);
}

#[test]
fn fewer_workers_than_jobs_are_told() {
    let understaffed = Report::Understaffed { workers: 1, wanted: 2, why: "too many open files".to_owned() };
    let seen =
        seen_with(settings(2, "never"), "a b c", Fake { reports: VecDeque::from([understaffed]), ..Fake::default() });
    assert_eq!(seen.told, ["1 of 2: too many open files"]);
    assert_eq!(counts(&seen), (3, 0, 0, End::Complete));
}

#[test]
fn signals_end_a_run_in_steps() {
    let many = ["a"; 100].join(" ");
    let once = Fake { interrupts: vec![5], ..Fake::default() };
    let seen_once = seen_with(settings(2, "never"), &many, once);
    assert_eq!(counts(&seen_once).3, End::Interrupted);
    assert!(seen_once.fake.given.len() < 30);
    assert_eq!(seen_once.told, ["interrupt 1 2"]);

    let twice = Fake { interrupts: vec![2, 3], ..Fake::default() };
    let seen_twice = seen_with(settings(2, "never"), "h h", twice);
    assert_eq!(counts(&seen_twice), (0, 0, 2, End::Interrupted));
    assert_eq!(seen_twice.told, ["interrupt 1 2", "interrupt 2 2"]);
    assert_eq!(seen_twice.summary.expect("a summary").exit_code(), 130);

    let quit = Fake { interrupts: vec![2, 2, 2, 2], ..Fake::default() };
    let seen_quit = seen_with(settings(2, "never"), "h h", quit);
    assert_eq!(counts(&seen_quit), (0, 0, 2, End::Quit));
    assert_eq!(seen_quit.told, ["interrupt 4 2"]);
}

#[test]
fn what_waits_for_its_turn_is_bounded() {
    let inputs = format!("h {}", vec!["a"; HELD as usize + 100].join(" "));
    let fake = Fake { interrupts: vec![2 * HELD as usize, 2 * HELD as usize + 1], ..Fake::default() };
    let seen = seen_with(settings(2, "never"), &inputs, fake);
    assert!(seen.fake.given.len() as u64 <= HELD, "{}", seen.fake.given.len());
}

#[test]
fn a_closed_output_stops_the_rest_without_a_word() {
    struct Closed;
    impl io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (mut stdout, mut stderr, mut told) = (Closed, io::sink(), Told::default());
    let output = Output::new(Layout::default(), Sinks { stdout: &mut stdout, stderr: &mut stderr });
    let many = ["a"; 1000].join(" ");
    let run = Run::new(
        settings(2, "never"),
        Fake::default(),
        agenda(plan(inputs(&many))),
        Some(output),
        Ledger::default(),
        &mut told,
    );
    let (summary, fake) = run.drive();
    let summary = summary.expect("no error");
    assert_eq!((summary.end, summary.exit_code()), (End::OutputClosed, 141));
    assert!(fake.given.len() < 30 && fake.terminated && told.0.is_empty());
}

#[test]
fn an_unreadable_input_is_told_when_the_rest_is_done() {
    let reader = Box::new(io::Cursor::new(b"a\nb\0\nc\n".to_vec()));
    let agenda = agenda(plan(Input::Stream { name: "list".into(), reader }));
    let mut told = Told::default();
    let (summary, fake) =
        Run::new(settings(2, "never"), Fake::default(), agenda, None, Ledger::default(), &mut told).drive();
    assert!(summary.expect_err("a NUL").to_string().contains("input 2 of list"));
    assert_eq!(fake.given, ["a"]);
    assert!(!fake.terminated);
}

#[test]
fn what_runs_for_much_longer_than_the_others_is_cancelled() {
    let agenda = |attempts, words| {
        let timeout = Some(Timeout::OfMedian(300.0));
        agenda(Plan { timeout, attempts, ..plan(inputs(words)) })
    };
    let settings = || Settings { ahead: 0, ..settings(2, "never") };
    let seen_once = seen_of(settings(), agenda(1, "h a a a"), Fake::default());
    assert_eq!(counts(&seen_once), (3, 1, 0, End::Complete));
    assert_eq!(seen_once.fake.cancelled.len(), 1);
    assert!(seen_once.told[0].starts_with("1 h stopped, since it ran for longer than"), "{:?}", seen_once.told);

    // The second attempt begins with a limit that the pool knows, so it is not ours to end: a signal does.
    let fake = Fake { interrupts: vec![1_000_000, 1_000_001], ..Fake::default() };
    let seen_twice = seen_of(settings(), agenda(2, "h a a a b b b"), fake);
    assert_eq!(seen_twice.fake.given.iter().filter(|input| *input == "h").count(), 2);
}

#[path = "control_tests.rs"]
mod control;
