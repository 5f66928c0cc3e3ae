//! `durable`: what a store costs `ganger run`; for commands, for a worker program (this one), and with a million tasks in it.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};
use tempfile::TempDir;

use crate::figure::Figure;
use crate::launch::{beside_us, skipped, try_out};
use crate::{Measured, timing};

const COMMANDS: u64 = 2_000;
const TASKS: u64 = 1_000_000;
/// So many are added to an empty store, and to one with a million tasks.
const MORE: u64 = 200_000;
const INPUTS: u64 = 10_000_000;
const TIMES: usize = 3;

/// What this program does as a worker of `ganger run`.
#[ganger::worker]
fn next(n: u64) -> Result<u64, String> {
    Ok(n + 1)
}

pub(crate) fn measure() -> Measured {
    let program = beside_us()?;
    if let Err(why) = try_out(&program) {
        return skipped("durable", &program, &why);
    }
    let bench = Bench { program: &program, place: TempDir::new()? };
    bench.commands()?;
    bench.million()?;
    bench.millionth()
}

/// Ten million inputs through the worker program; what the largest process of the run had of memory.
pub(crate) fn measure_ten_million() -> Measured {
    let program = beside_us()?;
    let bench = Bench { program: &program, place: TempDir::new()? };
    let took = timing::seconds(|| bench.worker(&[], 1..INPUTS + 1))?;
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() as f64 * 1024.0;
    Figure::new("durable", "ganger run ten million inputs", peak, "B").with("seconds", took).print()?;
    Ok(())
}

struct Bench<'a> {
    program: &'a Path,
    place: TempDir,
}

impl Bench<'_> {
    /// In turn, so that a machine that grows slower does so for all.
    fn commands(&self) -> Measured {
        const WAYS: [(&str, &[&str]); 4] = [
            ("ganger run", &[]),
            ("ganger run --durable off", &["--durable", "off"]),
            ("ganger run --durable process", &["--durable", "process"]),
            ("ganger run --durable full", &["--durable", "full"]),
        ];
        let mut took = WAYS.map(|_| Vec::new());
        for turn in 0..TIMES {
            for ((_, flags), took) in WAYS.iter().zip(&mut took) {
                let store = self.place.path().join(format!("commands-{turn}-{}.db", took.len() + flags.len()));
                let mut args = vec!["-j2"];
                if !flags.is_empty() {
                    args.extend(["--store", store.to_str().ok_or("a path that is no text")?]);
                    args.extend(*flags);
                }
                args.push("true");
                took.push(timing::seconds(|| self.run(&args, 1..COMMANDS + 1))?);
                drop(std::fs::remove_file(&store));
            }
        }
        for ((name, _), mut took) in WAYS.into_iter().zip(took) {
            Figure::new("durable", name, timing::quantile(&mut took, 0.5), "s").with("tasks", COMMANDS).print()?;
        }
        Ok(())
    }

    /// The worker program, without a store and with one, which then holds a million tasks.
    fn million(&self) -> Measured {
        let store = self.store("million")?;
        for (name, flags) in [("ganger worker", &[][..]), ("ganger worker --durable process", &["--store", &store])] {
            let took = timing::seconds(|| self.worker(flags, 1..TASKS + 1))?;
            Figure::new("durable", name, TASKS as f64 / took, "tasks/s").with("tasks", TASKS).print()?;
        }
        Ok(())
    }

    /// What tasks cost in a store with a million of them, against those in an empty one.
    fn millionth(&self) -> Measured {
        let full = self.store("million")?;
        let mut ratios = Vec::new();
        for turn in 0..TIMES {
            let empty = self.store(&format!("empty-{turn}"))?;
            let first = timing::seconds(|| self.worker(&["--store", &empty], 1..MORE + 1))?;
            let more = timing::seconds(|| self.worker(&["--store", &full], 1..MORE + 1))?;
            ratios.push(more / first);
        }
        let ratio = timing::quantile(&mut ratios, 0.5);
        Figure::new("durable", "ganger millionth task", ratio, "x").with("tasks", MORE).print()?;
        Ok(())
    }

    fn store(&self, name: &str) -> Result<String, Box<dyn std::error::Error>> {
        let path = self.place.path().join(format!("{name}.db"));
        Ok(path.to_str().ok_or("a path that is no text")?.to_owned())
    }

    fn worker(&self, flags: &[&str], inputs: std::ops::Range<u64>) -> Measured {
        let worker = std::env::current_exe()?;
        let worker = worker.to_str().ok_or("a path that is no text")?;
        self.run(&[&["-j2"], flags, &["--worker", worker]].concat(), inputs)
    }

    fn run(&self, args: &[&str], inputs: std::ops::Range<u64>) -> Measured {
        let mut command = Command::new(self.program);
        command.arg("run").args(args).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn()?;
        feed(&mut child, inputs)?;
        let status = child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("ganger run {args:?} ended with {status}").into()) }
    }
}

fn feed(child: &mut Child, inputs: std::ops::Range<u64>) -> Measured {
    let mut stdin = BufWriter::new(child.stdin.take().ok_or("no pipe")?);
    for input in inputs {
        writeln!(stdin, "{input}")?;
    }
    Ok(stdin.flush()?)
}
