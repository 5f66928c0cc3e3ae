//! Worker programs that cannot be workers: the pool says why, and does not go on trying for ever.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ganger::{Pool, StartMethod};
use tempfile::TempDir;

use crate::support::{PROCESSES, at_once, builder, eventually, on_each};
use crate::tasks::square;

pub(crate) fn script(dir: &Path, text: &str, mode: u32) -> PathBuf {
    let path = dir.join("worker");
    let mut file = File::create(&path).unwrap();
    write!(file, "#!/bin/sh\n{text}\n").unwrap();
    file.set_permissions(Permissions::from_mode(mode)).unwrap();
    path
}

fn with_program(method: StartMethod, program: impl AsRef<Path>) -> Pool {
    let quick = Duration::from_millis(300);
    builder(method, 1).worker_program(program).restart(at_once()).start_timeout(quick).build().unwrap()
}

/// The pool fails, and says so to the task that waits, to the next one, and to whoever joins.
pub(crate) fn fails_with(pool: &Pool, words: &[&str]) {
    let told = match pool.submit(square, 3) {
        Ok(waiting) => {
            let error = waiting.result().unwrap_err();
            assert!(error.is_not_started(), "{error}");
            error.to_string()
        }
        Err(refused) => refused.to_string(),
    };
    for word in words {
        assert!(told.contains(word), "{word} is not in: {told}");
    }
    let refused = pool.submit(square, 3).unwrap_err();
    assert!(refused.error.is_closed() && refused.error.pool_failure().is_some(), "{refused}");
    pool.join(None).unwrap();
}

#[test]
fn a_worker_program_that_is_not_there_is_refused() {
    on_each(PROCESSES, |method| {
        let error = builder(method, 1).worker_program("/no/such/program").build().unwrap_err();
        assert!(error.to_string().contains("/no/such/program: No such file"), "{error}");
        let error = builder(method, 1).worker_program("/tmp").build().unwrap_err();
        assert!(error.to_string().contains("/tmp: it is no file"), "{error}");
    });
}

#[test]
fn a_worker_program_that_cannot_be_executed_fails_the_pool() {
    on_each(PROCESSES, |method| {
        let dir = TempDir::new().unwrap();
        let program = script(dir.path(), "exit 0", 0o644);
        fails_with(&with_program(method, &program), &["permission denied", program.to_str().unwrap()]);
    });
}

#[test]
fn a_program_that_ends_at_once_fails_the_pool() {
    on_each(PROCESSES, |method| {
        fails_with(&with_program(method, "/bin/true"), &["/bin/true", "ganger::init()", "exit code 0"]);
        fails_with(&with_program(method, "/bin/false"), &["/bin/false", "ganger::init()", "exit code 1"]);
    });
}

#[test]
fn a_program_that_never_says_hello_fails_the_pool() {
    on_each(PROCESSES, |method| {
        let dir = TempDir::new().unwrap();
        let program = script(dir.path(), "exec sleep 1000", 0o755);
        fails_with(&with_program(method, program), &["not ready after 300ms, the start time-out"]);
    });
}

#[test]
fn a_program_that_talks_nonsense_fails_the_pool() {
    on_each(PROCESSES, |method| {
        let dir = TempDir::new().unwrap();
        let program = script(dir.path(), "echo nonsense >&0; exec sleep 1000", 0o755);
        fails_with(&with_program(method, program), &["the pool failed"]);
    });
}

#[test]
fn a_program_that_fails_is_not_started_for_ever() {
    on_each(PROCESSES, |method| {
        let dir = TempDir::new().unwrap();
        let log = dir.path().join("log");
        let program = script(dir.path(), &format!("echo once >>{}", log.display()), 0o755);
        fails_with(&with_program(method, program), &[]);
        let starts = fs::read_to_string(log).unwrap().lines().count();
        assert!((1..=20).contains(&starts), "started {starts} times");
    });
}

/// A ganger program that is not this one, if one was built.
pub(crate) fn stranger() -> Option<PathBuf> {
    let test = std::env::current_exe().unwrap();
    let examples = test.parent()?.parent()?.join("examples");
    let programs = fs::read_dir(examples).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    programs.filter(|path| path.extension().is_none()).find(|path| path.file_name().is_some_and(|n| n == "primes"))
}

#[test]
fn another_build_is_refused_by_name() {
    let Some(stranger) = stranger() else {
        let line = "SKIPPED another_build_is_refused_by_name: no example was built\n";
        return std::io::stderr().write_all(line.as_bytes()).unwrap();
    };
    for method in PROCESSES {
        let pool = with_program(*method, &stranger);
        fails_with(&pool, &["is another build", stranger.file_name().unwrap().to_str().unwrap()]);
    }
}

#[test]
fn a_start_that_fails_tells_everyone_who_waits() {
    on_each(PROCESSES, |method| {
        let dir = TempDir::new().unwrap();
        let program = script(dir.path(), "sleep 0.05", 0o755);
        let pool = with_program(method, program);
        let futures: Vec<_> = (0..100).map_while(|n| pool.submit(square, n).ok()).collect();
        assert!(futures.iter().all(|future| future.result().is_err_and(|error| error.is_not_started())));
        eventually("the pool takes no more", || pool.submit(square, 1).is_err());
    });
}
