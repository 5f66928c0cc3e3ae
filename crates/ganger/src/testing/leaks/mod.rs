//! What a test leaves behind.

mod holdings;
pub(super) use holdings::{name_and_state, threads};

mod files;

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use holdings::Holdings;

/// How long what is just ending may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How often one looks meanwhile.
const LOOK: Duration = Duration::from_millis(5);

/// Growth of this process's memory that is no leak: allocators keep what they were given back.
const GROWTH: u64 = 64 << 20;

/// A watch over what this process holds: at its end there must be no more than at its beginning, or the test fails and says
/// what was left.
///
/// It looks at child processes, dead ones that nobody waited for included; threads; descriptors; shared memory that is mapped; files in
/// the directory for temporary ones; and this process's memory, which may have grown by 64 MiB
/// ([`allow_memory`](Self::allow_memory)). What is just ending has ten seconds ([`patience`](Self::patience)).
///
/// What this library keeps for the life of the program once it was used is no leak: the thread that starts each
/// [`Process`](crate::Process), its zygote, and what they need.
///
/// ```
/// use ganger::testing::Leaks;
///
/// # #[ganger::task]
/// # fn square(n: u64) -> u64 { n * n }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # ganger::init();
/// let leaks = Leaks::watch();
/// let pool = ganger::Pool::new(2)?;
/// assert_eq!(pool.apply(square, 3)?, 9);
/// drop(pool);
/// leaks.check()?; // or by itself, where it is dropped: then it panics
/// # Ok(()) }
/// ```
///
/// It sees the whole process. Under plain `cargo test` other tests run in other threads of it, and what they make meanwhile
/// counts; only what is gone again within its patience does not. [`#[ganger::test]`](macro@crate::test) gives each test a process
/// of its own, and has a watch already; else run such tests with `--test-threads=1`. In a directory for temporary files that
/// all users share (`/tmp`), only sockets that nobody listens to any more count.
#[derive(Debug)]
#[must_use = "it compares when it is dropped: give it a name, and drop before what may hold something"]
pub struct Leaks {
    before: Holdings,
    growth: u64,
    patience: Duration,
    checked: bool,
}

impl Leaks {
    /// Watches from now on.
    pub fn watch() -> Self {
        Self { before: Holdings::now(), growth: GROWTH, patience: PATIENCE, checked: false }
    }

    /// How many bytes of memory more than before are no leak.
    pub fn allow_memory(mut self, bytes: u64) -> Self {
        self.growth = bytes;
        self
    }

    /// How long what is just ending may take.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Looks now, and ends the watch.
    ///
    /// # Errors
    /// When something is left.
    pub fn check(mut self) -> Result<(), Leaked> {
        self.checked = true;
        let deadline = Instant::now() + self.patience;
        loop {
            let left = self.left();
            if left.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Leaked { left });
            }
            thread::sleep(LOOK);
        }
    }

    fn left(&self) -> Vec<String> {
        let now = Holdings::now();
        let mut left = now.beyond(&self.before);
        let grown = now.memory.saturating_sub(self.before.memory);
        if grown > self.growth {
            left.push(format!("memory: {} more than before, and {} are allowed", mib(grown), mib(self.growth)));
        }
        left
    }
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// Fails the test, if something is left and it has not failed already.
impl Drop for Leaks {
    fn drop(&mut self) {
        if self.checked || thread::panicking() {
            return;
        }
        let Self { growth, patience, .. } = *self;
        let watch = Self { before: std::mem::take(&mut self.before), growth, patience, checked: true };
        if let Err(leaked) = watch.check() {
            panic!("{leaked}");
        }
    }
}

/// What a test has left behind.
///
/// ```
/// use ganger::testing::Leaks;
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let leaks = Leaks::watch().patience(Duration::ZERO);
/// let pipe = std::io::pipe()?;
/// let left = leaks.check().unwrap_err();
/// assert!(left.things().iter().all(|thing| thing.starts_with("descriptor ") && thing.contains("pipe:")));
/// # drop(pipe);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaked {
    left: Vec<String>,
}

impl Leaked {
    /// Each thing: what it is, and as far as that can be told whose.
    #[must_use]
    pub fn things(&self) -> &[String] {
        &self.left
    }
}

impl fmt::Display for Leaked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "left behind: {}", self.left.join("; "))
    }
}

impl std::error::Error for Leaked {}
