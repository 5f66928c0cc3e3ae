//! The process around the pool: closed standard streams, another directory, a program file that has gone, pools in
//! workers.

use std::env;
use std::fs;

use ganger::{Pool, StartMethod};
use tempfile::TempDir;

use crate::support::alone::{Place, alone, program};
use crate::support::{ALL, PROCESSES, builder, eventually, on_each, pool, process};
use crate::tasks::{Death, die, square};

fn pools_work() {
    for method in ALL {
        let pool = pool(*method, 2);
        assert_eq!(pool.map(square, 0..100).unwrap(), (0..100).map(|n| n * n).collect::<Vec<u64>>());
        if PROCESSES.contains(method) {
            assert!(pool.apply(die, Death::Exit(0)).is_err());
            assert_eq!(pool.apply(square, 3).unwrap(), 9);
        }
    }
}

#[test]
fn without_standard_streams() {
    alone("surroundings::without_standard_streams", |_| {
        (0..3).for_each(|stream| nix::unistd::close(stream).unwrap());
        pools_work();
    });
}

#[test]
fn in_another_directory() {
    alone("surroundings::in_another_directory", |place| {
        env::set_current_dir(place.temporary()).unwrap();
        pools_work();
        fs::remove_dir(place.temporary()).unwrap();
        fs::create_dir(place.temporary()).unwrap();
        pools_work();
    });
}

/// Runs `body` in a copy of this program that it may spoil.
fn in_a_copy(name: &str, body: fn(&Place)) {
    let dir = TempDir::new().unwrap();
    let copy = dir.path().join("copy");
    fs::copy(env::current_exe().unwrap(), &copy).unwrap();
    program(name, &copy, body);
}

#[test]
fn after_the_program_was_deleted() {
    in_a_copy("surroundings::after_the_program_was_deleted", |_| {
        fs::remove_file(env::current_exe().unwrap()).unwrap();
        pools_work();
    });
}

#[test]
fn after_the_program_was_replaced() {
    in_a_copy("surroundings::after_the_program_was_replaced", |place| {
        let other = place.file("other");
        fs::write(&other, "no program at all").unwrap();
        fs::rename(other, env::current_exe().unwrap()).unwrap();
        pools_work();
    });
}

#[test]
fn with_few_descriptors() {
    alone("surroundings::with_few_descriptors", |_| {
        use nix::sys::resource::{Resource, setrlimit};
        setrlimit(Resource::RLIMIT_NOFILE, 24, 24).unwrap();
        let pool = match Pool::builder().workers(30).build() {
            Ok(pool) => pool,
            Err(error) => return assert!(error.to_string().starts_with("failed to"), "{error}"),
        };
        let outcome = pool.submit(square, 3).map_err(ganger::Error::from).and_then(|future| Ok(future.result()?));
        assert!(outcome.as_ref().is_ok_and(|n| *n == 9) || outcome.is_err_and(|error| !error.to_string().is_empty()));
    });
}

/// A pool in a worker, which has one in its worker in turn.
#[ganger::task]
fn nested(depth: u32) -> u32 {
    if depth == 0 {
        return 0;
    }
    let pool = Pool::builder().workers(1).start_method(StartMethod::Zygote).build().unwrap();
    pool.apply(nested, depth - 1).unwrap() + 1
}

#[test]
fn a_worker_may_have_a_pool() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 2).build().unwrap();
        assert_eq!(pool.map(nested, [3, 2, 1, 0]).unwrap(), [3, 2, 1, 0]);
    });
}

#[ganger::task]
fn environment(name: String) -> Option<String> {
    env::var(name).ok()
}

#[test]
fn a_worker_has_its_supervisors_environment_without_the_summons() {
    on_each(PROCESSES, |method| {
        let pool = pool(method, 1);
        assert_eq!(pool.apply(environment, "PATH".to_owned()).unwrap(), env::var("PATH").ok());
        assert_eq!(pool.apply(environment, "GANGER_BOOTSTRAP".to_owned()).unwrap(), None);
    });
}

#[ganger::task]
fn descriptors() -> Vec<String> {
    let open = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    open.filter_map(|path| Some(fs::read_link(path).ok()?.display().to_string())).collect()
}

#[test]
fn a_worker_inherits_no_files() {
    on_each(PROCESSES, |method| {
        let secret = tempfile::NamedTempFile::new().unwrap();
        let held = nix::unistd::dup(secret.as_file()).unwrap();
        let pools = [pool(method, 1), pool(method, 2)];
        for pool in pools {
            let open = pool.apply(descriptors, ()).unwrap();
            assert!(!open.contains(&secret.path().display().to_string()), "{open:?}");
            assert!(open.iter().filter(|name| name.contains("memfd:")).count() <= 1, "{open:?}");
        }
        drop(held);
    });
}

/// What `ps` calls a process: its name, and its command line.
fn shown(pid: u32) -> (String, String) {
    let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    (read("comm").trim_end().to_owned(), read("cmdline").trim_end_matches('\0').to_owned())
}

#[test]
fn ps_tells_who_is_who() {
    on_each(PROCESSES, |method| {
        let pool = builder(method, 2).name("spies").build().unwrap();
        eventually("two workers", || pool.worker_pids().len() == 2);
        let mut workers: Vec<_> = pool.worker_pids().into_iter().map(shown).collect();
        workers.sort();
        let expected = |slot| (format!("ganger-spies-{slot}"), format!("ganger: worker spies-{slot}"));
        assert_eq!(workers, [expected(1), expected(2)]);
        let zygote = ("ganger-zygote".to_owned(), "ganger: zygote of pool spies".to_owned());
        let has_zygote = process::children(std::process::id()).into_iter().any(|pid| shown(pid) == zygote);
        assert_eq!(has_zygote, method == StartMethod::Zygote);
    });
}

/// Writes to a pipe that nobody reads.
#[ganger::task]
fn write_to_nobody() -> Result<(), String> {
    let (reader, mut writer) = std::io::pipe().unwrap();
    drop(reader);
    std::io::Write::write_all(&mut writer, b"hello?").map_err(|e| e.kind().to_string())
}

#[test]
fn who_writes_to_nobody_is_told_and_not_killed() {
    on_each(PROCESSES, |method| {
        let told = pool(method, 1).apply(write_to_nobody, ()).unwrap();
        assert_eq!(told, Err("broken pipe".to_owned()));
        let process = ganger::Process::builder().start_method(method).build(write_to_nobody, ()).unwrap();
        process.start().unwrap();
        assert_eq!(process.join(None).unwrap(), Some(ganger::Exit::Code(1)), "its own error");
    });
}
