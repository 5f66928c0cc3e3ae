//! Measures Ganger: `ganger-bench [WORKLOAD…]`, all of them without a name.
//!
//! Prints one JSON object a line: `{"workload", "system", "value", "unit", …}`, with the names, units and methods of
//! `scripts/peers`. A machine is seldom quiet: compare only figures taken in turn (`scripts/bench --peers`).

mod figure;
mod timing;
mod tasks;
mod gang;

mod noop;
mod map;
mod latency;
mod echo;
mod start;
mod memory;

use std::error::Error;
use std::process::ExitCode;

/// What a workload ends with: its figures are printed as they come.
type Measured = Result<(), Box<dyn Error>>;

/// Every workload, with what it measures.
const WORKLOADS: &[(&str, fn() -> Measured, &str)] = &[
    ("noop", noop::measure, "no-op tasks through 2 workers, one future a task, tasks/s"),
    ("map", map::measure, "the same function over many items with the default chunks, items as tasks/s"),
    ("latency", latency::measure, "one worker, submit to result, one task at a time, p50 and p99 in us"),
    ("echo", echo::measure, "1 MiB there and back through one worker, MB/s of payload one way"),
    ("start", start::measure, "a pool of N workers up and each having answered, s"),
    ("memory", memory::measure, "PSS of this process, the zygote and N idle workers, MiB"),
];

fn main() -> ExitCode {
    ganger::init();
    let named: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = named.iter().find(|name| WORKLOADS.iter().all(|(known, ..)| known != name)) {
        return usage(unknown);
    }
    let wanted = WORKLOADS.iter().filter(|(name, ..)| named.is_empty() || named.iter().any(|named| named == name));
    // One that fails keeps nobody else from being measured.
    let failed = wanted.filter(|(name, measure, _)| run(name, *measure).is_err()).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(name: &str, measure: fn() -> Measured) -> Measured {
    measure().inspect_err(|error| figure::tell(&format!("{name} failed: {error}")))
}

fn usage(unknown: &str) -> ExitCode {
    let known: String = WORKLOADS.iter().map(|(name, _, what)| format!("\n  {name:<8} {what}")).collect();
    figure::tell(&format!("no workload '{unknown}'; there are:{known}"));
    ExitCode::from(2)
}
