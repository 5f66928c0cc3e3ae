//! A program that sets its logger before `ganger::init()`: its workers keep that logger, and the supervisor hears nothing.
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]
#![expect(clippy::print_stdout, reason = "what the harness would say")]

use std::sync::atomic::{AtomicUsize, Ordering};

use ganger::{Pool, StartMethod};

/// Counts the records of this program's own module.
struct Counter;

static COUNTED: AtomicUsize = AtomicUsize::new(0);

impl log::Log for Counter {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == module_path!()
    }

    fn log(&self, record: &log::Record<'_>) {
        COUNTED.fetch_add(self.enabled(record.metadata()).into(), Ordering::Relaxed);
    }

    fn flush(&self) {}
}

/// Logs once. How often that was counted here.
#[ganger::task]
fn counted() -> usize {
    log::info!("once more");
    COUNTED.load(Ordering::Relaxed)
}

fn main() {
    log::set_logger(&Counter).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    ganger::init();
    for method in [StartMethod::Zygote, StartMethod::Spawn] {
        let pool = Pool::builder().workers(1).start_method(method).build().unwrap();
        assert_eq!([(); 3].map(|()| pool.apply(counted, ()).unwrap()), [1, 2, 3]);
        pool.close();
        pool.join(None).unwrap();
        assert_eq!(COUNTED.load(Ordering::Relaxed), 0);
        println!("test a_logger_of_its_own_is_left_alone ({method:?}) ... ok");
    }
}
