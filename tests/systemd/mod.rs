//! The units of `scripts/systemd` under a real systemd.

mod package;
mod container;
mod debian;
mod doors;
mod guest;
mod life;
mod stop;
mod units;
mod guide;
