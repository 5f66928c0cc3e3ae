//! Measures Ganger: `ganger-bench [WORKLOAD…]`, all of them without a name.
//!
//! Prints one JSON object a line: `{"workload", "system", "value", "unit", …}`, with the names, units and methods of
//! `scripts/peers`. A machine is seldom quiet: compare only figures taken in turn (`scripts/bench --peers`).

mod figure;
mod timing;
mod tasks;
mod gang;
mod gate;
mod examples;

mod noop;
mod map;
mod latency;
mod echo;
mod start;
mod memory;
mod killed;
mod cpu;
mod launch;
mod growth;
mod queue;
mod lock;
mod filter;
mod redis;
mod manager;
mod limits;

use std::error::Error;
use std::process::ExitCode;

/// What a workload ends with: its figures are printed as they come.
type Measured = Result<(), Box<dyn Error>>;

/// Its name, how it is measured, and what.
type Workload = (&'static str, fn() -> Measured, &'static str);

/// Every workload that is measured when none is named.
const WORKLOADS: &[Workload] = &[
    ("noop", noop::measure, "no-op tasks through 2 workers, one future a task, tasks/s"),
    ("map", map::measure, "the same function over many items with the default chunks, items as tasks/s"),
    ("latency", latency::measure, "one worker, submit to result, one task at a time, p50 and p99 in us"),
    ("echo", echo::measure, "1 MiB there and back through one worker, MB/s of payload one way"),
    ("start", start::measure, "a pool of N workers up and each having answered, s"),
    ("memory", memory::measure, "PSS of this process, the zygote and N idle workers, MiB"),
    ("killed", killed::measure, "SIGKILL in a task until it runs again, median and worst, s"),
    ("cpu", cpu::measure, "200 tasks of 50 ms of processor time on 2 workers, against the same one after the other, x"),
    ("launch", launch::measure, "the program `true` 2,000 times, two at a time, s"),
    (
        "growth",
        growth::measure,
        "cost of a task with 1 k to 1 M queued and with 1 to 1,000 workers, x; bytes a queued task",
    ),
    ("queue", queue::measure, "items from one process to another, items/s, and there and back, us"),
    ("lock", lock::measure, "acquire and release, alone in ns, and in turn with another process, pairs/s"),
    (
        "filter",
        filter::measure,
        "files of protobuf records filtered by id, by a worker each processor and by a plain loop, MB/s",
    ),
    ("redis", redis::measure, "TTL of 235,073 keys with 8 to 128 connections, by processes and by threads, s and MiB"),
    (
        "manager",
        manager::measure,
        "reading a managed dict, p50 and p99 of one call in us, and many calls under way, calls/s",
    ),
    ("limits", limits::measure, "round trips of pipe, futex and spinning, and what the bare ring carries"),
];

/// Only when named.
const ON_DEMAND: &[Workload] =
    &[("growth-10m", growth::measure_ten_million, "as growth, with 10 M queued; takes gigabytes")];

fn main() -> ExitCode {
    ganger::init();
    let named: Vec<String> = std::env::args().skip(1).collect();
    if let [limits::OTHER_END, name @ ..] = named.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        return limits::other_end(name.first().copied());
    }
    let known = || WORKLOADS.iter().chain(ON_DEMAND);
    if let Some(unknown) = named.iter().find(|name| known().all(|(known, ..)| known != name)) {
        return usage(unknown);
    }
    let wanted: Vec<&Workload> = match named.as_slice() {
        [] => WORKLOADS.iter().collect(),
        named => known().filter(|(name, ..)| named.iter().any(|named| named == name)).collect(),
    };
    // One that fails keeps nobody else from being measured.
    let failed = wanted.into_iter().filter(|workload| run(workload).is_err()).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run((name, measure, _): &Workload) -> Measured {
    measure().inspect_err(|error| figure::tell(&format!("{name} failed: {error}")))
}

fn usage(unknown: &str) -> ExitCode {
    let known = WORKLOADS.iter().chain(ON_DEMAND);
    let known: String = known.map(|(name, _, what)| format!("\n  {name:<10} {what}")).collect();
    figure::tell(&format!("no workload '{unknown}'; there are:{known}"));
    ExitCode::from(2)
}
