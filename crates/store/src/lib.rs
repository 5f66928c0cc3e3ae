//! What became of tasks, in one SQLite file that any SQLite tool can read.
//!
//! ```text
//!  job ──┬─ run        one invocation of the job: when, by which process, how it ended
//!        ├─ task       one input of it: its key, what was run, its state
//!        │   └─ attempt    one try: when, how long, what it used, how it ended
//!        │        └─ output     what it printed
//!        └─ known      tasks by key, for a resume
//! ```
//!
//! [`Store`] writes: one process has it at a time, by a lock that dies with it. [`Reader`] looks, from any number of
//! processes, also while a `Store` writes. A [`Recorder`] takes what happens, one [`Record`] after the other, and commits
//! them in groups. A [`Backlog`] is the service's half: tasks that wait, and are claimed.
//!
//! # What holds
//! - *A group is there whole or not at all*, whenever the process is killed; whether it survives the loss of power is
//!   [`Durability`].
//! - *A task that is `succeeded` has the attempt that says so*, committed with it.
//! - *A record costs the same whatever is in the file.* Rows are only ever added at the end of their table; the one
//!   index in another order, of tasks by key, is brought up to date by a resume, in one sorted pass ([`known`]).
//! - *A file of an older version is brought up to this one; of a newer one, or of another program, it is refused
//!   unchanged.*

mod durability;
pub use durability::Durability;

mod error;
pub use error::StoreError;

mod schema;

mod lock;

mod unsynced;

mod moved;

mod key;
pub use key::Key;

mod words;
pub use words::{AttemptId, End, JobId, QueueId, RunEnd, RunId, State, Stream, TaskId, Usage};

mod record;
pub use record::{Attempt, Job, NewTask, Record, Run, Setting, Task};

mod store;
pub use store::Store;

pub mod known;
pub use known::Known;

mod group;

mod recorder;
pub use recorder::Recorder;

mod backlog;
pub use backlog::{
    Accepted, Answer, Backlog, Backoff, Cancelled, Change, Claim, Depth, Done, Ended, Fate, Firing, How, Missing,
    Needs, NewJob, NewSchedule, Next, Order, Overlap, Policy, Turn, Unique, Until,
};

mod reader;
pub use reader::Reader;

mod served;
pub use served::{
    Cause, Causes, DeadLetter, DeadPage, JobFilter, JobState, Outcome, Schedule, Served, Tally, TaskFilter,
};

mod printed;
pub use printed::Place;

mod pages;
pub use pages::{Attempts, Filter, Tasks};

mod follow;
pub use follow::Cursor;

mod retention;
pub use retention::Forget;

mod damage;
pub use damage::{Salvaged, check, salvage};
