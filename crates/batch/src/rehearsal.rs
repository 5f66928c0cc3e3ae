//! What a run would do, without doing it.

use std::io::{self, Write};
use std::time::Duration;

use ganger::Stream;

use crate::dag::Graph;
use crate::error::Error;
use crate::input::Next;
use crate::plan::Plan;
use crate::summary::{Counts, End, Summary};
use crate::workflow::{Job, Planning, Workflow};

/// Writes the commands of all jobs, in an order in which they may run.
pub(crate) fn rehearse(workflow: Workflow, out: &mut dyn Write) -> Result<Summary, Error> {
    let Workflow { jobs, graph, .. } = workflow;
    let names: Vec<_> = jobs.iter().map(|job| job.name.clone().unwrap_or_default()).collect();
    let mut jobs: Vec<_> = jobs.into_iter().map(Some).collect();
    let mut end = End::Complete;
    for &at in graph.order() {
        let Some(job) = jobs[at].take() else { continue };
        let headline = if job.name.is_some() { headline(&job, &graph, at, &names) } else { String::new() };
        if let Some(early) = written(out.write_all(headline.as_bytes()))?.or(commands(job, out)?) {
            end = early;
            break;
        }
    }
    Ok(Summary { counts: Counts::default(), end })
}

/// A comment of the shell, so that what is written can still be run.
fn headline(job: &Job, graph: &Graph, at: usize, names: &[String]) -> String {
    let before: Vec<&str> = graph.before(at).iter().map(|&job| names[job].as_str()).collect();
    let after = if before.is_empty() { String::new() } else { format!(", after {}", before.join(", ")) };
    let most = job.most.map(|most| format!(", at most {most} at a time")).unwrap_or_default();
    format!("# {}{after}{most}\n", names[at])
}

fn commands(job: Job, out: &mut dyn Write) -> Result<Option<End>, Error> {
    let plan = match job.planning {
        Planning::Made(plan) => Ok(*plan),
        Planning::Later(make) => make(),
    };
    match plan {
        Ok(plan) => lines(plan, out),
        Err(why) => written(writeln!(out, "# (cannot be told before it begins: {why})")),
    }
}

fn lines(plan: Plan, out: &mut dyn Write) -> Result<Option<End>, Error> {
    let Plan { work, input: mut source, .. } = plan.opened();
    loop {
        match source.next()? {
            Next::Ready(task) => {
                if let Some(end) = written(out.write_all(&work.show(&task, source.total())))? {
                    return Ok(Some(end));
                }
            }
            Next::NotYet => source.wait(Duration::MAX),
            Next::End => return Ok(None),
        }
    }
}

/// Whether anybody still reads what we write.
fn written(result: io::Result<()>) -> Result<Option<End>, Error> {
    match result.map_err(|source| Error::write(Stream::Stdout, source)) {
        Ok(()) => Ok(None),
        Err(error) if error.is_closed_output() => Ok(Some(End::OutputClosed)),
        Err(error) => Err(error),
    }
}
