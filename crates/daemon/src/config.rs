//! What a service is told.

use std::path::PathBuf;
use std::time::Duration;

use ganger_store::Durability;

/// All that can be chosen.
#[derive(Clone, Debug)]
pub struct Config {
    /// The store's file. It is made if there is none.
    pub store: PathBuf,
    /// What an acknowledgement survives.
    pub durability: Durability,
    /// Where the Unix socket is made.
    pub socket: PathBuf,
    /// The queues: at least one.
    pub queues: Vec<QueueConfig>,
    /// How long tasks that run may go on when the service is asked to end.
    pub drain: Duration,
    /// How long tasks may take to end that are then asked to: 10 s by default, then they are killed.
    pub grace: Duration,
    /// What clients may use.
    pub limits: Limits,
}

impl Config {
    /// A service with one queue, `default`, of commands.
    #[must_use]
    pub fn new(store: PathBuf, socket: PathBuf) -> Self {
        Self {
            store,
            durability: Durability::default(),
            socket,
            queues: vec![QueueConfig::default()],
            drain: Duration::from_secs(20),
            grace: Duration::from_secs(10),
            limits: Limits::default(),
        }
    }
}

/// A queue, and who works it off.
#[derive(Clone, Debug)]
pub struct QueueConfig {
    /// What it is called.
    pub name: String,
    /// How many of its tasks run at a time.
    pub slots: usize,
    /// What a task is.
    pub runs: Runs,
    /// How much of what an attempt prints is kept, in bytes.
    pub output: usize,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self { name: "default".to_owned(), slots: ganger::cpu_count(), runs: Runs::Commands, output: 1 << 20 }
    }
}

/// What the tasks of a queue are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// Each is a program with its arguments.
    Commands,
    /// Each is a line for a program that is kept, one a slot: its words, as `ganger::worker_protocol` says.
    Worker(Vec<String>),
}

/// What clients may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest body of a request, in bytes.
    pub body: usize,
    /// Above this size, in bytes, a body waits for its share of `bodies`.
    pub small: usize,
    /// How much of such bodies is in memory at a time, in bytes, until their jobs are committed.
    pub bodies: usize,
    /// The most tasks in one request.
    pub tasks: usize,
    /// The most connections at a time: more wait to be accepted.
    pub connections: usize,
    /// How long a request's head may take, and how long a connection may be idle.
    pub head_time: Duration,
    /// How long a request's body may take.
    pub body_time: Duration,
    /// How long a client may wait for a job in one request.
    pub wait: Duration,
    /// How many clients may follow events or outputs at a time.
    pub followers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 4 << 20,
            small: 16 << 10,
            bodies: 8 << 20,
            tasks: 10_000,
            connections: 512,
            head_time: Duration::from_secs(30),
            body_time: Duration::from_secs(30),
            wait: Duration::from_secs(60),
            followers: 64,
        }
    }
}
