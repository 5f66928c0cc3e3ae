//! Logs. What a worker logs arrives in the logger of its supervisor.
//!
//! ```text
//!  worker: log::info!(…) ─ forward.rs ─ record.rs ─► ring ─► engine/logs.rs ─► the logger's thread: log::logger()
//!  zygote (preloads):      ─────────────────────► socket ──────┘
//! ```
//!
//! A record is in the ring before its `log::info!` returns, so it outlives its worker.

mod record;
pub(crate) use record::{filter, level, record};

mod forward;
pub(crate) use forward::{forward, go_through, go_through_zygote};

mod stderr;
pub use stderr::log_to_stderr;
pub(crate) use stderr::{heritage, inherit, is_installed, print, this_process};
