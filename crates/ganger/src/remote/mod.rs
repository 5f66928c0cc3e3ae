//! Tasks that run elsewhere: for who builds a service, or a client of one. Others need nothing of this.
//!
//! ```text
//!  a client                                          a service
//!  Pool::submit, map, … ──► Call ──► Remote  ─ ─ ─►  Pool::submit_call ──► a worker of whatever program
//!  Future ◄── Promise ◄── Outcome ◄──────────  ─ ─ ─  Report::Ended
//! ```
//!
//! A [`Call`] names its function; the program that has it may be another than the caller's. [`PoolBuilder::elsewhere`]
//! makes a pool of a [`Remote`], which gives each call to whom it wants, and keeps its [`Promise`] when it is told the
//! outcome. On the other side a pool [`for_calls`](crate::PoolBuilder::for_calls) makes them.
//!
//! [`PoolBuilder::elsewhere`]: crate::PoolBuilder::elsewhere
//! [`PoolBuilder::for_calls`]: crate::PoolBuilder::for_calls

mod call;
pub use call::Call;

mod promise;
pub use promise::Promise;

mod elsewhere;
pub(crate) use elsewhere::Elsewhere;
pub use elsewhere::Remote;

mod outcome;
pub use outcome::{decode, encode};

mod pool;
