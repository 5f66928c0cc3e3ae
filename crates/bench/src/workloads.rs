//! What is measured: each workload with its name.

use std::error::Error;

use crate::{
    cpu, durable, echo, filter, growth, killed, latency, launch, limits, lock, manager, map, memory, noop, queue,
    redis, serve, start,
};

/// What a workload ends with: its figures are printed as they come.
pub(crate) type Measured = Result<(), Box<dyn Error>>;

/// Its name, how it is measured, and what.
pub(crate) type Workload = (&'static str, fn() -> Measured, &'static str);

/// Every workload that is measured when none is named.
pub(crate) const WORKLOADS: &[Workload] = &[
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
        "durable",
        durable::measure,
        "the same with a store, s; a worker program with one, tasks/s; its millionth task, x",
    ),
    (
        "serve",
        serve::measure,
        "a service: tasks accepted in batches and singly, tasks/s, submit to result, s, the same with 1 M queued",
    ),
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
pub(crate) const ON_DEMAND: &[Workload] = &[
    ("growth-10m", growth::measure_ten_million, "as growth, with 10 M queued; takes gigabytes"),
    (
        "durable-10m",
        durable::measure_ten_million,
        "ten million inputs through a worker program, peak memory of the run",
    ),
];
