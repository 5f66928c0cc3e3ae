//! What clients want to become of jobs and tasks that are there.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use ganger_store::{Answer, JobId, Order};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::asked::{JobPath, TaskPath};
use super::body::{self, json};
use super::checks;
use super::jobs::view;
use super::problem::Problem;
use super::tasks;
use super::views::{JobView, TaskStory};

/// An order that was committed, and the job as it is by then.
type Told = Result<(StatusCode, Json<JobView>), Problem>;

/// The same of a task.
type ToldOfTask = Result<(StatusCode, Json<TaskStory>), Problem>;

impl Api {
    /// Once it is answered, it is committed. What is not there, or cannot be so now, is a problem.
    pub(super) async fn order(&self, order: Order) -> Result<Answer, Problem> {
        match self.desk.order(order).await? {
            Answer::Missing(missing) => Err(Problem::not_found(missing.to_string())),
            Answer::Conflict(why) => Err(Problem::conflict(why)),
            done @ (Answer::Accepted(_) | Answer::Appended(_) | Answer::Done) => Ok(done),
        }
    }

    async fn order_of_job(&self, id: JobId, order: Order, status: StatusCode) -> Told {
        self.order(order).await?;
        Ok((status, Json(view(self, id).await?)))
    }
}

/// Nothing more of a job begins, and what runs is ended
///
/// It is answered before all of it has stopped: that is seen where the job is shown.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/cancel",
    operation_id = "cancelJob",
    params(JobPath),
    responses(
        (status = 202, description = "it is written down; a job that is over stays as it is", body = JobView),
        (status = 404, description = "there is no such job"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn cancel(State(api): State<Api>, JobPath { id }: JobPath) -> Told {
    api.order_of_job(id, Order::Cancel(id), StatusCode::ACCEPTED).await
}

/// What has failed or was stopped of a job waits again, with fresh attempts
///
/// The attempts that there were stay as its story.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/retry",
    operation_id = "retryJob",
    params(JobPath),
    responses(
        (status = 202, description = "it is written down", body = JobView),
        (status = 404, description = "there is no such job"),
        (status = 409, description = "there is nothing to retry, or it cannot be now"),
        (status = 429, description = "too many tasks wait in the queue"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn retry(State(api): State<Api>, JobPath { id }: JobPath) -> Told {
    api.order_of_job(id, Order::Retry(id), StatusCode::ACCEPTED).await
}

/// Nothing more of a job begins until it is resumed; what runs goes on
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/pause",
    operation_id = "pauseJob",
    params(JobPath),
    responses(
        (status = 200, description = "it is paused", body = JobView),
        (status = 404, description = "there is no such job"),
        (status = 409, description = "it cannot be now"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn pause(State(api): State<Api>, JobPath { id }: JobPath) -> Told {
    api.order_of_job(id, Order::Pause(id), StatusCode::OK).await
}

/// A job that was paused goes on
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/resume",
    operation_id = "resumeJob",
    params(JobPath),
    responses(
        (status = 200, description = "it goes on", body = JobView),
        (status = 404, description = "there is no such job"),
        (status = 409, description = "it cannot be now"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn resume(State(api): State<Api>, JobPath { id }: JobPath) -> Told {
    api.order_of_job(id, Order::Resume(id), StatusCode::OK).await
}

/// Nothing more comes to a job that is open
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/close",
    operation_id = "closeJob",
    params(JobPath),
    responses(
        (status = 200, description = "it is closed", body = JobView),
        (status = 404, description = "there is no such job"),
        (status = 409, description = "it cannot be now"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn close(State(api): State<Api>, JobPath { id }: JobPath) -> Told {
    api.order_of_job(id, Order::Close(id), StatusCode::OK).await
}

/// A job that is over goes, with all that was printed
#[utoipa::path(
    delete,
    path = "/v1/jobs/{id}",
    operation_id = "forgetJob",
    params(JobPath),
    responses(
        (status = 204, description = "it goes"),
        (status = 404, description = "there is no such job"),
        (status = 409, description = "it is not over"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn forget(State(api): State<Api>, JobPath { id }: JobPath) -> Result<StatusCode, Problem> {
    api.order(Order::Forget(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The body of `POST /v1/jobs/{id}/tasks`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct More {
    /// What their words begin with, if that is to be compared with the job's.
    #[schema(value_type = Option<Vec<checks::Word>>, nullable = false)]
    command: Option<Vec<String>>,
    /// The words that each task adds, as those that there are do.
    #[serde(default)]
    #[schema(value_type = Vec<Vec<checks::Word>>)]
    tasks: Vec<Vec<String>>,
    /// Whether these are the last.
    #[serde(default)]
    close: bool,
}

/// Tasks that were added to a job.
#[derive(Serialize, ToSchema)]
pub(super) struct Appended {
    /// The job's.
    id: i64,
    /// The first one's number in its job: the others' follow.
    first: u64,
    /// How many were added.
    tasks: usize,
}

/// Add tasks to a job that is open
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/tasks",
    operation_id = "appendTasks",
    params(JobPath),
    request_body = More,
    responses(
        (status = 201, description = "they are committed", body = Appended),
        (status = 400, description = "the body cannot be read"),
        (status = 404, description = "there is no such job"),
        (status = 408, description = "the body did not come in time"),
        (status = 409, description = "the job is closed, or its tasks are of another kind or command"),
        (status = 413, description = "it is too large"),
        (status = 415, description = "it is not called JSON"),
        (status = 422, description = "it can be read, and not be met"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn append(
    State(api): State<Api>,
    JobPath { id }: JobPath,
    request: Request,
) -> Result<(StatusCode, Json<Appended>), Problem> {
    let limit = api.limits.tasks;
    let check = move |body: &[u8]| json::<More>(body, "list of tasks")?.check(id, limit);
    let (order, _share) = body::read(&api, request, check).await?;
    let tasks = order.tasks().map_or(0, <[_]>::len);
    match api.order(order).await? {
        Answer::Appended(first) => Ok((StatusCode::CREATED, Json(Appended { id: id.0, first, tasks }))),
        Answer::Accepted(_) | Answer::Done | Answer::Missing(_) | Answer::Conflict(_) => Err(Problem::failed()),
    }
}

impl More {
    /// The order to add them.
    fn check(self, job: JobId, limit: usize) -> Result<Order, Problem> {
        let Self { command, tasks, close } = self;
        if tasks.is_empty() && !close {
            return Err(Problem::invalid("`tasks` is empty: give one at least, or `close`"));
        }
        checks::count("tasks", tasks.len(), limit)?;
        checks::alike(&tasks)?;
        let command = command.map(|words| checks::words("command", words)).transpose()?;
        Ok(Order::Append { job, command, tasks: checks::all_words(tasks)?, close })
    }
}

/// A task does not begin, or is ended
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/tasks/{number}/cancel",
    operation_id = "cancelTask",
    params(TaskPath),
    responses(
        (status = 202, description = "it is written down; a task that is over stays as it is", body = TaskStory),
        (status = 404, description = "there is no such task"),
        (status = 409, description = "it cannot be now"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn cancel_task(State(api): State<Api>, TaskPath { id, number }: TaskPath) -> ToldOfTask {
    api.order(Order::CancelTask(id, number)).await?;
    Ok((StatusCode::ACCEPTED, Json(tasks::story(&api, id, number).await?)))
}

/// A task that has failed, was stopped or is delayed waits, with fresh attempts
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/tasks/{number}/retry",
    operation_id = "retryTask",
    params(TaskPath),
    responses(
        (status = 202, description = "it is written down", body = TaskStory),
        (status = 404, description = "there is no such task"),
        (status = 409, description = "there is nothing to retry, or it cannot be now"),
        (status = 429, description = "too many tasks wait in the queue"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn retry_task(State(api): State<Api>, TaskPath { id, number }: TaskPath) -> ToldOfTask {
    api.order(Order::RetryTask(id, number)).await?;
    Ok((StatusCode::ACCEPTED, Json(tasks::story(&api, id, number).await?)))
}
