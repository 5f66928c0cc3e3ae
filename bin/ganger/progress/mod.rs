//! Progress on standard error: a bar or a line that is redrawn, or where that is no terminal, a plain line a second.
//!
//! ```text
//!  the run ── notes ──► Gauge ◄── reads, a few times a second ── Ticker ──► Face
//!            atomics, nothing else                                 └ Pace: rate, time left
//! ```

mod gauge;
pub(crate) use gauge::Gauge;

mod pace;
pub(crate) use pace::Pace;

mod words;
pub(crate) use words::{duration, line};

mod face;
pub(crate) use face::Face;

mod ticker;
pub(crate) use ticker::Ticker;
