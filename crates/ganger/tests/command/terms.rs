//! What a command may use with its whole tree, under what it runs, and how it is asked to end.

use std::time::Duration;

use ganger::{Command, CommandGroups, EndingStep, Exceeded, Exit, FailureKind, TaskOptions, Terms};

use crate::shop::{Shop, eventually, lives, sh};

const MIB: u64 = 1 << 20;

fn under(terms: Terms, script: &str) -> Command {
    Command { terms: Some(Box::new(terms)), ..sh(script) }
}

fn memory(limit: u64) -> Terms {
    Terms { memory: Some(limit), ..Terms::default() }
}

/// Keeps so many MiB: a last line that has no end must be kept whole.
fn keeper(mib: u64) -> String {
    format!("{{ head -c {mib}M /dev/zero; exec sleep 1000; }} | tail")
}

#[test]
fn one_that_takes_too_much_memory_is_killed_with_its_tree() {
    let script = "(setsid sleep 1000 & echo $!); tail /dev/zero & wait";
    let told = Shop::new().run(under(memory(64 * MIB), script));
    let (end, failure) = (told.command_end(), told.failure());
    let Some(Exceeded::Memory { limit, peak }) = end.exceeded else { panic!("{end:?}") };
    assert!(failure.kind == FailureKind::Exceeded && failure.message.contains("out of memory"), "{failure:?}");
    assert!(limit == 64 * MIB && peak > limit && end.peak.is_some_and(|most| most >= peak), "{end:?}");
    assert!(!lives(told.out().trim().parse().unwrap()));
}

#[test]
fn many_that_take_too_much_together_are_killed() {
    let one = keeper(24);
    let told = Shop::new().run(under(memory(64 * MIB), &format!("({one}) & ({one}) & ({one}) & ({one}) & wait")));
    let end = told.command_end();
    assert!(matches!(end.exceeded, Some(Exceeded::Memory { .. })), "{end:?}");
    assert!(end.max_rss < 64 * MIB, "no single one was too large: {end:?}");
}

#[test]
fn one_that_keeps_to_its_limits_is_left_alone() {
    let terms = Terms { cpu_time: Some(Duration::from_secs(1000)), ..memory(1 << 30) };
    let told = Shop::new().run(under(terms, "head -c 20M /dev/zero | tail -c 15M | wc -c"));
    let end = told.command_end();
    assert_eq!((told.out().trim(), end.exit, end.exceeded), ("15728640", Exit::Code(0), None));
    assert!(end.peak.is_some_and(|peak| peak >= end.max_rss), "{end:?}");
}

#[test]
fn processor_time_is_that_of_the_whole_tree() {
    // None of them uses the second alone.
    let terms = Terms { cpu_time: Some(Duration::from_secs(1)), ..Terms::default() };
    let script = "for i in 1 2 3 4; do (setsid sh -c 'while :; do :; done' &); done; exec sleep 1000";
    let told = Shop::new().run(under(terms, script));
    let end = told.command_end();
    assert_eq!(end.exceeded, Some(Exceeded::CpuTime { limit: Duration::from_secs(1) }), "{end:?}");
    assert!(end.user + end.system >= Duration::from_millis(900), "{end:?}");
}

#[test]
fn one_that_does_not_heed_its_signal_is_killed_a_second_later() {
    let terms = Terms { cpu_time: Some(Duration::from_millis(200)), ..Terms::default() };
    let told = Shop::new().run(under(terms, "trap 'echo told' XCPU; while :; do :; done"));
    // By us, and after a whole second by the kernel.
    assert!(told.out().starts_with("told\n") && told.failure().kind == FailureKind::Exceeded, "{told:?}");
    assert_eq!(told.exit(), Exit::Signal { number: 9, core: false });
}

#[test]
fn what_is_not_waited_for_is_counted_too() {
    // The kernel ends the loop when it has used a second. Whoever waits for it is an orphan, for whom nobody waits but us.
    let busy = "sh -c 'ulimit -t 1; while :; do :; done'";
    let orphan = format!(
        "d=$(mktemp -d); (setsid sh -c \"{busy}; touch $d/x\" &); until test -e $d/x; do sleep 0.01; done; rm -r $d"
    );
    for script in [format!("{busy}; exit 0"), orphan] {
        let end = Shop::new().run(sh(&script)).command_end();
        assert!(end.user + end.system >= Duration::from_millis(900), "{script}: {end:?}");
    }
}

#[test]
fn a_control_group_counts_and_goes() {
    let groups = match CommandGroups::claim(false) {
        Ok(groups) => groups,
        Err(why) => {
            use std::io::Write;
            return writeln!(std::io::stderr(), "SKIPPED a_control_group_counts_and_goes: {why}").unwrap();
        }
    };
    let terms = Terms { cpu_time: Some(Duration::from_millis(300)), cgroup: Some(groups.prefix()), ..Terms::default() };
    let script = "cat /proc/self/cgroup; (setsid sh -c 'trap \"\" XCPU; while :; do :; done' & echo $!); sleep 1000";
    let told = Shop::new().run(under(terms, script));
    assert!(matches!(told.command_end().exceeded, Some(Exceeded::CpuTime { .. })), "{told:?}");
    let group = told.out().lines().find_map(|line| line.strip_prefix("0::")).unwrap().to_owned();
    assert!(group.contains("ganger."), "{group}");
    let prefix = String::from_utf8(groups.prefix().into_vec()).unwrap();
    let top = prefix.rsplit_once('/').unwrap().0;
    let left =
        || std::fs::read_dir(top).unwrap().flatten().any(|entry| group.ends_with(entry.file_name().to_str().unwrap()));
    assert!(!left());
    assert!(!lives(told.out().lines().last().unwrap().parse().unwrap()));
}

#[test]
fn niceness_and_processors_are_seen_from_inside() {
    let terms = Terms { nice: Some(9), cpus: vec![ganger::cpu_numbers()[0]], ..Terms::default() };
    assert_eq!(Shop::new().run(under(terms, "nice; nproc")).out(), "9\n1\n");
    let terms = Terms { cpus: vec![1000], ..Terms::default() };
    assert!(Shop::new().run(under(terms, "true")).failure().message.contains("processors"));
}

#[test]
fn it_is_asked_to_end_step_by_step() {
    let step = |signal, pause| EndingStep { signal, pause: Duration::from_millis(pause) };
    let ending = vec![step(1, 300), step(15, 300), step(2, 300)];
    let terms = Terms { ending, ..Terms::default() };
    let script = "trap 'echo hup' HUP; trap 'echo term' TERM; trap 'echo int' INT; while :; do sleep 0.01; done";
    let options = TaskOptions::new().soft_timeout(Duration::from_secs(1));
    let told = Shop::new().run_with(under(terms, script), &options);
    assert_eq!((told.out(), told.failure().kind), ("hup\nterm\nint\n", FailureKind::Stopped));
    assert_eq!(told.exit(), Exit::Signal { number: 9, core: false });
}

#[test]
fn a_hog_in_a_pool_of_others_harms_nobody() {
    let mut shop = Shop::new();
    let hog = shop.submit(under(memory(32 * MIB), "tail /dev/zero & echo $!; wait"), &TaskOptions::new());
    let pid = shop.printed(hog, 2).trim().parse().unwrap();
    let other = shop.run(sh("echo fine"));
    assert_eq!(other.out(), "fine\n");
    assert_eq!(shop.end(hog).failure().kind, FailureKind::Exceeded);
    eventually("the hog is gone", || !lives(pid));
}
