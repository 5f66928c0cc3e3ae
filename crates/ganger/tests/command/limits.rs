//! Asking a command to end, and ending it.

use std::time::Duration;

use ganger::{Exit, FailureKind, Outcome, Pool, TaskOptions};

use crate::shop::{DEADLINE, Shop, eventually, lives, sh};

const TERM: Exit = Exit::Signal { number: 15, core: false };
const SOON: Duration = Duration::from_millis(50);

#[test]
fn at_its_soft_limit_a_command_is_asked_to_end() {
    let mut shop = Shop::with(Pool::builder().workers(1), 1 << 20);
    let limited = TaskOptions::new().soft_timeout(SOON).timeout(DEADLINE);
    shop.run(sh("true"));
    let before = shop.pool.worker_pids();
    let told = shop.run_with(sh("sleep 100"), &limited);
    assert_eq!((told.failure().kind, told.exit()), (FailureKind::Stopped, TERM));
    assert_eq!(told.failure().message, "asked to end at its time limit: signal 15 (SIGTERM)");
    let told = shop.run_with(sh("trap 'echo bye; exit 0' TERM; sleep 100 & wait"), &limited);
    assert_eq!((told.out(), told.failure().kind, told.exit()), ("bye\n", FailureKind::Stopped, Exit::Code(0)));
    assert_eq!(shop.run(sh("echo next")).out(), "next\n");
    assert_eq!(shop.pool.worker_pids(), before, "no worker was lost by it");
}

#[test]
fn a_stopped_command_hears_of_it() {
    let mut shop = Shop::new();
    let told = shop.run_with(sh("kill -STOP $$"), &TaskOptions::new().soft_timeout(SOON).timeout(DEADLINE));
    assert_eq!((told.failure().kind, told.exit()), (FailureKind::Stopped, TERM));
}

#[test]
fn one_that_fails_at_its_soft_limit_may_be_tried_again() {
    // Long enough for the second attempt, however busy the machine is.
    let limit = Duration::from_secs(1);
    let options = TaskOptions::new().soft_timeout(limit).timeout(DEADLINE).failure_attempts(2);
    let told = Shop::with(Pool::builder().workers(1), 1 << 20)
        .run_with(sh("echo $GANGER_ATTEMPT; [ $GANGER_ATTEMPT = 2 ] || sleep 100"), &options);
    assert_eq!((told.out(), told.again, told.exit()), ("2\n", 1, Exit::Code(0)));
}

#[test]
fn one_that_does_not_end_is_killed_at_its_hard_limit() {
    let mut shop = Shop::new();
    let limit = Duration::from_millis(300);
    let task = shop.submit(
        sh("trap 'echo no' TERM; echo $$; while :; do sleep 0.02; done"),
        &TaskOptions::new().soft_timeout(SOON).timeout(limit),
    );
    let told = shop.end(task);
    assert_eq!(told.outcome, Some(Outcome::TimedOut(limit)));
    let (pid, said) = told.out().split_once('\n').unwrap();
    assert_eq!(said, "no\n");
    let pid = pid.parse().unwrap();
    eventually("the command is gone", || !lives(pid));
    assert_eq!(shop.run(sh("echo next")).out(), "next\n");
}

#[test]
fn a_cancelled_command_is_gone() {
    let mut shop = Shop::new();
    let task = shop.start("echo $$; exec sleep 100");
    let pid = shop.printed(task, 2).trim().parse().unwrap();
    shop.pool.cancel(task);
    assert_eq!(shop.end(task).outcome, Some(Outcome::Cancelled));
    eventually("the command is gone", || !lives(pid));
}

#[test]
fn terminating_asks_and_killing_does_not() {
    let stubborn = "trap 'echo asked' TERM; echo up; while :; do sleep 0.02; done";
    let mut shop = Shop::with(Pool::builder().workers(2).stop_grace(DEADLINE), 1 << 20);
    let (gentle, other) = (shop.start("trap 'echo bye; exit 9' TERM; echo up; sleep 100 & wait"), shop.start(stubborn));
    shop.printed(gentle, 3);
    shop.printed(other, 3);
    shop.pool.terminate();
    let told = shop.end(gentle);
    assert_eq!((told.out(), told.exit()), ("up\nbye\n", Exit::Code(9)));
    assert_eq!(shop.printed(other, 9), "up\nasked\n");
    shop.pool.kill();
    assert!(matches!(shop.end(other).outcome, Some(Outcome::Cancelled | Outcome::Crashed(_))));
    shop.pool.join(Some(DEADLINE)).unwrap();
}

#[test]
fn idle_workers_end_when_asked() {
    let mut shop = Shop::with(Pool::builder().workers(2).stop_grace(DEADLINE), 1 << 20);
    shop.run(sh("true"));
    shop.pool.terminate();
    shop.pool.join(Some(DEADLINE / 2)).unwrap();
}
