//! Jobs that are handed in by the clock.

use std::time::SystemTime;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ganger_store::{Answer, Firing, NewSchedule, Next, Order, Overlap, Reader, Schedule};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::asked::NamePath;
use super::body::{self, json};
use super::jobs::Receipt;
use super::problem::Problem;
use super::submission::Submission;
use super::views::ScheduleView;
use super::{Api, checks, scheduled_job};
use crate::cron::Cron;
use crate::queues::Queue;

/// The body of `POST /v1/schedules`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Clockwork {
    /// What it is called: one of the same name is replaced.
    #[schema(min_length = 1, max_length = 200, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f/]+$")]
    name: String,
    /// When: minute, hour, day, month, weekday.
    #[schema(max_length = 200, example = "*/5 8-17 * * MON-FRI")]
    cron: String,
    /// Whose clock.
    #[serde(default = "utc")]
    #[schema(default = "UTC", example = "Europe/Berlin")]
    zone: String,
    #[serde(default)]
    overlap: OverlapName,
    /// Whether it hands nothing in until it is resumed.
    #[serde(default)]
    paused: bool,
    /// What is handed in.
    #[schema(value_type = Submission)]
    job: Box<RawValue>,
}

/// What happens while its last job is not over: nothing is handed in (`skip`), or the next one is (`queue`).
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum OverlapName {
    #[default]
    Skip,
    Queue,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// All schedules, by name
#[utoipa::path(
    get,
    path = "/v1/schedules",
    operation_id = "listSchedules",
    responses((status = 200, description = "schedules", body = Vec<ScheduleView>))
)]
pub(super) async fn list(State(api): State<Api>) -> Result<Json<Vec<ScheduleView>>, Problem> {
    let read = |reader: &Reader| Ok(reader.schedules()?.iter().map(ScheduleView::from).collect());
    api.readers.read(read).await.map(Json)
}

/// Have a job handed in by the clock
#[utoipa::path(
    post,
    path = "/v1/schedules",
    operation_id = "schedule",
    request_body = Clockwork,
    responses(
        (status = 201, description = "it is committed", body = ScheduleView, headers(("location" = String))),
        (status = 400, description = "the body is no schedule"),
        (status = 408, description = "the body did not come in time"),
        (status = 413, description = "it is too large"),
        (status = 415, description = "it is not called JSON"),
        (status = 422, description = "it can be read, and not be met"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn add(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let (queues, tasks) = (api.queues.now(), api.limits.tasks);
    let check = move |body: &[u8]| json::<Clockwork>(body, "schedule")?.check(&queues, tasks);
    let (new, _share) = body::read(&api, request, check).await?;
    let name = new.name.clone();
    api.order(Order::Schedule(Box::new(new))).await?;
    let location = format!("/v1/schedules/{}", encoded(&name));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view(&api, name).await?)).into_response())
}

impl Clockwork {
    fn check(self, queues: &[Queue], limit: usize) -> Result<NewSchedule, Problem> {
        let Self { name, cron, zone, overlap, paused, job } = self;
        checks::name("name", &name)?;
        if name.contains('/') {
            return Err(Problem::invalid(format!("`name` is {name:?}: give one without /")));
        }
        let clock = Cron::parse(&cron, &zone).map_err(|why| Problem::invalid(format!("`cron` and `zone`: {why}")))?;
        let submission = json::<Submission>(job.get().as_bytes(), "job")?;
        let queue = submission.queue().to_owned();
        submission.check(queues, limit)?;
        let overlap = match overlap {
            OverlapName::Skip => Overlap::Skip,
            OverlapName::Queue => Overlap::Queue,
        };
        let Some(next) = clock.next(SystemTime::now()) else {
            let why = format!("`cron`: {cron:?} is not due once in four years: there is no such day");
            return Err(Problem::invalid(why));
        };
        Ok(NewSchedule { name, cron, zone, queue, job: job.get().to_owned(), overlap, paused, next: Some(next) })
    }
}

/// A schedule
#[utoipa::path(
    get,
    path = "/v1/schedules/{name}",
    operation_id = "showSchedule",
    params(NamePath),
    responses(
        (status = 200, description = "the schedule", body = ScheduleView),
        (status = 404, description = "there is no such schedule"),
    )
)]
pub(super) async fn show(State(api): State<Api>, NamePath { name }: NamePath) -> Result<Json<ScheduleView>, Problem> {
    view(&api, name).await.map(Json)
}

/// A schedule goes; its jobs stay
#[utoipa::path(
    delete,
    path = "/v1/schedules/{name}",
    operation_id = "unschedule",
    params(NamePath),
    responses(
        (status = 204, description = "it is gone"),
        (status = 404, description = "there is no such schedule"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn remove(State(api): State<Api>, NamePath { name }: NamePath) -> Result<StatusCode, Problem> {
    api.order(Order::Unschedule(name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A schedule hands nothing in until it is resumed
#[utoipa::path(
    post,
    path = "/v1/schedules/{name}/pause",
    operation_id = "pauseSchedule",
    params(NamePath),
    responses(
        (status = 200, description = "it is paused", body = ScheduleView),
        (status = 404, description = "there is no such schedule"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn pause(State(api): State<Api>, NamePath { name }: NamePath) -> Result<Json<ScheduleView>, Problem> {
    api.order(Order::PauseSchedule(name.clone())).await?;
    view(&api, name).await.map(Json)
}

/// A schedule that was paused goes on: what was due meanwhile is not handed in
#[utoipa::path(
    post,
    path = "/v1/schedules/{name}/resume",
    operation_id = "resumeSchedule",
    params(NamePath),
    responses(
        (status = 200, description = "it goes on", body = ScheduleView),
        (status = 404, description = "there is no such schedule"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn resume(State(api): State<Api>, NamePath { name }: NamePath) -> Result<Json<ScheduleView>, Problem> {
    let schedule = found(&api, name.clone()).await?;
    let clock = Cron::parse(&schedule.cron, &schedule.zone).map_err(Problem::conflict)?;
    let next = clock.next(SystemTime::now());
    api.order(Order::ResumeSchedule { name: name.clone(), next }).await?;
    view(&api, name).await.map(Json)
}

/// A schedule hands its job in now, besides what the clock says
#[utoipa::path(
    post,
    path = "/v1/schedules/{name}/run",
    operation_id = "runSchedule",
    params(NamePath),
    responses(
        (status = 201, description = "the job is committed", body = Receipt, headers(("location" = String))),
        (status = 404, description = "there is no such schedule"),
        (status = 409, description = "the job cannot be handed in any more"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn run(State(api): State<Api>, NamePath { name }: NamePath) -> Result<Response, Problem> {
    let schedule = found(&api, name.clone()).await?;
    let job = scheduled_job(&schedule, &api.queues.now(), api.limits.tasks);
    match api.order(Order::Fire(Box::new(Firing { name, job, next: Next::Unchanged }))).await? {
        Answer::Accepted(accepted) => Ok(Receipt::answer(&accepted)),
        Answer::Appended(_) | Answer::Done | Answer::Missing(_) | Answer::Conflict(_) => Err(Problem::failed()),
    }
}

async fn view(api: &Api, name: String) -> Result<ScheduleView, Problem> {
    found(api, name).await.map(|schedule| ScheduleView::from(&schedule))
}

async fn found(api: &Api, name: String) -> Result<Schedule, Problem> {
    let read = move |reader: &Reader| {
        let none =
            || Problem::not_found(format!("there is no schedule {name:?}: GET /v1/schedules has those that there are"));
        reader.schedule(&name)?.ok_or_else(none)
    };
    api.readers.read(read).await
}

/// As a path has it.
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
