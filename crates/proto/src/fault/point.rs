//! Where a fault can strike.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Deed, FaultError};

/// Where a fault strikes: exact places on a worker's way, not times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Point {
    /// A process has come up, and has said nothing yet.
    Start,
    /// In the initializer's place: the worker has said who it is, and is not ready.
    Init,
    /// It has begun a task, and not called its function yet.
    Begin,
    /// Half of the result is written.
    Write,
    /// The result is whole, and nobody has read it yet.
    Written,
    /// It has nothing to do. With a task: the first time after that task.
    Idle,
    /// It holds a lock.
    Lock,
    /// It was told to end, as one that is recycled is.
    Retire,
    /// Halfway in putting something into a queue.
    Put,
    /// Halfway in getting something out of a queue.
    Get,
    /// A manager has read a request, and not done it yet.
    Request,
    /// A manager has done what was asked, and not answered yet.
    Answer,
}

impl Point {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Point::Start,
        Point::Init,
        Point::Begin,
        Point::Write,
        Point::Written,
        Point::Idle,
        Point::Lock,
        Point::Retire,
        Point::Put,
        Point::Get,
        Point::Request,
        Point::Answer,
    ];

    /// Its word in a plan's text.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Point::Start => "start",
            Point::Init => "init",
            Point::Begin => "begin",
            Point::Write => "write",
            Point::Written => "written",
            Point::Idle => "idle",
            Point::Lock => "lock",
            Point::Retire => "retire",
            Point::Put => "put",
            Point::Get => "get",
            Point::Request => "request",
            Point::Answer => "answer",
        }
    }

    /// Whether a task can be at hand.
    #[must_use]
    pub const fn has_task(self) -> bool {
        !matches!(self, Point::Start | Point::Init)
    }

    /// Whether the deed can be done here and is another than at a neighbouring point.
    ///
    /// # Errors
    /// When not: why, and where it can.
    pub fn check(self, deed: Deed) -> Result<(), FaultError> {
        match self.objection(deed) {
            None => Ok(()),
            Some(why) => Err(FaultError(format!("'{deed} at={self}' makes no sense: {why}"))),
        }
    }

    fn objection(self, deed: Deed) -> Option<&'static str> {
        let shared =
            "in shared memory a process can die or stand still, and nothing else; use kill, segv, abort, exit or stop";
        let fits = match self {
            Point::Start | Point::Init if deed == Deed::SlowReader => {
                return Some("it has nothing to read yet; use at=idle, or stop");
            }
            Point::Start | Point::Init | Point::Begin | Point::Idle => true,
            Point::Write if !(deed.ends() || deed.hangs()) => {
                return Some("nothing fits into the middle of a message but an end; use at=begin or at=written");
            }
            Point::Written if !(deed.ends() || deed.lies()) => {
                return Some("the worker lives on, and is idle then; use at=idle with the same task");
            }
            Point::Write | Point::Written => true,
            Point::Retire if matches!(deed, Deed::SlowReader | Deed::NoDescriptors) => {
                return Some("it reads and opens nothing more; use at=idle");
            }
            Point::Retire => true,
            Point::Lock | Point::Put | Point::Get => {
                matches!(deed, Deed::Kill | Deed::Segv | Deed::Abort | Deed::Exit(_) | Deed::Stop)
            }
            Point::Request | Point::Answer if deed == Deed::SlowReader => {
                return Some("a manager reads one request at a time; use stop");
            }
            Point::Request | Point::Answer => true,
        };
        (!fits).then_some(shared)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
