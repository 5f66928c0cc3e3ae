//! What a service is told.

mod doors;
mod limits;
mod queue;
mod rate;

pub use doors::{Access, Listen, Tls};
pub use limits::Limits;
pub use queue::{Defaults, QueueConfig, Runs};
pub use rate::Rate;

use std::path::PathBuf;
use std::time::Duration;

use ganger_store::Durability;

use crate::error::ServeError;

/// All that can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The store's file. It is made if there is none.
    pub store: PathBuf,
    /// What an acknowledgement survives.
    pub durability: Durability,
    /// Where clients connect: one door at least.
    pub listen: Vec<Listen>,
    /// Who may come in by these doors.
    pub access: Access,
    /// The queues: at least one.
    pub queues: Vec<QueueConfig>,
    /// The service may be told of other queues while it works. Where it is told that it will not, its only queue's workers
    /// are looked after more closely: processes that escape from a command die with its worker.
    pub queues_may_change: bool,
    /// How long tasks that run may go on when the service is asked to end.
    pub drain: Duration,
    /// How long tasks may take to end that are then asked to: 10 s by default, then they are killed.
    pub grace: Duration,
    /// How long a job is remembered after its end, unless it says so itself; for ever if none.
    pub keep: Option<Duration>,
    /// What clients may use.
    pub limits: Limits,
}

impl Config {
    /// A service with one queue, `default`, of commands, and one door, a Unix socket for its user.
    #[must_use]
    pub fn new(store: PathBuf, socket: PathBuf) -> Self {
        Self {
            store,
            durability: Durability::default(),
            listen: vec![Listen::Unix(socket)],
            access: Access::default(),
            queues: vec![QueueConfig::default()],
            queues_may_change: false,
            drain: Duration::from_secs(20),
            grace: Duration::from_secs(10),
            keep: None,
            limits: Limits::default(),
        }
    }

    /// Whether there are queues, each with a name of its own.
    pub(crate) fn check_queues(&self) -> Result<(), ServeError> {
        let names: Vec<&str> = self.queues.iter().map(|queue| queue.name.as_str()).collect();
        let twice = names.iter().enumerate().find(|(at, name)| names[..*at].contains(*name));
        match (names.is_empty(), twice) {
            (true, _) => Err(ServeError::queues("there is no queue: give one at least".to_owned())),
            (_, Some((_, name))) => {
                Err(ServeError::queues(format!("there are two queues {name:?}: give each its own name")))
            }
            _ => Ok(()),
        }
    }

    /// What is other than before, and changes with a restart alone.
    pub(crate) fn stays(&self, before: &Self) -> Vec<&'static str> {
        let other = [
            ("store", self.store != before.store),
            ("listen", self.listen != before.listen),
            ("group", self.access.group != before.access.group),
            ("durable", self.durability != before.durability),
            ("drain", self.drain != before.drain),
            ("grace", self.grace != before.grace),
            ("connections, max_body, max_tasks", self.limits != before.limits),
        ];
        other.into_iter().filter(|(_, other)| *other).map(|(name, _)| name).collect()
    }
}
