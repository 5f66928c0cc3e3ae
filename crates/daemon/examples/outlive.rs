//! A program whose work goes on without it: it hands some in and ends; later, it asks for what came of it.
//!
//! ```text
//! cargo build -p ganger-daemon --example outlive
//! target/debug/examples/outlive serve /tmp/outlive &      # or a service of your own: its queue's program is this file
//! target/debug/examples/outlive begin /tmp/outlive 27 97 871 > tickets
//! target/debug/examples/outlive collect /tmp/outlive $(cat tickets)
//! ```

use std::error::Error;
use std::path::Path;

use ganger::{Executor as _, as_completed};
use ganger_client::{Endpoint, ServiceExecutor, TaskRef};
use ganger_daemon::{Config, QueueConfig, Runs, Service};

/// How many steps a number takes to one, halved if it is even, else three times itself and one more.
#[ganger::task]
fn collatz(n: u64) -> Result<u32, String> {
    let (mut at, mut steps) = (n, 0);
    while at > 1 {
        let odd = || at.checked_mul(3).and_then(|n| n.checked_add(1)).ok_or_else(|| format!("{n}: beyond 64 bits"));
        at = if at % 2 == 0 { at / 2 } else { odd()? };
        steps += 1;
    }
    Ok(steps)
}

/// The queue that both sides know.
const QUEUE: &str = "functions";

fn main() -> Result<(), Box<dyn Error>> {
    ganger::init();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve", place] => serve(Path::new(place)),
        ["begin", place, numbers @ ..] => begin(&connect(place)?, numbers),
        ["collect", place, tickets @ ..] => collect(&connect(place)?, tickets),
        _ => Err("outlive serve PLACE | begin PLACE NUMBER... | collect PLACE TICKET...".into()),
    }
}

fn connect(place: &str) -> Result<ServiceExecutor, Box<dyn Error>> {
    Ok(ServiceExecutor::connect(&Endpoint::unix(Path::new(place).join("socket")), QUEUE)?)
}

/// A service whose workers are this program.
fn serve(place: &Path) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(place)?;
    let program = std::env::current_exe()?.display().to_string();
    let queue = QueueConfig { name: QUEUE.to_owned(), runs: Runs::Functions(vec![program]), ..QueueConfig::default() };
    let config = Config { queues: vec![queue], ..Config::new(place.join("jobs.db"), place.join("socket")) };
    Ok(Service::start(config)?.run()?)
}

/// Hands numbers in, and says by which tickets they are asked for.
#[expect(clippy::print_stdout, reason = "a program may")]
fn begin(executor: &ServiceExecutor, numbers: &[&str]) -> Result<(), Box<dyn Error>> {
    let numbers = numbers.iter().map(|number| number.parse::<u64>()).collect::<Result<Vec<_>, _>>()?;
    // All of them first: so they go in one request.
    let futures = numbers.into_iter().map(|n| executor.submit(collatz, n)).collect::<Result<Vec<_>, _>>()?;
    for future in &futures {
        println!("{}", executor.id(future)?);
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a program may")]
fn collect(executor: &ServiceExecutor, tickets: &[&str]) -> Result<(), Box<dyn Error>> {
    let tickets = tickets.iter().map(|ticket| ticket.parse::<TaskRef>()).collect::<Result<Vec<_>, _>>()?;
    let futures = tickets.into_iter().map(|id| executor.future::<Result<u32, String>>(id));
    for future in as_completed(futures.collect::<Result<Vec<_>, _>>()?) {
        println!("{:?}", future.result()?);
    }
    Ok(())
}
