//! A store as its users have it: files are made, damaged, filled, killed over, and looked at.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]
#![expect(clippy::print_stdout, reason = "a measurement is told")]

mod place;
mod printed;
mod moved;
mod opening;
mod lock;
mod groups;
mod several;
mod known;
mod pages;
mod disk;
mod torn;
mod golden;
mod growth;
mod backlog;
mod orders;
mod model;
mod retention;
mod salvage;
