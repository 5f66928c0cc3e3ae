//! The guide: how to think with Ganger, where the crate's front page says what there is.
//!
//! | chapter | answers |
//! |---|---|
//! | [`from_python`] | how is that `multiprocessing` program written here, what is different, and why? |
//! | [`choosing`] | task, process, thread, or a queue between them? |
//! | [`debugging`] | what is my worker doing, and why did it fail? |
//! | [`deaths`] | who hears of it when something dies, and what is left? |
//! | [`testing`] | how do I know that my job survives a kill? |
//!
//! The programs in these chapters are run as tests of this crate.

pub mod from_python;

pub mod choosing;

pub mod debugging;

pub mod deaths;

pub mod testing;
