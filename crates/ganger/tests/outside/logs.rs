//! What workers log arrives in the logger of their supervisor: all of it, in order, with its circumstances.

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::process::exit;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use ganger::{Process, StartMethod, TaskOptions};
use ganger_sys::{Fork, fork_sibling, wait_readable};
use log::{Level, LevelFilter};
use nix::sys::signal::{Signal, raise};
use nix::unistd::dup2_stderr;

use crate::support::alone::alone;
use crate::support::keeper::{CALLS, KEPT, Keeper, Kept, SLOW, kept, kept_with, logged};
use crate::support::{Gate, PATIENCE, PROCESSES, WORKERS, at_once, builder, eventually, hold, process};
use crate::tasks::square;

/// Logs so many records.
#[ganger::task]
fn count(to: u32) -> (u32, String) {
    (0..to).for_each(|n| log::info!(target: "count", "{n}"));
    (std::process::id(), ganger::current().map(|current| current.task().to_string()).unwrap_or_default())
}

#[test]
fn records_arrive_in_order_with_their_circumstances() {
    logged("logs::records_arrive_in_order_with_their_circumstances", LevelFilter::Info, PROCESSES, |method| {
        let pool = builder(method, 2).name("counters").build().unwrap();
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let told: Vec<_> = (0..20).map(|_| pool.submit(count, 100).unwrap()).collect();
        let told: Vec<_> = told.into_iter().map(|future| future.result().unwrap()).collect();
        let all = kept("count", 2000);
        assert_eq!(all.len(), 2000);
        let mut seen = 0;
        for (pid, task) in told {
            let of_task = |kept: &&Kept| kept.pair("pid") == pid.to_string() && kept.pair("task") == task;
            let own: Vec<&Kept> = all.iter().filter(of_task).collect();
            // A task's id is used once at a time, and more than once.
            assert!(
                own.len().is_multiple_of(100)
                    && own.iter().enumerate().all(|(n, kept)| kept.said() == (n % 100).to_string())
            );
            let text = format!("[{} pid {pid} task {task}] 0", own[0].pair("worker"));
            assert_eq!((own[0].level, &own[0].text, own[0].pair("attempt")), (Some(Level::Info), &text, "1"));
            assert!(["counters-1", "counters-2"].contains(&own[0].pair("worker")) && own[0].pair("pool") == "counters");
            assert!(own.iter().all(|kept| kept.pair("time").parse::<u128>().unwrap() >= begun));
            seen += 1;
        }
        assert_eq!(seen, 20);
    });
}

/// Says something, and dies of it.
#[ganger::task]
fn last_words(n: u32) {
    log::warn!(target: "words", name:? = "n", n; "these are my last words");
    raise(Signal::SIGKILL).unwrap();
}

#[test]
fn a_worker_that_dies_after_its_record_loses_none() {
    logged("logs::a_worker_that_dies_after_its_record_loses_none", LevelFilter::Info, PROCESSES, |method| {
        let pool = builder(method, 2).restart(at_once()).build().unwrap();
        let once = TaskOptions::new().crash_attempts(1);
        for n in 0..30 {
            assert!(pool.submit_with(&once, last_words, n).unwrap().result().unwrap_err().crashes().is_some());
            assert_eq!(pool.apply(square, 3).unwrap(), 9);
        }
        let words = kept("words", 30);
        let mut numbers: Vec<u32> = words.iter().map(|kept| kept.pair("n").parse().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..30).collect::<Vec<_>>());
        for word in words {
            assert_eq!(
                (word.said(), word.level, word.pair("name")),
                ("these are my last words", Some(Level::Warn), "\"n\"")
            );
            kept_with(&["has ended: signal 9", &format!("pid {})", word.pair("pid"))]);
        }
    });
}

/// What is logged on the way here, and in the initializer.
#[ganger::task]
fn prepare(word: String) {
    log::debug!(target: "prepare", "{word}");
}

