//! Jobs: handed in, shown, waited for, listed.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use ganger_store::{Accepted, Answer, JobFilter, JobId, Order, Reader, Served};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::asked::{Asked, JobPath, no_job, shown};
use super::body::{self, json};
use super::problem::Problem;
use super::submission::Submission;
use super::views::{JobState, JobView};

/// A job that was accepted.
#[derive(Serialize, ToSchema)]
pub(super) struct Receipt {
    id: i64,
    /// How many it has.
    tasks: u64,
    /// It was there before, and has the key: nothing was made.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    existing: bool,
}

impl Receipt {
    pub(super) fn answer(accepted: &Accepted) -> Response {
        let Accepted { job: JobId(id), tasks, existing } = *accepted;
        let status = if existing { StatusCode::OK } else { StatusCode::CREATED };
        let location = [(header::LOCATION, format!("/v1/jobs/{id}"))];
        (status, location, Json(Self { id, tasks, existing })).into_response()
    }
}

/// Hand a job in
#[utoipa::path(
    post,
    path = "/v1/jobs",
    operation_id = "submitJob",
    request_body = Submission,
    responses(
        (status = 200, description = "a job has the key already: it", body = Receipt, headers(("location" = String))),
        (status = 201, description = "it is committed", body = Receipt, headers(("location" = String))),
        (status = 400, description = "the body is no job"),
        (status = 408, description = "the body did not come in time"),
        (status = 413, description = "it is too large"),
        (status = 415, description = "it is not called JSON"),
        (status = 422, description = "it can be read, and not be met"),
        (status = 429, description = "too many tasks wait in the queue"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn submit(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let (queues, tasks) = (api.queues.now(), api.limits.tasks);
    let check = move |body: &[u8]| json::<Submission>(body, "job")?.check(&queues, tasks);
    // Until the job is committed: it is in memory as long.
    let (job, _share) = body::read(&api, request, check).await?;
    match api.desk.order(Order::Submit(Box::new(job))).await? {
        Answer::Accepted(accepted) => Ok(Receipt::answer(&accepted)),
        Answer::Missing(missing) => Err(Problem::invalid(format!("`after`: {missing}"))),
        Answer::Conflict(why) => Err(Problem::invalid(why)),
        Answer::Done | Answer::Appended(_) => Err(Problem::failed()),
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wait {
    /// Answer when the job is over, or after so many seconds: 60 at most
    #[param(minimum = 0, nullable = false)]
    wait: Option<f64>,
}

/// A job, and how far it is
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    operation_id = "showJob",
    params(JobPath, Wait),
    responses(
        (status = 200, description = "the job", body = JobView),
        (status = 400, description = "the query cannot be read"),
        (status = 404, description = "there is no such job"),
    )
)]
pub(super) async fn show(
    State(api): State<Api>,
    JobPath { id }: JobPath,
    Asked(Wait { wait }): Asked<Wait>,
) -> Result<Json<JobView>, Problem> {
    if let Some(seconds) = wait {
        api.desk.wait(id, patience(seconds, api.limits.wait)?).await?;
    }
    view(&api, id).await.map(Json)
}

pub(super) fn patience(seconds: f64, most: Duration) -> Result<Duration, Problem> {
    if seconds.is_nan() || seconds < 0.0 {
        return Err(Problem::bad_request(format!("wait={seconds}: give seconds from 0")));
    }
    // What is too long for a duration is longer than the most.
    Ok(Duration::try_from_secs_f64(seconds).map_or(most, |patience| patience.min(most)))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// Those with a lower id
    #[param(nullable = false, maximum = 9223372036854775807_i64, minimum = -9223372036854775808_i64)]
    before: Option<i64>,
    /// At most 1000; 100 if it is left out
    #[param(nullable = false, maximum = 4294967295_u32)]
    limit: Option<u32>,
    /// Those of a queue
    #[param(nullable = false)]
    queue: Option<String>,
    /// Those that are so far
    #[param(nullable = false, inline)]
    state: Option<JobState>,
    /// Those that are called so
    #[param(nullable = false)]
    name: Option<String>,
}

/// Jobs, the newest first
#[utoipa::path(
    get,
    path = "/v1/jobs",
    operation_id = "listJobs",
    params(Page),
    responses(
        (status = 200, description = "jobs", body = Vec<JobView>),
        (status = 400, description = "the query cannot be read"),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    Asked(Page { before, limit, queue, state, name }): Asked<Page>,
) -> Result<Json<Vec<JobView>>, Problem> {
    let (before, limit, state) = (before.map(JobId), shown(limit), state.map(Into::into));
    let filter = JobFilter { before, queue, state, name, limit };
    let shown = api.readers.read(move |reader| Ok(reader.served_jobs(&filter)?.iter().map(JobView::from).collect()));
    Ok(Json(shown.await?))
}

/// A job as it is now.
pub(super) async fn view(api: &Api, id: JobId) -> Result<JobView, Problem> {
    api.readers.read(move |reader| Ok(JobView::from(&found(reader, id)?))).await
}

pub(super) fn found(reader: &Reader, id: JobId) -> Result<Served, Problem> {
    reader.served(id)?.ok_or_else(|| no_job(&id.0.to_string()))
}
