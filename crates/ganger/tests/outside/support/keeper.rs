//! A logger that keeps what it is told. It is for a whole process, so each test has one of its own.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ganger::{Pool, StartMethod};
use log::kv::{Key, Value, VisitSource};
use log::{Level, LevelFilter};

use crate::support::alone::alone;
use crate::support::eventually;
use crate::tasks::square;

/// A record as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) level: Option<Level>,
    pub(crate) target: String,
    pub(crate) text: String,
    pub(crate) pairs: Vec<(String, String)>,
}

impl Kept {
    pub(crate) fn pair(&self, key: &str) -> &str {
        self.pairs.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value)
    }

    /// The text without the words that say where it was made.
    pub(crate) fn said(&self) -> &str {
        if self.pairs.is_empty() { &self.text } else { self.text.split_once("] ").unwrap().1 }
    }
}

impl<'kvs> VisitSource<'kvs> for Kept {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        self.pairs.push((key.to_string(), value.to_string()));
        Ok(())
    }
}

/// Keeps what is logged.
pub(crate) struct Keeper;

pub(crate) static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());
/// Whether the logger takes its time.
pub(crate) static SLOW: AtomicBool = AtomicBool::new(false);
/// What the logger calls before it keeps a record.
pub(crate) static CALLS: Mutex<Option<Pool>> = Mutex::new(None);

impl log::Log for Keeper {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let mut kept = Kept {
            level: Some(record.level()),
            target: record.target().to_owned(),
            text: record.args().to_string(),
            ..Kept::default()
        };
        record.key_values().visit(&mut kept).unwrap();
        let pool = CALLS.lock().unwrap().clone();
        if let Some(pool) = pool {
            assert_eq!((pool.worker_pids().len() < 2, pool.apply(square, 3).unwrap()), (true, 9));
        }
        if SLOW.load(Ordering::Relaxed) {
            take_time();
        }
        KEPT.lock().unwrap().push(kept);
    }

    fn flush(&self) {}
}

fn take_time() {
    thread::sleep(Duration::from_micros(50));
}

/// Runs `body` with each method, alone, with a logger.
#[track_caller]
pub(crate) fn logged(name: &str, level: LevelFilter, methods: &[StartMethod], body: fn(StartMethod)) {
    alone(name, |_| {
        log::set_logger(&Keeper).unwrap();
        log::set_max_level(level);
        for method in methods {
            body(*method);
            KEPT.lock().unwrap().clear();
        }
    });
}

/// Waits until so many records of that target have come.
#[track_caller]
pub(crate) fn kept(target: &str, count: usize) -> Vec<Kept> {
    let of_target = || KEPT.lock().unwrap().iter().filter(|kept| kept.target == target).cloned().collect::<Vec<_>>();
    eventually(&format!("{count} records of {target}"), || of_target().len() >= count);
    of_target()
}

/// Waits for a record of the pool's own, or of anybody else.
#[track_caller]
pub(crate) fn kept_with(words: &[&str]) -> Kept {
    let mut found = None;
    eventually(&format!("a record with {words:?}"), || {
        let all = KEPT.lock().unwrap();
        found = all.iter().find(|kept| words.iter().all(|word| kept.text.contains(word))).cloned();
        found.is_some()
    });
    found.unwrap()
}
