//! What a process can do to itself, or to those who rely on it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Fault, Point};

/// What a fault does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Deed {
    /// It dies of SIGKILL.
    Kill,
    /// It dies of SIGSEGV.
    Segv,
    /// It dies of SIGABRT.
    Abort,
    /// It exits with this status, without any farewell: 0 as well is no success.
    Exit(u8),
    /// It panics. Where a task's function would run, that is the task's panic; anywhere else the process ends of it.
    Panic,
    /// It is stopped (SIGSTOP), and does not go on by itself.
    Stop,
    /// It ignores SIGTERM and SIGINT, and hangs for ever.
    Stubborn,
    /// It sends bytes that are no message, and goes on.
    Garbage,
    /// It announces a message longer than all memory, and goes on.
    Oversized,
    /// It closes its link to its supervisor, and hangs for ever.
    Close,
    /// It asks for more memory than it may have, and dies of it as Rust programs do: of SIGABRT.
    OutOfMemory,
    /// It can open no descriptor any more, and goes on.
    NoDescriptors,
    /// It goes on with what it has in hand, and then reads nothing any more.
    SlowReader,
    /// It leaves a child in a session of its own, which would stay for ever, and goes on.
    Grandchild,
}

impl Deed {
    /// All of them; of the exits, one.
    pub const ALL: [Self; 14] = [
        Deed::Kill,
        Deed::Segv,
        Deed::Abort,
        Deed::Exit(0),
        Deed::Panic,
        Deed::Stop,
        Deed::Stubborn,
        Deed::Garbage,
        Deed::Oversized,
        Deed::Close,
        Deed::OutOfMemory,
        Deed::NoDescriptors,
        Deed::SlowReader,
        Deed::Grandchild,
    ];

    /// The fault of doing this once, there.
    ///
    /// ```
    /// use ganger_proto::fault::{Deed, Point};
    ///
    /// assert_eq!(Deed::Exit(3).at(Point::Write).task(2).to_string(), "exit(3) at=write task=2");
    /// ```
    #[must_use]
    pub const fn at(self, point: Point) -> Fault {
        Fault::new(self, point)
    }

    /// Its word in a plan's text, without the status of an exit.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Deed::Kill => "kill",
            Deed::Segv => "segv",
            Deed::Abort => "abort",
            Deed::Exit(_) => "exit",
            Deed::Panic => "panic",
            Deed::Stop => "stop",
            Deed::Stubborn => "stubborn",
            Deed::Garbage => "garbage",
            Deed::Oversized => "oversized",
            Deed::Close => "close",
            Deed::OutOfMemory => "out-of-memory",
            Deed::NoDescriptors => "no-descriptors",
            Deed::SlowReader => "slow-reader",
            Deed::Grandchild => "grandchild",
        }
    }

    /// Whether the process ends of it at once.
    #[must_use]
    pub const fn ends(self) -> bool {
        matches!(self, Deed::Kill | Deed::Segv | Deed::Abort | Deed::Exit(_) | Deed::Panic | Deed::OutOfMemory)
    }

    /// Whether the process lives on and does nothing more.
    #[must_use]
    pub const fn hangs(self) -> bool {
        matches!(self, Deed::Stop | Deed::Stubborn | Deed::Close)
    }

    /// Whether it says what breaks the protocol.
    #[must_use]
    pub const fn lies(self) -> bool {
        matches!(self, Deed::Garbage | Deed::Oversized)
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        if let Deed::Exit(status) = self { write!(f, "({status})") } else { Ok(()) }
    }
}
