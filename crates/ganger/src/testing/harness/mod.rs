//! What `#[ganger::test]` makes of a test: a process of its own, with a deadline.
//!
//! ```text
//!  test program: run() ── executes itself for this one test ──► run(), again: inside()
//!       │ waits until the deadline                                │ a watchdog, a watch over leaks
//!       │                                                         ▼
//!       │ ◄─────────── what it has printed, its exit ──────────  body
//!       ▼
//!  kills whoever is left of it, and fails if there was anybody
//! ```
//!
//! So a test that hangs, or dies of a signal, fails by itself; what it holds is nobody else's; and nothing of it outlives it.

mod inside;

mod marked;

mod place;

use std::env;
use std::fmt::Write as _;
use std::io;
use std::panic::resume_unwind;
use std::process::{Child, Command, ExitStatus, Stdio, Termination};
use std::thread;
use std::time::{Duration, Instant};

use marked::Mark;
use place::Place;

/// Which test this process is for.
const TEST: &str = "GANGER_TEST";

/// What a process prints before its test begins: what the harness has said before is none of its words.
const BEGINNING: &str = "--- ganger: the test begins here ---";

/// More than the deadline, so that the test can say itself what it hangs in.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How long what the test has started may take to be gone after it, or as long as the test if that is less.
const AFTERMATH: Duration = Duration::from_secs(5);

/// How often one looks whether a test is over.
const LOOK: Duration = Duration::from_millis(2);

/// Runs a test's body in a process of its own: what `#[ganger::test]` writes. `name` is its path, with its crate.
///
/// # Panics
/// When the test fails, is not over in time, or leaves something behind.
pub fn run<R: Termination>(name: &str, timeout: Duration, body: fn() -> R) {
    let name = name.split_once("::").map_or(name, |(_, name)| name);
    if env::var(TEST).is_ok_and(|test| test == name) {
        inside::run(name, timeout, body);
    }
    let told = outside(name, timeout).unwrap_or_else(|error| panic!("{name}: no process for the test: {error}"));
    match told {
        Told { printed, failure: None } => show(&printed),
        Told { printed, failure: Some(failure) } => fail(format!("{printed}\n{name}: {failure}\n")),
    }
}

#[expect(clippy::print_stdout, reason = "the harness keeps what a test prints, and shows it when it shall")]
fn show(printed: &str) {
    print!("{printed}");
}

/// A panic, for `#[should_panic]` as well; without a word of this place, which has nothing to do with it.
fn fail(told: String) {
    show(&told);
    resume_unwind(Box::new(told));
}

/// What came of the process.
struct Told {
    printed: String,
    failure: Option<String>,
}

fn outside(name: &str, timeout: Duration) -> io::Result<Told> {
    let (place, mark) = (Place::new()?, Mark::new());
    let mut child = start(name, &place, &mark)?;
    let exit = wait(&mut child, timeout + LAST_WORDS)?;
    let mut failure = exit.map_or_else(|| Some(not_over(timeout, &mark)), failure_of);
    let left = match exit {
        Some(_) => mark.linger(timeout.min(AFTERMATH)),
        None => Vec::new(),
    };
    mark.kill_all();
    // A child is waited for even if it was killed.
    child.wait()?;
    if failure.is_none() && !left.is_empty() {
        failure = Some(format!("it has left processes behind, which are killed now:\n{}", left.concat()));
    }
    let printed = place.printed()?;
    match printed.split_once(BEGINNING) {
        Some((_, printed)) => Ok(Told { printed: printed.trim_start().to_owned(), failure }),
        None => Ok(Told { printed, failure: failure.or_else(|| Some("the test program has no such test".to_owned())) }),
    }
}

/// The program as it is in memory, whatever became of its file.
fn start(name: &str, place: &Place, mark: &Mark) -> io::Result<Child> {
    let output = place.output()?;
    Command::new("/proc/self/exe")
        .args([name, "--exact", "--nocapture", "--include-ignored", "--test-threads=1"])
        .env(TEST, name)
        .env("TMPDIR", place.temporary())
        .env(marked::VARIABLE, mark.value())
        .stdin(Stdio::null())
        .stderr(output.try_clone()?)
        .stdout(output)
        .spawn()
}

/// None: it is not over in time.
fn wait(child: &mut Child, timeout: Duration) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + timeout;
    loop {
        let exit = child.try_wait()?;
        if exit.is_some() || Instant::now() >= deadline {
            return Ok(exit);
        }
        thread::sleep(LOOK);
    }
}

fn failure_of(exit: ExitStatus) -> Option<String> {
    (!exit.success()).then(|| format!("the test has failed: {exit}"))
}

fn not_over(timeout: Duration, mark: &Mark) -> String {
    let mut told = format!("not over within {timeout:?}; all of it is killed now:\n");
    mark.bearers().iter().for_each(|bearer| write!(told, "{bearer}").expect("a string takes everything"));
    told
}
