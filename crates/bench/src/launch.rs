//! `launch`: the program `true`, many times, two at a time: by `ganger run`, and by nobody (vfork and exec).

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::figure::{self, Figure};
use crate::{Measured, timing};

const TASKS: usize = 2_000;
const AT_A_TIME: usize = 2;
const TIMES: usize = 3;

pub(crate) fn measure() -> Measured {
    let floor = timing::median_seconds(TIMES, bare)?;
    Figure::new("launch", "vfork+exec", floor, "s").with("tasks", TASKS).print()?;
    let program = beside_us()?;
    if let Err(why) = try_out(&program) {
        return skipped("launch", &program, &why);
    }
    let took = timing::median_seconds(TIMES, || run(&program))?;
    Figure::new("launch", "ganger run", took, "s").with("tasks", TASKS).print()?;
    Ok(())
}

/// The floor: threads that start a program, wait for it, and do nothing else. std starts it by vfork and exec.
fn bare() -> Measured {
    let one = || -> std::io::Result<()> {
        for _ in 0..TASKS / AT_A_TIME {
            if !Command::new("true").stdin(Stdio::null()).status()?.success() {
                return Err(std::io::Error::other("true said false"));
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(one)).collect();
        let ends =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(std::io::Error::other("panicked"))));
        Ok(ends.collect::<std::io::Result<()>>()?)
    })
}

/// The command that was built together with this program.
pub(crate) fn beside_us() -> Result<PathBuf, Box<dyn Error>> {
    Ok(std::env::current_exe()?.with_file_name("ganger"))
}

pub(crate) fn skipped(workload: &str, program: &Path, why: &str) -> Measured {
    figure::tell(&format!("SKIPPED {workload} ganger run: {}: {why}", program.display()));
    Ok(())
}

pub(crate) fn try_out(program: &Path) -> Result<(), String> {
    let output =
        Command::new(program).args(["run", "echo {}", ":::", "it works"]).output().map_err(|e| e.to_string())?;
    if output.stdout == b"it works\n" {
        return Ok(());
    }
    Err(format!("`ganger run 'echo {{}}' ::: 'it works'` ended with {} and said {:?}", output.status, output.stdout))
}

fn run(program: &Path) -> Measured {
    let inputs: String = (0..TASKS).map(|n| format!("{n}\n")).collect();
    let jobs = AT_A_TIME.to_string();
    let mut child =
        Command::new(program).args(["run", "-j", &jobs, "true"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    child.stdin.take().ok_or("no pipe")?.write_all(inputs.as_bytes())?;
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(format!("ganger run ended with {status}").into()) }
}
