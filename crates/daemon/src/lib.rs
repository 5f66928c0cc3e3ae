//! `ganger serve`: a durable queue of jobs as a service.
//!
//! ```text
//!  client ── HTTP ──► server ──► api ── Event, and its answer ──► driver ── Turn, one commit ──► Backlog (ganger-store)
//!                                 │                                 │ ▲
//!                                 └── Reader (ganger-store)   tasks ▼ │ Event::Reported
//!                                                                  lanes: a pool each (ganger)
//! ```
//!
//! One thread, the driver, owns the queues and the pools. What comes while it commits is in the next commit: so ten thousand
//! clients share one, and one that is alone waits for nobody. No queue is in memory: what waits is in the store, and the
//! first of it is looked up when a worker is free.
//!
//! # What holds
//! - *What was accepted is committed before the client is told.*
//! - *An attempt is committed before it begins*, so a service that was killed finds what ran. It is tried again within its
//!   attempts.
//! - *How it ended is committed before anybody is told*; while the disk refuses, it is kept and nothing new begins.
//! - *No client holds up another one, or the driver*: bodies, headers, time and connections have limits ([`Limits`]).
//!
//! # Functions
//! The tasks of a queue are commands, lines for a program that is kept, or calls of functions that a worker program registers
//! ([`Runs`]). Of those a program has futures, by `ganger_client::ServiceExecutor`, and they outlive it:
//!
//! ```
//! use std::thread;
//! use ganger::Executor;
//! use ganger_client::{Endpoint, ServiceExecutor};
//! use ganger_daemon::{Config, QueueConfig, Runs, Service};
//!
//! #[ganger::task]
//! fn square(n: u64) -> u64 { n * n }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     ganger::init();
//!     let (place, program) = (tempfile::tempdir()?, std::env::current_exe()?.display().to_string());
//!     let (store, socket) = (place.path().join("jobs.db"), place.path().join("socket"));
//!     let runs = Runs::Functions(vec![program]);
//!     let queue = QueueConfig { name: "functions".to_owned(), slots: 2, runs, ..QueueConfig::default() };
//!     let service = Service::start(Config { queues: vec![queue], ..Config::new(store, socket.clone()) })?;
//!     thread::spawn(move || service.run()); // as a rule, a process of its own: ganger serve
//!
//!     let executor = ServiceExecutor::connect(&Endpoint::unix(&socket), "functions")?;
//!     let future = executor.submit(square, 12)?;
//!     let ticket = executor.id(&future)?.to_string(); // written down, it is good for another program
//!     assert_eq!(executor.future::<u64>(ticket.parse()?)?.result()?, 144);
//!     assert_eq!(executor.map(square, 1..=3)?.sum::<Result<u64, _>>()?, 14);
//!     Ok(())
//! }
//! ```

mod config;
pub use config::{Access, Config, Defaults, Limits, Listen, QueueConfig, Rate, Runs, Tls};

mod error;
pub use error::ServeError;

mod service;
pub use service::Service;

pub use ganger_client::{Answer, Client, Endpoint};

mod notify;
mod metrics;
mod page;
mod reload;
mod queues;
mod server;
mod api;
mod cron;
mod driver;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
