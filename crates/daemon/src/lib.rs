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
