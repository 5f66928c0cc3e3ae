//! Jobs: handed in, shown, waited for, cancelled.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ganger_store::{JobId, NewJob, Reader, Served};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;

use super::Api;
use super::problem::Problem;
use super::submission::Submission;
use super::views::JobView;

/// How many jobs or tasks are shown at most in one answer, and how many if that is not said.
pub(super) const MOST: usize = 1_000;
pub(super) const SOME: usize = 100;

#[derive(Serialize)]
struct Receipt {
    id: i64,
    tasks: usize,
}

pub(super) async fn submit(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    check_type(request.headers())?;
    // Until the job is committed: it is in memory as long.
    let (job, _share) = read_job(&api, request).await?;
    let tasks = job.tasks.len();
    let id = api.desk.submit(job).await?.job.0;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/v1/jobs/{id}"))], Json(Receipt { id, tasks }))
        .into_response())
}

/// A form of another origin's page cannot have this type, so no browser sends it without asking.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = format!("the content type is {given:?}: send application/json (curl --json does)");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "type", "the content type is not JSON", detail))
}

/// How much of large bodies is in memory at a time is bounded, so who sends one slowly holds up others who send such, for a
/// while. Small ones are bounded by the number of connections.
async fn read_job(api: &Api, request: Request) -> Result<(NewJob, Option<OwnedSemaphorePermit>), Problem> {
    let limit = api.limits.body;
    let length = content_length(request.headers()).unwrap_or(limit);
    if length > limit {
        return Err(too_large(limit));
    }
    let share = if length > api.limits.small { Some(share(api, length).await?) } else { None };
    let body = read_body(request.into_body(), length, api.limits.body_time).await?;
    let (queues, tasks) = (Arc::clone(&api.queues), api.limits.tasks);
    let parse = move || Submission::parse(&body)?.check(&queues, tasks);
    let job = if share.is_some() { apart(parse).await } else { parse() };
    Ok((job?, share))
}

async fn share(api: &Api, length: usize) -> Result<OwnedSemaphorePermit, Problem> {
    let share = u32::try_from(length.div_ceil(1024)).unwrap_or(u32::MAX);
    Arc::clone(&api.bodies).acquire_many_owned(share).await.map_err(|_| Problem::slow())
}

/// What takes a while is done on another thread.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, Problem> + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Problem::failed()))
}

async fn read_body(body: Body, limit: usize, patience: Duration) -> Result<axum::body::Bytes, Problem> {
    let read = tokio::time::timeout(patience, to_bytes(body, limit)).await.map_err(|_| Problem::slow())?;
    read.map_err(|_| too_large(limit))
}

fn too_large(limit: usize) -> Problem {
    Problem::too_large(format!("a body has at most {limit} bytes: send several jobs"))
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    /// In seconds.
    wait: Option<f64>,
}

pub(super) async fn show(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Result<Query<Wait>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<JobView>, Problem> {
    let id = job_id(&id)?;
    let Query(Wait { wait }) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    if let Some(seconds) = wait {
        api.desk.wait(id, patience(seconds, api.limits.wait)?).await?;
    }
    let shown = api.readers.read(move |reader| Ok(JobView::from(&found(reader, id)?))).await?;
    Ok(Json(shown))
}

fn patience(seconds: f64, most: Duration) -> Result<Duration, Problem> {
    let patience = Duration::try_from_secs_f64(seconds).map(|patience| patience.min(most));
    patience.map_err(|_| Problem::bad_request(format!("wait={seconds}: give seconds from 0")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    before: Option<i64>,
    limit: Option<usize>,
}

pub(super) async fn list(
    State(api): State<Api>,
    query: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<JobView>>, Problem> {
    let Query(Page { before, limit }) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    let (before, limit) = (JobId(before.unwrap_or(i64::MAX)), limit.unwrap_or(SOME).min(MOST));
    let shown =
        api.readers.read(move |reader| Ok(reader.served_before(before, limit)?.iter().map(JobView::from).collect()));
    Ok(Json(shown.await?))
}

/// It says yes before all of it has stopped: that is seen where the job is shown.
pub(super) async fn cancel(State(api): State<Api>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = job_id(&id)?;
    api.readers.read(move |reader| found(reader, id)).await?;
    api.desk.cancel(id).await?;
    let shown = api.readers.read(move |reader| Ok(JobView::from(&found(reader, id)?))).await?;
    Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
}

pub(super) fn found(reader: &Reader, id: JobId) -> Result<Served, Problem> {
    reader.served(id)?.ok_or_else(|| no_job(&id.0.to_string()))
}

pub(super) fn job_id(id: &str) -> Result<JobId, Problem> {
    id.parse().map(JobId).map_err(|_| no_job(id))
}

fn no_job(id: &str) -> Problem {
    Problem::not_found(format!("there is no job {id:?}: GET /v1/jobs has those that there are"))
}
