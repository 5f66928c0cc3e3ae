//! What clients may use.

use std::time::Duration;

/// What clients may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest body of a request, in bytes.
    pub body: usize,
    /// Above this size, in bytes, a body waits for its share of `bodies`.
    pub small: usize,
    /// How much of such bodies is in memory at a time, in bytes, until their jobs are committed.
    pub bodies: usize,
    /// The most tasks in one request.
    pub tasks: usize,
    /// The most connections at a time and door: for who comes then, the one that is idle longest goes.
    pub connections: usize,
    /// How long a request's head may take, and how long a connection may be idle.
    pub head_time: Duration,
    /// How long a request's body may take, and how long a client may not read what it is answered.
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
