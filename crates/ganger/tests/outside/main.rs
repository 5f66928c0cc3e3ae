//! The library from outside, as a program uses it: every promise on every start method that makes it.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

mod support;

mod tasks;

mod traps;

mod pool;

mod mapping;

mod futures;

mod callbacks;

mod gather;

mod executors;

mod elsewhere;

mod crashes;

mod forks;

mod garbage;

mod logs;

mod payloads;

mod starting;

mod processes;

mod threads;

mod shortage;

mod initializers;

mod limits;

mod stalls;

mod recycling;

mod shared;

mod descriptors;

mod connections;

mod ends;

mod surroundings;

mod sandbox;

ganger::test_worker!();
