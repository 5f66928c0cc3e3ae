//! The kernel, fenced: processes, descriptors, signals and limits of Linux, and nothing of Ganger's own words.
//!
//! ```text
//!  supervisor                              zygote                       worker
//!  spawn::Spawn ─────── exec ────────────► zygote::fork_sibling ──────► setup::…
//!  child::Child ◄─ pid, pidfd (socket) ──┘                                │
//!  epoll::Epoll ◄─ pidfds, bells, sockets, signals::Door                  └► launch::Launch ─► a command
//!                                                                            sweep::… ◄─ what it left behind
//! ```
//!
//! What each wrapper guarantees:
//!
//! * It owns what it wraps, and gives it back in `Drop`, without a panic: descriptors are closed, children are killed
//!   and reaped, signals get their default back.
//! * Every descriptor is close-on-exec: what a program shall inherit is given to it by name.
//! * A pid is signalled by the [`Child`] that owns it alone, and never after it was reaped: no stranger can be hit.
//! * A call that a signal interrupts is repeated with what is left of its time, except [`Epoll::wait`], whose caller
//!   loops anyway.
//! * Nothing here waits for children that it was not given ([`sweep`] is the one exception, and says so).
//!
//! Needs Linux 5.4 for `waitid(P_PIDFD)`; what is newer has a fallback.
#![expect(unsafe_code, reason = "this crate is the fence: it and ganger-shm are where Ganger speaks to the kernel")]

mod errno;

mod signal;
pub use signal::Signal;

mod poll;
pub use poll::{hung_up, wait_readable, wait_readable_of, wait_readable_or_writable, wait_writable};

mod feed;
pub use feed::{never_block, unread};

mod epoll;
pub use epoll::{Epoll, Interest};

mod bell;
pub use bell::Bell;

mod socket;
pub use socket::{MAX_FDS, Socket, pair, peek_packet, recv_packet, send_packet, write_stream};

mod listen;
pub use listen::{Listening, Transport, UnixName, connect_unix, set_backlog, stop_receiving, transport};

mod handed_over;
pub use handed_over::handed_over;

mod peer_groups;
pub use peer_groups::peer_groups;

mod sealed;
pub use sealed::{read_sealed, sealed, sealed_from, sealed_len, sealed_part, sealed_runs};

pub mod random;

mod child;
pub use child::{Child, Exit, Usage};

mod kin;
pub use kin::Expected;

mod launch_error;
pub use launch_error::{LaunchError, Stage};

mod shortage;
pub use shortage::Shortage;

mod spawn;
pub use spawn::Spawn;

mod env_block;
pub use env_block::EnvBlock;

mod launch;
pub use launch::{Conditions, Launch};

mod zygote;
pub use zygote::{Fork, fork_sibling, thread_count};

mod peer;
pub use peer::Peer;

mod fork;
pub use fork::{ForkDetector, exit_in_fork};

mod identity;
pub use identity::Identity;

pub mod setup;

mod before_main;

pub mod sweep;

mod signals;
pub use signals::Door;

pub mod limits;

mod cgroup;

mod cgroup_leaf;
pub use cgroup_leaf::Leaf;

mod cgroup_claim;
pub use cgroup_claim::Claim;

pub mod tree;

pub mod cpu;

pub mod memory;

pub mod ruin;
