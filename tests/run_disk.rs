//! `ganger run --store` on a disk that fills up.

use std::collections::HashMap;

use crate::sandbox::{Sandbox, is_root};

/// A script with a disk of one megabyte, `disk`, in a namespace of its own, which goes with it.
fn on_small_disk(sandbox: &Sandbox, script: &str) -> String {
    sandbox.write("script", script);
    let mount = "mkdir disk; exec unshare -m sh -c 'mount -t tmpfs -o size=1m none disk && exec sh script'";
    let done = sandbox.script(mount).done();
    assert_eq!(done.code(), 0, "{done:#?}");
    done.stdout
}

fn can_mount(test: &str) -> bool {
    if !is_root() {
        println!("SKIPPED: {test}: only root can mount the small disk that this test fills");
    }
    is_root()
}

/// Begins a run that keeps two kilobytes of output a task, and fills the disk when it has begun.
const BEGIN: &str = "
    seq 2000 > inputs
    $GANGER run --store disk/s.db -j2 -a inputs 'echo {} >> effects; head -c 2000 /dev/zero' 2>said >/dev/null & run=$!
    while ! grep -q 'nothing is lost yet' said; do sleep 0.01; done
    before=$(wc -l < effects); sleep 0.5; after=$(wc -l < effects)
";

#[test]
fn a_full_disk_holds_the_run_up_and_room_lets_it_go_on() {
    if !can_mount("a_full_disk_holds_the_run_up_and_room_lets_it_go_on") {
        return;
    }
    let sandbox = Sandbox::new();
    // Room comes with a larger disk.
    let rest = "
        [ $((after - before)) -le 20 ] || echo it goes on: $before $after
        mount -o remount,size=64m disk
        wait $run; echo status $?
        GANGER_STORE=disk/s.db $GANGER ls --json
        GANGER_STORE=disk/s.db $GANGER check
    ";
    let told = on_small_disk(&sandbox, &format!("{BEGIN}{rest}"));
    assert!(told.starts_with("status 0\n{") && told.contains("\"succeeded\":2000,"), "{told}");
    assert!(told.ends_with("disk/s.db is whole\n"), "{told}");
    let said = std::fs::read_to_string(sandbox.path("said")).expect("a file");
    assert!(said.contains("full") && said.contains("going on"), "{said}");
    let mut times: HashMap<String, u32> = HashMap::new();
    let effects = std::fs::read_to_string(sandbox.path("effects")).expect("a file");
    effects.lines().for_each(|input| *times.entry(input.to_owned()).or_default() += 1);
    assert!(times.len() == 2_000 && times.values().all(|times| *times == 1), "every task once");
}

#[test]
fn an_interrupt_on_a_full_disk_ends_the_run_and_says_what_that_costs() {
    if !can_mount("an_interrupt_on_a_full_disk_ends_the_run_and_says_what_that_costs") {
        return;
    }
    let sandbox = Sandbox::new();
    let rest = "
        # A shell lets its background ignore SIGINT; this one counts the same.
        kill -HUP $run; wait $run; echo status $?
        mount -o remount,size=64m disk
        GANGER_STORE=disk/s.db $GANGER check
        GANGER_STORE=disk/s.db $GANGER ls --json
    ";
    let told = on_small_disk(&sandbox, &format!("{BEGIN}{rest}"));
    let said = std::fs::read_to_string(sandbox.path("said")).expect("a file");
    assert!(told.starts_with("status 255\n") && told.contains("is whole"), "{told}{said}");
    assert!(told.contains("\"state\":\"interrupted\""), "{told}");
    assert!(said.contains("full") && said.contains("--resume"), "{said}");
}
