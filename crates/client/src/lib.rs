//! The other side of `ganger serve`: what a program needs that is its client. It blocks, and has no runtime.
//!
//! ```text
//!  ServiceExecutor ─┬─► Client ──► Wire ──► Unix socket, TCP, or TLS over it
//!   futures         │   requests   bytes
//!  Client::submit ──┘
//!   jobs of commands
//! ```
#![cfg_attr(doctest, doc = include_str!("../../../docs/serve/rust.md"))]

mod endpoint;
pub use endpoint::Endpoint;

mod wire;

mod answer;
pub use answer::Answer;

mod connection;
pub use connection::Client;

mod job;
pub use job::{Attempt, Job, NewJob, Receipt, State, Tally, Task};

mod calls;
pub use calls::CallError;

mod executor;
pub use executor::{ServiceExecutor, TaskRef};
