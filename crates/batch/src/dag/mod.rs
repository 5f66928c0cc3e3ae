//! Which job waits for which, and what follows when one is over. Jobs are known by their positions alone, and nothing is
//! run in here.
//!
//! ```text
//!             all before it are over
//!  Waiting ──┬── succeeded, or it runs anyway ──► Begun ── over ──► Succeeded | Failed
//!            └── one failed or was skipped ─────► Skipped
//! ```

mod graph;
pub use graph::{Cycle, Graph};

mod schedule;
pub use schedule::OnFailure;
pub(crate) use schedule::{Schedule, Step};

#[cfg(test)]
mod tests;
