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
mod durable;
mod growth;
mod queue;
mod lock;
mod filter;
mod redis;
mod manager;
mod limits;

mod workloads;

use std::process::ExitCode;

use workloads::{Measured, ON_DEMAND, WORKLOADS, Workload};

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
