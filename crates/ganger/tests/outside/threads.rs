//! `ganger::dummy`: one program on processes and on threads, and what threads cannot do.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ganger::{Connection, Exit, Pipe, StartMethod, dummy};

use crate::support::{bounded, eventually};

const SHORT: Option<Duration> = Some(Duration::from_millis(1));
const SUCCESS: Option<Exit> = Some(Exit::Code(0));

/// The same words, compiled for each of the two imports.
macro_rules! program {
    ($name:ident, $mp:path) => {
        mod $name {
            use $mp as mp;

            use mp::Executor as _;

            #[mp::task]
            fn work(jobs: mp::Connection, total: mp::state::Value<u64>) {
                while let Ok(n) = jobs.recv::<u64>() {
                    total.update(|total| total + n).unwrap();
                }
            }

            #[mp::task]
            fn whoami(_: u8) -> u32 {
                mp::current_process().pid()
            }

            fn squares(pool: &mp::Pool) -> Result<Vec<u64>, mp::Error> {
                pool.map(square, 0..100)
            }

            #[mp::task]
            fn square(n: u64) -> u64 {
                n * n
            }

            /// The sum of what was handed out, and in how many other processes.
            pub(super) fn run() -> (u64, bool) {
                let total = mp::state::Value::new(0u64).unwrap();
                let start = |_| {
                    let (jobs, theirs) = mp::Pipe::duplex().unwrap();
                    let worker = mp::Process::new(work, (theirs, total.clone())).unwrap();
                    worker.start().unwrap();
                    (worker, jobs)
                };
                let (workers, jobs): (Vec<mp::Process>, Vec<mp::Connection>) = (0..3).map(start).unzip();
                assert!(workers.iter().all(|worker| mp::active_children().iter().any(|c| c.name() == worker.name())));
                (0..100).for_each(|n| jobs[n as usize % 3].send::<u64>(&n).unwrap());
                drop(jobs);
                assert!(workers.iter().all(|w| w.join(None).unwrap() == Some(mp::Exit::Code(0))));
                let pool: mp::Pool = mp::Pool::builder().workers(2).build().unwrap();
                assert_eq!(squares(&pool).unwrap()[99], 99 * 99);
                let executor = mp::ProcessPoolExecutor::new(1).unwrap();
                let elsewhere = executor.submit(whoami, 0).unwrap().result().unwrap() != std::process::id();
                (total.get().unwrap(), elsewhere)
            }
        }
    };
}

program!(on_processes, ganger);
program!(on_threads, ganger::dummy);

#[test]
fn one_program_runs_on_processes_and_on_threads() {
    assert_eq!(bounded("on processes", on_processes::run), (4950, true));
    assert_eq!(bounded("on threads", on_threads::run), (4950, false));
}

#[ganger::task]
fn wait_for_word(conn: Connection) {
    let _ = conn.recv::<u8>();
}

fn waiting() -> (dummy::Process, Connection) {
    let (ours, theirs) = Pipe::duplex().unwrap();
    let process = dummy::Process::new(wait_for_word, theirs).unwrap();
    process.start().unwrap();
    (process, ours)
}

#[test]
fn a_thread_cannot_be_ended_and_says_so() {
    let (process, conn) = waiting();
    for end in [ganger::Process::terminate, ganger::Process::kill, ganger::Process::interrupt] {
        let error = end(&process).unwrap_err();
        assert!(error.is_unsupported() && error.to_string().contains("a thread"), "{error}");
    }
    assert!(process.is_alive());
    assert_eq!(process.join(SHORT).unwrap(), None);
    conn.send(&1u8).unwrap();
    assert_eq!(process.join(None).unwrap(), SUCCESS);
    process.kill().unwrap();
}

#[ganger::task]
fn fall(with_panic: bool) -> Result<(), String> {
    assert!(!with_panic, "on purpose, in a test");
    Err("on purpose, in a test".to_owned())
}