#[test]
fn preloads_and_initializers_log() {
    logged("logs::preloads_and_initializers_log", LevelFilter::Debug, PROCESSES, |method| {
        let builder = builder(method, 3).name("p").preload(prepare, "preload".to_owned());
        let pool = builder.initializer(prepare, "initializer".to_owned()).build().unwrap();
        assert_eq!(pool.map(square, 0..3).unwrap(), [0, 1, 4]);
        let (preloads, who) = if method == StartMethod::Zygote { (1, "zygote of p") } else { (3, "p-") };
        let all = kept("prepare", preloads + 3);
        let by = |word: &str, who: &str| {
            all.iter().filter(|kept| kept.said() == word && kept.pair("worker").starts_with(who)).count()
        };
        assert_eq!((by("preload", who), by("initializer", "p-")), (preloads, 3), "{all:?}");
        assert!(all.iter().all(|kept| kept.pair("task").is_empty()));
    });
}

/// Says up to where it may log.
#[ganger::task]
fn most() -> usize {
    log::info!(target: "most", "{}", panics());
    log::warn!(target: "most", "fine");
    log::max_level() as usize
}

fn panics() -> u32 {
    panic!("nobody wanted to know")
}

#[test]
fn what_the_supervisor_does_not_log_is_not_made() {
    logged("logs::what_the_supervisor_does_not_log_is_not_made", LevelFilter::Warn, PROCESSES, |method| {
        assert_eq!(builder(method, 1).build().unwrap().apply(most, ()).unwrap(), LevelFilter::Warn as usize);
        assert_eq!(kept("most", 1).len(), 1);
    });
}

#[test]
fn a_supervisor_that_logs_nothing_leaves_its_workers_alone() {
    alone("logs::a_supervisor_that_logs_nothing_leaves_its_workers_alone", |_| {
        for method in PROCESSES {
            assert_eq!(builder(*method, 1).build().unwrap().apply(most, ()).unwrap(), LevelFilter::Off as usize);
            let pool = builder(*method, 1).initializer(own_logger, ()).build().unwrap();
            assert_eq!(pool.apply(square, 3).unwrap(), 9);
        }
    });
}

#[ganger::task]
fn own_logger() {
    log::set_logger(&Keeper).unwrap();
}

/// Logs from many threads at a time, and gives a large result meanwhile.
#[ganger::task]
fn chorus(threads: u32, each: u32) -> Vec<u8> {
    let voices = (0..threads)
        .map(|voice| thread::spawn(move || (0..each).for_each(|n| log::info!(target: "chorus", voice; "{n}"))))
        .collect::<Vec<_>>();
    (0..each).for_each(|n| log::info!(target: "chorus", voice = threads; "{n}"));
    voices.into_iter().for_each(|voice| voice.join().unwrap());
    vec![7; 3 << 20]
}

#[test]
fn all_threads_of_a_worker_log() {
    logged("logs::all_threads_of_a_worker_log", LevelFilter::Info, WORKERS, |method| {
        let pool = builder(method, 1).build().unwrap();
        for times in 1..=3 {
            assert_eq!(pool.apply(chorus, (8, 300)).unwrap(), vec![7; 3 << 20]);
            let all = kept("chorus", times * 9 * 300);
            for voice in 0..9 {
                let own: Vec<_> = all.iter().filter(|kept| kept.pair("voice") == voice.to_string()).collect();
                assert_eq!(own.len(), times * 300, "{method:?}, voice {voice}");
            }
        }
        if method != StartMethod::Thread {
            let mine = |kept: &Kept| kept.pair("voice") == "8";
            assert!(kept("chorus", 1).iter().all(|kept| kept.pair("task").is_empty() != mine(kept)));
        }
    });
}

/// Leaves a thread behind, which logs when it is let go.
#[ganger::task]
fn leave_a_thread(gate: String) {
    thread::spawn(move || {
        hold(gate);
        log::info!(target: "thread", "still here");
    });
}

