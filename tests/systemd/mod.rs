//! The units of `scripts/systemd` under a real systemd.

mod container;
mod life;
mod stop;
mod units;
