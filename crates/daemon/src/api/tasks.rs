//! Tasks: listed and shown.

use axum::Json;
use axum::extract::State;
use ganger_store::{JobId, Reader, Served, Task, TaskFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::asked::{Asked, JobPath, TaskPath, shown};
use super::jobs::found;
use super::problem::Problem;
use super::views::{TaskState, TaskStory, TaskView};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// The first number
    #[param(nullable = false, maximum = 4294967295_u32)]
    from: Option<u32>,
    /// At most 1000; 100 if it is left out
    #[param(nullable = false, maximum = 4294967295_u32)]
    limit: Option<u32>,
    /// Those in this state
    #[param(nullable = false, inline)]
    state: Option<TaskState>,
}

/// A job's tasks, in the order of their numbers
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/tasks",
    operation_id = "listTasks",
    params(JobPath, Page),
    responses(
        (status = 200, description = "tasks", body = Vec<TaskView>),
        (status = 400, description = "the query cannot be read"),
        (status = 404, description = "there is no such job"),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    JobPath { id }: JobPath,
    Asked(Page { from, limit, state }): Asked<Page>,
) -> Result<Json<Vec<TaskView>>, Problem> {
    let (from, limit) = (from.map_or(1, u64::from), shown(limit));
    let filter = TaskFilter { from, state: state.map(Into::into), limit };
    let read = api.readers.read(move |reader| {
        let served = found(reader, id)?;
        let tasks = reader.served_tasks(&served, &filter)?;
        Ok(tasks.iter().map(|task| TaskView::new(&served, task)).collect())
    });
    Ok(Json(read.await?))
}

/// A task with its attempts that are over
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/tasks/{number}",
    operation_id = "showTask",
    params(TaskPath),
    responses(
        (status = 200, description = "the task", body = TaskStory),
        (status = 404, description = "there is no such task"),
    )
)]
pub(super) async fn show(
    State(api): State<Api>,
    TaskPath { id, number }: TaskPath,
) -> Result<Json<TaskStory>, Problem> {
    story(&api, id, number).await.map(Json)
}

/// A task as it is now.
pub(super) async fn story(api: &Api, id: JobId, number: u64) -> Result<TaskStory, Problem> {
    let look = move |reader: &Reader| {
        let served = found(reader, id)?;
        let task = task(reader, &served, number)?;
        Ok(TaskStory::new(&served, &task, &reader.attempts(task.id)?))
    };
    api.readers.read(look).await
}

pub(super) fn task(reader: &Reader, served: &Served, number: u64) -> Result<Task, Problem> {
    reader.served_task(served, number)?.ok_or_else(|| {
        let (job, total) = (served.job.id.0, served.tasks.total());
        Problem::not_found(format!("job {job} has no task {number}: they are numbered from 1 to {total}"))
    })
}