#[test]
fn a_thread_of_an_idle_worker_is_heard() {
    logged("logs::a_thread_of_an_idle_worker_is_heard", LevelFilter::Info, PROCESSES, |method| {
        let pool = builder(method, 2).build().unwrap();
        for times in 1..=20 {
            let gate = Gate::new();
            pool.apply(leave_a_thread, gate.path()).unwrap();
            gate.await_begun(1);
            gate.open();
            if times % 2 == 0 {
                assert_eq!(pool.apply(square, 3).unwrap(), 9);
            }
            kept("thread", times);
        }
    });
}

/// Logs one record of that many bytes.
#[ganger::task]
fn long(bytes: usize) {
    log::info!(target: "long", "{}", "x".repeat(bytes));
}

#[test]
fn a_huge_record_is_cut() {
    logged("logs::a_huge_record_is_cut", LevelFilter::Info, PROCESSES, |method| {
        let pool = builder(method, 1).build().unwrap();
        for bytes in [0, 60_000, 100_000, 10_000_000] {
            pool.apply(long, bytes).unwrap();
        }
        let all = kept("long", 4);
        assert_eq!((all[0].said().len(), all[1].said().len()), (0, 60_000));
        for (kept, bytes) in all[2..].iter().zip([100_000, 10_000_000]) {
            assert!(kept.said().len() < 64 << 10 && kept.said().ends_with(" bytes cut)"), "{bytes}");
        }
    });
}

/// Logs much.
#[ganger::task]
fn flood(records: u32) {
    let text = "y".repeat(1000);
    (0..records).for_each(|n| log::info!(target: "flood", "{n} {text}"));
}

#[test]
fn a_slow_logger_holds_up_who_logs_and_loses_nothing() {
    logged("logs::a_slow_logger_holds_up_who_logs_and_loses_nothing", LevelFilter::Info, PROCESSES, |method| {
        SLOW.store(true, Ordering::Relaxed);
        let pool = builder(method, 2).build().unwrap();
        let floods: Vec<_> = (0..4).map(|_| pool.submit(flood, 2000).unwrap()).collect();
        floods.iter().for_each(|future| future.result().unwrap());
        pool.close();
        pool.join(None).unwrap();
        // All that was behind is out when the pool has ended: so much a logger can do in a second.
        let all = KEPT.lock().unwrap().iter().filter(|kept| kept.target == "flood").cloned().collect::<Vec<_>>();
        assert_eq!(all.len(), 8000);
        for worker in ["1", "2"] {
            let own = all.iter().filter(|kept| kept.pair("worker").ends_with(worker));
            assert!(own.enumerate().all(|(n, kept)| kept.said().starts_with(&format!("{} ", n % 2000))));
        }
        SLOW.store(false, Ordering::Relaxed);
    });
}

#[test]
fn a_logger_may_call_into_the_pool() {
    logged("logs::a_logger_may_call_into_the_pool", LevelFilter::Trace, PROCESSES, |method| {
        let pool = builder(method, 1).build().unwrap();
        *CALLS.lock().unwrap() = Some(pool.clone());
        assert_eq!(pool.apply(count, 50).unwrap().0, pool.worker_pids()[0]);
        kept("count", 50);
        *CALLS.lock().unwrap() = None;
    });
}

/// A child that logs.
#[ganger::task]
fn fork_and_log() {
    match fork_sibling().unwrap() {
        Fork::Child => {
            log::info!(target: "fork", "the child");
            exit(0)
        }
        Fork::Sibling { pidfd, .. } => {
            log::info!(target: "fork", "the parent");
            wait_readable([pidfd.as_fd()], Some(PATIENCE / 4)).unwrap();
        }
    }
}

