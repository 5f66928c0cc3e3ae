//! `ganger show JOB`: the job, its runs, and its tasks one after the other.

use std::cell::Cell;
use std::io::Write as _;

use ganger_store::{Attempt, Job, Reader, State, StoreError, Task};
use serde::{Serialize, Serializer};

use super::error::LookError;
use super::rows::{JobRow, JobState, RunRow, TaskRow};
use super::{Out, json, plain};
use crate::flags::look::ShowFlags;

/// How many tasks of a state are listed, where nobody asked for all.
const SOME: usize = 20;

/// The document, or the page.
pub(crate) fn show(reader: &Reader, job: &Job, flags: &ShowFlags, out: &mut Out) -> Result<u8, LookError> {
    let row = JobRow::of(reader, job.clone())?;
    let runs = reader.runs(job.id)?.iter().map(|run| RunRow::of(reader, run)).collect::<Result<Vec<_>, _>>()?;
    let lists = lists(flags, &row);
    if flags.of.store.json {
        let fault = Cell::new(None);
        json(
            out,
            &Document { job: &row, run_list: &runs, task_list: Listed { reader, job, lists: &lists, fault: &fault } },
        )?;
        fault.into_inner().map_or(Ok(()), Err)?;
    } else {
        head(&row, &runs, out)?;
        for list in &lists {
            list_tasks(reader, job, list, out)?;
        }
    }
    Ok(0)
}

/// Some of the tasks.
struct List {
    title: &'static str,
    state: Option<State>,
    limit: usize,
    /// How many there are.
    count: u64,
}

/// What is asked for; else some of those that one would ask for.
fn lists(flags: &ShowFlags, row: &JobRow) -> Vec<List> {
    let list = |title, state, limit, count| List { title, state, limit, count };
    let tasks = &row.tasks;
    match flags.state {
        Some(state) => vec![list(state.word(), Some(state), usize::MAX, 0)],
        None if flags.all => vec![list("all", None, usize::MAX, 0)],
        None => {
            // Of a job at which no process is, they ran when it was killed.
            let running = if row.state == JobState::Running { "running" } else { "running when the run was killed" };
            let some = [
                list("failed", Some(State::Failed), SOME, tasks.failed),
                list(running, Some(State::Running), SOME, tasks.running),
            ];
            some.into_iter().filter(|list| list.count > 0).collect()
        }
    }
}

fn head(row: &JobRow, runs: &[RunRow], out: &mut Out) -> Result<(), LookError> {
    writeln!(out, "job {} ({}): {}", row.id, plain::line(row.name.as_bytes()), row.state.word())?;
    writeln!(out, "command    {}", plain::line(row.command.as_bytes()))?;
    writeln!(out, "tasks      {} in all: {}", row.tasks.total, row.tasks.shown())?;
    for run in runs {
        let took = plain::seconds(run.seconds);
        let directory = plain::line(&run.directory.0);
        let RunRow { id, end, pid, host, .. } = run;
        writeln!(
            out,
            "run {id:<6} {}, {took}, {end}; process {pid} on {host}, in {directory}",
            plain::moment(run.since)
        )?;
    }
    Ok(())
}

fn list_tasks(reader: &Reader, job: &Job, list: &List, out: &mut Out) -> Result<(), LookError> {
    writeln!(out, "\n{} tasks:", list.title)?;
    writeln!(out, "{:>8} {:>9} {:<9} {:>8} {:>9}  {:<22} INPUT", "ID", "NUMBER", "STATE", "TOOK", "MAX RSS", "END")?;
    for task in reader.each_task(job.id, list.state).take(list.limit) {
        let task = task?;
        writeln!(out, "{}", line(&task, reader.last_attempt(task.id)?.as_ref()))?;
    }
    let left = list.count.saturating_sub(list.limit as u64);
    if left > 0 {
        let word = list.state.map_or("", State::word);
        writeln!(out, "… and {left} more: --state {word} lists all")?;
    }
    Ok(())
}

fn line(task: &Task, last: Option<&Attempt>) -> String {
    let (took, rss, end) = match last {
        Some(last) => (plain::duration(last.used.wall), plain::size(last.used.max_rss), plain::end(&last.end)),
        None => Default::default(),
    };
    let (id, number, state) = (format!("#{}", task.id.0), task.number, task.state.word());
    format!("{id:>8} {number:>9} {state:<9} {took:>8} {rss:>9}  {end:<22} {}", plain::line(&task.input))
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    job: &'a JobRow,
    run_list: &'a [RunRow],
    task_list: Listed<'a>,
}

/// The tasks as they are read: a million go through the memory of a few hundred.
struct Listed<'a> {
    reader: &'a Reader,
    job: &'a Job,
    lists: &'a [List],
    /// What kept them from being read to the end.
    fault: &'a Cell<Option<StoreError>>,
}

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let each = |list: &List| self.reader.each_task(self.job.id, list.state).take(list.limit);
        let row = |task: Result<Task, StoreError>| {
            let task = task?;
            Ok(TaskRow::of(&task, self.reader.last_attempt(task.id)?.as_ref()))
        };
        let whole = |row: Result<TaskRow, StoreError>| row.map_err(|error| self.fault.set(Some(error))).ok();
        to.collect_seq(self.lists.iter().flat_map(each).map(row).map_while(whole))
    }
}
