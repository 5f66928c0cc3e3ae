//! What needs a process of its own: it counts what the process has, dies, or takes in orphans.
//!
//! Each such test runs this program again for itself alone; there it finds its name in the environment, and plays its role.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ganger::{Pool, TaskOptions};

use crate::shop::{DEADLINE, Shop, eventually, lives, processes_with, sh};

/// Names the test whose role this process plays.
const ROLE: &str = "GANGER_TEST_ROLE";

fn plays(name: &str) -> bool {
    std::env::var_os(ROLE).is_some_and(|role| role == name)
}

fn role(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([&format!("alone::{name}"), "--exact", "--nocapture", "--test-threads=1"]).env(ROLE, name);
    command
}

/// Plays the role in a process of its own.
fn alone(name: &str, body: impl FnOnce()) {
    if plays(name) {
        return body();
    }
    let output = role(name).output().unwrap();
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
}

#[test]
fn five_hundred_commands_leave_nothing() {
    alone("five_hundred_commands_leave_nothing", || {
        let mut shop = Shop::with(Pool::builder().workers(2), 1 << 20);
        warm_up(&mut shop);
        let before = inventory(&shop);
        let tasks: Vec<_> = (0..500).map(|n| shop.start(&format!("echo {n}; [ $(({n} % 7)) != 0 ]"))).collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(shop.end(task).out(), format!("{n}\n"));
        }
        assert_eq!(inventory(&shop), before);
        let workers = shop.pool.worker_pids();
        shop.pool.close();
        shop.pool.join(Some(DEADLINE)).unwrap();
        assert!(workers.into_iter().all(|pid| !lives(pid)));
        assert_eq!(children("self"), 0);
    });
}

/// Both workers have run something.
fn warm_up(shop: &mut Shop) {
    let tasks = [shop.start("sleep 0.2"), shop.start("sleep 0.2"), shop.start("no-such-program")];
    tasks.into_iter().for_each(|task| drop(shop.end(task)));
}

/// Descriptors and children of this process and of its workers.
fn inventory(shop: &Shop) -> Vec<(usize, usize)> {
    let mut pids: Vec<String> = shop.pool.worker_pids().iter().map(u32::to_string).collect();
    pids.push("self".to_owned());
    pids.iter().map(|pid| (std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(), children(pid))).collect()
}

fn children(pid: &str) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let listed = |task: std::path::PathBuf| std::fs::read_to_string(task.join("children")).unwrap_or_default();
    tasks.map(|task| listed(task.unwrap().path()).split_whitespace().count()).sum()
}

/// In the group, out of it, and deaf to everything but KILL.
const FAMILY: &str =
    "trap '' TERM HUP INT; sleep 100 & setsid sleep 100 & setsid sh -c 'sleep 100 & wait' & echo up; wait";

#[test]
fn when_the_supervisor_is_killed_nothing_lives_on() {
    let name = "when_the_supervisor_is_killed_nothing_lives_on";
    if plays(name) {
        supervise_until_killed();
    }
    let mark = format!("killed-{}", std::process::id());
    let mut supervisor = role(name).env("GANGER_MARK", &mark).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(supervisor.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("all are up")), "the supervisor is up");
    let entry = format!("GANGER_MARK={mark}");
    // The supervisor, its zygote, two workers, and of each command three shells or sleepers at least.
    assert!(processes_with(&entry).len() >= 10, "{:?}", processes_with(&entry));
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    let killed = Instant::now();
    eventually("every process is gone", || processes_with(&entry).is_empty());
    println!("all were gone after {:?}", killed.elapsed());
}

fn supervise_until_killed() -> ! {
    let mut shop = Shop::with(Pool::builder().workers(3), 1 << 20);
    let tasks = [shop.start(FAMILY), shop.start(FAMILY)];
    tasks.into_iter().for_each(|task| drop(shop.printed(task, 3)));
    println!("all are up");
    loop {
        std::thread::park();
    }
}

#[test]
fn orphans_of_a_killed_worker_are_reaped() {
    alone("orphans_of_a_killed_worker_are_reaped", || {
        let mut shop = Shop::with(Pool::builder().workers(2).reap_orphans(true), 1 << 20);
        for round in 0..5 {
            let options = TaskOptions::new().crash_attempts(1).timeout(Duration::from_millis(500));
            let task = shop.submit(sh("setsid sh -c 'echo $$; exec sleep 100' & wait"), &options);
            let pid = shop.printed(task, 2).trim().parse().unwrap();
            if round % 2 == 0 {
                shop.pool.cancel(task);
            }
            shop.end(task);
            eventually("the orphan is gone", || !lives(pid));
            assert_eq!(shop.run(sh("echo next")).out(), "next\n");
        }
        shop.pool.close();
        shop.pool.join(Some(DEADLINE)).unwrap();
        assert_eq!(children("self"), 0);
    });
}