#[test]
fn a_fork_of_a_task_does_not_speak_for_its_worker() {
    logged("logs::a_fork_of_a_task_does_not_speak_for_its_worker", LevelFilter::Info, PROCESSES, |method| {
        let pool = builder(method, 1).build().unwrap();
        for _ in 0..20 {
            pool.apply(fork_and_log, ()).unwrap();
        }
        let all = kept("fork", 20);
        assert!(all.len() == 20 && all.iter().all(|kept| kept.said() == "the parent"));
    });
}

#[test]
fn start_and_end_of_every_worker_are_told() {
    logged("logs::start_and_end_of_every_worker_are_told", LevelFilter::Info, WORKERS, |method| {
        let pool = builder(method, 2).name("told").build().unwrap();
        let gate = Gate::new();
        let futures = [(); 2].map(|()| pool.submit(hold, gate.path()).unwrap());
        gate.await_begun(2);
        let dies = |end: &str, by: &dyn Fn(u32)| {
            let victim = pool.worker_pids()[0];
            by(victim);
            kept_with(&["pool told: worker told-", &format!("pid {victim}) has ended: {end}")]);
            eventually("a replacement", || pool.worker_pids().len() == 2);
        };
        if method != StartMethod::Thread {
            dies("signal 11 (SIGSEGV)", &|victim| process::signal(victim, Signal::SIGSEGV));
            gate.open();
            assert!(futures.iter().all(|future| future.result().is_ok()));
            let gate = Gate::new();
            let futures = [(); 2].map(|()| pool.submit(hold, gate.path()).unwrap());
            gate.await_begun(2);
            dies("signal 9 (SIGKILL) (the pool killed it)", &|_| {
                futures.iter().for_each(|future| {
                    future.cancel();
                });
            });
        }
        gate.open();
        pool.close();
        pool.join(None).unwrap();
        let is_info = |kept: Kept| kept.level == Some(Level::Info) && kept.target.starts_with("ganger");
        assert!(is_info(kept_with(&["pool told: worker told-1 (", ") is ready"])));
        assert!(is_info(kept_with(&["pool told: worker told-2 (", ") is ready"])));
        assert!(is_info(kept_with(&["pool told: worker told-", "has ended: exit code 0 (it was retired)"])));
    });
}

#[test]
fn log_to_stderr_says_who() {
    alone("logs::log_to_stderr_says_who", |place| {
        dup2_stderr(File::create(place.file("stderr")).unwrap()).unwrap();
        ganger::log_to_stderr(LevelFilter::Info).unwrap();
        assert!(ganger::log_to_stderr(LevelFilter::Info).unwrap_err().is_logger_set());
        for (name, method) in ["z", "s", "t"].into_iter().zip(WORKERS) {
            let pool = builder(*method, 1).name(name).build().unwrap();
            pool.apply(count, 2).unwrap();
            log::debug!("too much");
            log::warn!("of {name}");
            pool.close();
            pool.join(None).unwrap();
            let text = fs::read_to_string(place.file("stderr")).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            let of_worker = lines.iter().filter(|line| line.starts_with(&format!("[INFO/{name}-1] ")));
            assert_eq!(
                of_worker.map(|line| line.split_once("] ").unwrap().1).collect::<Vec<_>>(),
                ["0", "1"],
                "{text}"
            );
            assert!(lines.contains(&&*format!("[WARN/MainProcess] of {name}")), "{text}");
            let own = format!("[INFO/MainProcess] pool {name}: worker {name}-1 (w0.0");
            assert_eq!(lines.iter().filter(|line| line.starts_with(&own)).count(), 2, "{text}");
            assert!(!text.contains("too much"));
        }
        let process = Process::new(count, 1).unwrap();
        process.start().unwrap();
        process.join(None).unwrap();
        let text = fs::read_to_string(place.file("stderr")).unwrap();
        assert!(text.ends_with(&format!("[INFO/{}] 0\n", process.name())), "{text}");
    });
}
