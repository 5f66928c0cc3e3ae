//! What a process is to be.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ganger_proto::fault::Fault;

use crate::builder::StartMethod;
use crate::error::{Error, ErrorKind};
use crate::process::Process;
use crate::process::call::Call;
use crate::task::{Portable, Task};
use crate::testing;

/// The longest name, in bytes: it travels in one packet with other things.
const LONGEST_NAME: usize = 1000;

/// Builds a [`Process`].
///
/// ```
/// use ganger::{Exit, Process, StartMethod};
///
/// #[ganger::task]
/// fn greet(name: String) { println!("hello {name}"); }
///
/// # fn main() -> Result<(), ganger::Error> {
/// ganger::init();
/// let process = Process::builder().name("greeter").start_method(StartMethod::Spawn).build(greet, "you".to_owned())?;
/// process.start()?;
/// assert_eq!(process.join(None)?, Some(Exit::Code(0)));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ProcessBuilder<P = Process> {
    name: Option<String>,
    daemon: bool,
    method: StartMethod,
    program: Option<PathBuf>,
    start_timeout: Duration,
    faults: Vec<Fault>,
    made: PhantomData<fn() -> P>,
}

impl Default for ProcessBuilder {
    fn default() -> Self {
        Self::by(StartMethod::default())
    }
}

impl<P: From<Process>> ProcessBuilder<P> {
    pub(crate) fn by(method: StartMethod) -> Self {
        let start_timeout = Duration::from_secs(30);
        Self { name: None, daemon: false, method, program: None, start_timeout, faults: Vec::new(), made: PhantomData }
    }

    /// Its name, for logs, `ps` and [`current_process`](crate::current_process): `Process-N` by default.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Whether it ends with this process: see [`Process::set_daemon`].
    #[must_use]
    pub fn daemon(mut self, daemon: bool) -> Self {
        self.daemon = daemon;
        self
    }

    /// How it comes into being: forked by a zygote (the default), by executing the program for it alone, as a thread of
    /// this process, or, for debugging, in the caller of [`Process::start`], which then returns at its end.
    #[must_use]
    pub fn start_method(mut self, method: StartMethod) -> Self {
        self.method = method;
        self
    }

    /// The program that it executes, instead of this one: `set_executable`. Its `main` calls [`init`](crate::init) first,
    /// and it registers the same tasks: share them in a library crate.
    #[must_use]
    pub fn worker_program(mut self, program: impl AsRef<Path>) -> Self {
        self.program = Some(program.as_ref().to_owned());
        self
    }

    /// How long it may take to come, after which [`Process::start`] fails: 30 s by default.
    #[must_use]
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// For tests: what it shall do to itself, and exactly where: at [`Point::Start`](crate::testing::Point::Start), when it has come
    /// up; [`Begin`](crate::testing::Point::Begin), before its function; [`Retire`](crate::testing::Point::Retire), behind it; and in the middle of
    /// what it shares with others.
    ///
    /// ```
    /// use ganger::testing::{Fault, Point};
    /// use ganger::{Exit, Process};
    ///
    /// #[ganger::task]
    /// fn nothing() {}
    ///
    /// # fn main() -> Result<(), ganger::Error> {
    /// ganger::init();
    /// let process = Process::builder().faults([Fault::exit(3, Point::Begin)]).build(nothing, ())?;
    /// process.start()?;
    /// assert_eq!(process.join(None)?, Some(Exit::Code(3)));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.extend(faults);
        self
    }

    /// A process that will call `f`. It is started by [`Process::start`].
    ///
    /// # Errors
    /// When the function is not registered, the arguments cannot be encoded, a fault makes no sense here, or the name
    /// is longer than 1000 bytes or has a NUL in it.
    pub fn build<F, A, S>(self, f: F, args: A) -> Result<P, Error>
    where
        F: Task<A, S>,
        A: Portable,
    {
        let name = self.name.unwrap_or_else(next_name);
        if name.len() > LONGEST_NAME || name.contains('\0') {
            let why = "the name of a process has at most 1000 bytes, none of them NUL";
            return Err(Error::new(ErrorKind::Invalid { what: "name", why }));
        }
        let faults = testing::alone::of_process(&name, self.faults, self.method)?;
        let (daemon, method, program, patience) = (self.daemon, self.method, self.program, self.start_timeout);
        Ok(P::from(Process::of(Call { name, daemon, method, program, patience, faults, ..Call::new(f, &args)? })))
    }
}

fn next_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("Process-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
