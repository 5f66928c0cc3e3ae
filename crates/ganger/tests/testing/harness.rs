//! `#[ganger::test]`: each end of a test is told as what it is, and nothing outlives it.

use std::env;
use std::fs;
use std::process::Command;
use std::time::Duration;

use ganger::Pool;

use crate::tasks::square;

#[ganger::test]
fn a_test_has_a_process_workers_and_a_place_of_its_own() {
    assert_eq!(Pool::new(2).unwrap().apply(square, 7).unwrap(), 49);
    let place = env::temp_dir();
    assert!(place.ends_with("tmp") && fs::read_dir(&place).unwrap().next().is_none(), "{}", place.display());
    assert_eq!(env::var("GANGER_TEST").unwrap(), "harness::a_test_has_a_process_workers_and_a_place_of_its_own");
}

#[ganger::test]
fn a_result_that_is_good_is_a_success() -> Result<(), String> {
    Ok(())
}

#[ganger::test]
#[should_panic(expected = "it is Err(\"bad\")")]
fn a_panic_is_told_with_its_words() {
    panic!("it is {:?}", Err::<(), _>("bad"));
}

#[ganger::test]
#[should_panic(expected = "Error: \"a bad result\"")]
fn a_result_that_is_bad_is_a_failure() -> Result<(), String> {
    Err("a bad result".to_owned())
}

#[ganger::test]
#[should_panic(expected = "signal: 9")]
fn a_test_that_is_killed_has_failed() {
    let this = nix::unistd::Pid::this();
    nix::sys::signal::kill(this, nix::sys::signal::Signal::SIGKILL).unwrap();
}

#[ganger::test(timeout = "1s")]
#[should_panic(expected = "left behind: descriptor ")]
fn a_test_that_leaves_a_descriptor_has_failed() {
    std::mem::forget(std::io::pipe().unwrap());
}

#[ganger::test(timeout = "1s")]
#[should_panic(expected = "it has left processes behind, which are killed now")]
fn a_test_that_leaves_a_daemon_has_failed() {
    // In a session of its own, and no child of the test's any more.
    Command::new("sh").args(["-c", "setsid sleep 1000 > /dev/null 2>&1 &"]).status().unwrap();
}

#[ganger::task]
fn hang() {
    std::thread::sleep(Duration::from_secs(1000));
}

#[ganger::test(timeout = "500ms")]
#[should_panic(expected = "ganger: worker stuck-1")]
fn a_test_that_hangs_has_failed_and_says_what_its_processes_do() {
    let pool = Pool::builder().name("stuck").workers(1).build().unwrap();
    pool.apply(hang, ()).unwrap();
}

#[ganger::test(timeout = "300ms")]
#[should_panic(expected = "not over within 300ms; all of it is killed now")]
fn a_test_that_stands_still_has_failed() {
    // Sent to the process, it could come to another thread first.
    nix::sys::signal::raise(nix::sys::signal::Signal::SIGSTOP).unwrap();
}
