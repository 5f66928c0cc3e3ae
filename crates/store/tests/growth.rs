//! What a record costs must not depend on what is in the file: counted is what is written, since time is the machine's.

use std::fs;

use ganger_store::{Durability, RunEnd, Store};

use crate::place::{Place, as_child, begin, child, succeed};

const FEW: u64 = 1_000;
const MANY: u64 = 200_000;
const SAMPLE: u64 = 20_000;

/// What this process has written so far, in bytes.
fn written() -> u64 {
    let io = fs::read_to_string("/proc/self/io").unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: ")).unwrap();
    line.parse().unwrap()
}

/// Bytes for each of so many tasks that are added.
fn cost(file: &std::path::Path, tasks: u64) -> u64 {
    let before = written();
    let (_, mut recorder) = begin(Store::open(file, Durability::Process).unwrap(), "j");
    (1..=tasks).for_each(|number| succeed(&mut recorder, number));
    recorder.finish(RunEnd::Complete, |_| true).unwrap();
    (written() - before) / tasks
}

/// Run by the next one, since the count is of a whole process.
#[test]
fn in_a_process_of_its_own() {
    let Some(file) = as_child() else { return };
    cost(&file, FEW);
    let first = cost(&file, SAMPLE);
    cost(&file, MANY);
    let last = cost(&file, SAMPLE);
    println!("a task costs {first} bytes among {FEW}, {last} among {MANY}");
    assert!(last * 10 <= first * 13, "{first} bytes a task in the beginning, {last} later");
}

#[test]
fn a_task_costs_among_many_what_it_costs_among_few() {
    let place = Place::new();
    let done = child("growth::in_a_process_of_its_own", &place.file()).output().unwrap();
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{told}{}", String::from_utf8_lossy(&done.stderr));
    println!("{}", told.lines().find(|line| line.contains("a task costs")).unwrap_or_default());
}