#[test]
fn a_panic_and_an_error_are_told() {
    for (with_panic, code) in [(true, 101), (false, 1)] {
        let process = dummy::Process::new(fall, with_panic).unwrap();
        process.start().unwrap();
        assert_eq!(process.join(None).unwrap(), Some(Exit::Code(code)));
    }
}

#[test]
fn a_drop_waits_for_a_thread_but_not_for_a_daemon() {
    static ENDED: AtomicU32 = AtomicU32::new(0);

    #[ganger::task]
    fn end_late(conn: Connection) {
        let _ = conn.recv::<u8>();
        ENDED.fetch_add(1, Ordering::Relaxed);
    }

    let (ours, theirs) = Pipe::duplex().unwrap();
    let process = dummy::Process::new(end_late, theirs).unwrap();
    process.start().unwrap();
    ours.send(&1u8).unwrap();
    drop(process);
    assert_eq!(ENDED.load(Ordering::Relaxed), 1);
    let (ours, theirs) = Pipe::duplex().unwrap();
    let daemon = dummy::Process::builder().daemon(true).build(end_late, theirs).unwrap();
    daemon.start().unwrap();
    drop(daemon);
    assert_eq!(ENDED.load(Ordering::Relaxed), 1);
    ours.send(&1u8).unwrap();
    eventually("it goes on all the same", || ENDED.load(Ordering::Relaxed) == 2);
}

#[ganger::task]
fn have_children(conn: Connection) {
    assert_eq!(dummy::active_children().len(), 0);
    let (child, word) = waiting();
    let names: Vec<_> = dummy::active_children().iter().map(|child| child.name().to_owned()).collect();
    assert_eq!(names, [child.name()]);
    drop(word);
    conn.send(&ganger::current_process().name().to_owned()).unwrap();
}

#[test]
fn a_thread_has_children_of_its_own() {
    let (ours, theirs) = Pipe::duplex().unwrap();
    let process = dummy::Process::named("a parent", have_children, theirs).unwrap();
    process.start().unwrap();
    assert_eq!(ours.recv::<String>().unwrap(), "a parent");
    assert_eq!(process.join(None).unwrap(), SUCCESS);
    assert_eq!(ganger::current_process().name(), "MainProcess");
}

static MYSELF: Mutex<Option<dummy::Process>> = Mutex::new(None);

#[ganger::task]
fn wait_for_myself() {
    let this = MYSELF.lock().unwrap().take().unwrap();
    let error = this.join(None).unwrap_err();
    assert!(error.to_string().contains("its own end"), "{error}");
    // The last handle: it cannot be waited for either.
    drop(this);
}

#[test]
fn a_thread_does_not_wait_for_itself() {
    bounded("a thread and its own handle", || {
        let process = dummy::Process::new(wait_for_myself, ()).unwrap();
        let mut myself = MYSELF.lock().unwrap();
        *myself = Some(process.clone());
        process.start().unwrap();
        drop(process);
        drop(myself);
        eventually("it has taken itself", || MYSELF.lock().unwrap().is_none());
    });
}

#[ganger::task]
fn leave_name(conn: Connection) {
    conn.send(&ganger::current_process().name().to_owned()).unwrap();
    conn.send(&std::thread::current().name().map(str::to_owned)).unwrap();
}

#[test]
fn inline_it_runs_in_the_caller() {
    let (ours, theirs) = Pipe::duplex().unwrap();
    let builder = ganger::Process::builder().start_method(StartMethod::Inline).name("here");
    let process = builder.build(leave_name, theirs).unwrap();
    process.start().unwrap();
    assert_eq!(process.exit_status().unwrap(), SUCCESS);
    assert_eq!(ours.recv::<String>().unwrap(), "here");
    assert_eq!(ours.recv::<Option<String>>().unwrap().as_deref(), std::thread::current().name());
    assert_eq!(ganger::current_process().name(), "MainProcess");
}
