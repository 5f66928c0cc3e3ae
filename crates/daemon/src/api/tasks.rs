//! Tasks: listed, shown, and what they have printed.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ganger_store::{Reader, Served, Stream, Task, TaskId};
use serde::Deserialize;

use super::Api;
use super::jobs::{MOST, SOME, found, job_id};
use super::problem::Problem;
use super::ranges;
use super::views::{TaskStory, TaskView};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    from: Option<u64>,
    limit: Option<usize>,
}

pub(super) async fn list(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<TaskView>>, Problem> {
    let id = job_id(&id)?;
    let Query(Page { from, limit }) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    let (from, limit) = (from.unwrap_or(1), limit.unwrap_or(SOME).min(MOST));
    let read = api.readers.read(move |reader| {
        let served = found(reader, id)?;
        let tasks = reader.served_tasks(&served, from, limit)?;
        Ok(tasks.iter().map(|task| TaskView::new(&served, task)).collect())
    });
    Ok(Json(read.await?))
}

pub(super) async fn show(
    State(api): State<Api>,
    Path((id, number)): Path<(String, String)>,
) -> Result<Json<TaskStory>, Problem> {
    let id = job_id(&id)?;
    let read = api.readers.read(move |reader| {
        let served = found(reader, id)?;
        let task = task(reader, &served, &number)?;
        Ok(TaskStory::new(&served, &task, &reader.attempts(task.id)?))
    });
    Ok(Json(read.await?))
}

/// What the attempt that runs, or the last one, has printed so far.
pub(super) async fn output(
    State(api): State<Api>,
    Path((id, number, stream)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = job_id(&id)?;
    let stream = match stream.as_str() {
        "stdout" => Stream::Stdout,
        "stderr" => Stream::Stderr,
        other => return Err(Problem::not_found(format!("{other:?} is no stream: it is stdout or stderr"))),
    };
    let read = api.readers.read(move |reader| {
        let task = task(reader, &found(reader, id)?, &number)?;
        printed(reader, task.id, stream)
    });
    ranges::answer(read.await?, &headers)
}

fn printed(reader: &Reader, task: TaskId, stream: Stream) -> Result<Vec<u8>, Problem> {
    let last = match reader.running_attempt(task)? {
        Some(running) => Some(running),
        None => reader.last_attempt(task)?.map(|attempt| attempt.id),
    };
    Ok(last.map(|attempt| reader.printed(attempt, stream)).transpose()?.unwrap_or_default())
}

fn task(reader: &Reader, served: &Served, number: &str) -> Result<Task, Problem> {
    let parsed = number.parse::<u64>().ok().filter(|number| *number > 0);
    let found = parsed.map(|number| reader.served_tasks(served, number, 1)).transpose()?.unwrap_or_default();
    found.into_iter().next().ok_or_else(|| {
        let (job, total) = (served.job.id.0, served.tasks.total());
        Problem::not_found(format!("job {job} has no task {number:?}: they are numbered from 1 to {total}"))
    })
}
