//! The whole tree of a command ends with it.

use ganger::{Exit, Outcome, TaskOptions};

use crate::shop::{Shop, eventually, lives, sh};

/// In the command's own group; out of it; out of the session; and, twice removed, a daemon that has taken every pipe along.
const LEAVERS: [&str; 4] = [
    "sleep 100 & echo $!",
    "setsid sh -c 'echo $$; exec sleep 100' & sleep 0.1",
    "setsid sh -c 'sleep 100 & echo $!' & sleep 0.1",
    "(setsid sh -c 'trap \"\" TERM HUP; (sleep 100; :) & echo $!' &) ; sleep 0.1",
];

#[test]
fn what_it_leaves_behind_is_killed_before_its_end_is_told() {
    let mut shop = Shop::new();
    for script in LEAVERS {
        let told = shop.run(sh(script));
        let pid = told.out().trim().parse().unwrap();
        assert_eq!((told.exit(), lives(pid)), (Exit::Code(0), false), "{script}");
    }
}

#[test]
fn a_swarm_is_swept_up() {
    let told =
        Shop::new().run(sh("for i in 1 2 3 4 5 6 7 8 9 10; do setsid sleep 100 & echo $!; done; sleep 0.1; exit 2"));
    assert_eq!(told.exit(), Exit::Code(2));
    assert!(told.out().lines().all(|pid| !lives(pid.parse().unwrap())), "{}", told.out());
}

#[test]
fn children_of_a_worker_that_is_killed_go_with_it() {
    let mut shop = Shop::new();
    let task = shop.submit(sh("sleep 100 & echo $!; wait"), &TaskOptions::new().crash_attempts(1));
    let pid = shop.printed(task, 2).trim().parse().unwrap();
    let worker = parent_of(parent_of(pid));
    assert!(shop.pool.worker_pids().contains(&worker));
    std::process::Command::new("kill").args(["-KILL", &worker.to_string()]).status().unwrap();
    assert_eq!(shop.end(task).outcome, Some(Outcome::Crashed(vec![Exit::Signal { number: 9, core: false }])));
    eventually("the grandchild is gone", || !lives(pid));
}

#[test]
fn children_of_a_cancelled_command_go_with_it() {
    let mut shop = Shop::new();
    let task = shop.start("sleep 100 & echo $!; wait");
    let pid = shop.printed(task, 2).trim().parse().unwrap();
    shop.pool.cancel(task);
    shop.end(task);
    eventually("the grandchild is gone", || !lives(pid));
}

fn parent_of(pid: u32) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap().parse().unwrap()
}
