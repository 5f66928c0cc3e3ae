//! `ganger run` where there is too little for all of its workers: it goes on with fewer, or says why it has none.

use crate::sandbox::{Done, Sandbox, is_root};

/// What came of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum CameTo {
    Nothing,
    AllWithFewer,
    All,
}

/// The run of 20 commands that print their number, with eight workers. Whatever it came to, it told so in one line, with
/// the remedy.
fn came_to(done: &Done, remedy: &str) -> CameTo {
    let all: String = (1..=20).map(|n| format!("{n}\n")).collect();
    let said =
        |begin, end: &str| done.stderr.starts_with(begin) && done.stderr.ends_with(&format!("; raise {remedy}{end}\n"));
    let came_to = match done.code() {
        0 if done.stderr.is_empty() => CameTo::All,
        0 if said("ganger: only ", " or lower -j") => CameTo::AllWithFewer,
        255 if said("ganger: ", "") => CameTo::Nothing,
        _ => panic!("{remedy}: {done:#?}"),
    };
    assert_eq!(done.stdout, if came_to == CameTo::Nothing { String::new() } else { all }, "{remedy}: {done:#?}");
    assert!(done.stderr.lines().count() <= 1, "{remedy}: {done:#?}");
    came_to
}

#[test]
fn with_few_descriptors_there_are_fewer_workers() {
    let sandbox = Sandbox::new();
    let with = |limit| {
        let run = format!("ulimit -n {limit}; $GANGER run -k -j8 'sleep 0.02; echo' ::: $(seq 20)");
        came_to(&sandbox.script(&run).done(), &format!("`ulimit -n` ({limit})"))
    };
    let all: Vec<_> = (8..=64).step_by(4).map(with).collect();
    assert_eq!((all[0], all[all.len() - 1]), (CameTo::Nothing, CameTo::All), "{all:?}");
    assert!(all.contains(&CameTo::AllWithFewer), "{all:?}");
    sandbox.script("ulimit -n 200; $GANGER run -k -j4 echo ::: $(seq 2000) | tail -n 1").done().printed("2000\n");
}

#[test]
fn with_few_descriptors_dead_workers_are_replaced() {
    let sandbox = Sandbox::new();
    let run = "test -e again-{} || { touch again-{}; kill -9 $PPID; }; echo {}";
    let done = sandbox.script(&format!("ulimit -n 30; $GANGER run -k -j8 '{run}' ::: $(seq 20)")).done();
    assert_eq!(came_to(&done, "`ulimit -n` (30)"), CameTo::AllWithFewer);
}

#[test]
fn with_few_processes_there_are_fewer_workers_and_commands_take_turns() {
    if !is_root() {
        println!("SKIPPED: only root can become a user who has no processes");
        return;
    }
    let sandbox = Sandbox::new();
    // The limit is the user's, and root has none.
    sandbox.script("cp $GANGER ganger && chmod 755 . ganger && chmod 777 tmp").done().printed("");
    let with = |limit| {
        let user = "setpriv --reuid=61837 --clear-groups";
        let run =
            format!("{user} prlimit --nproc={limit} ./ganger run -k -j8 'echo {{}}; exec sleep 0.05' ::: $(seq 20)");
        came_to(&sandbox.script(&run).done(), &format!("`ulimit -u` ({limit})"))
    };
    assert_eq!([2, 6, 9].map(with), [CameTo::Nothing, CameTo::AllWithFewer, CameTo::AllWithFewer]);
    assert_eq!(with(60), CameTo::All);
}
