//! The service itself: what it is, how far it is, and its end.

use std::time::{Duration, Instant, SystemTime};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ganger_store::Durability;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::problem::Problem;
use super::views::{self, QueueView};

/// How long the driver may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// When a service was started, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Birth {
    moment: SystemTime,
    instant: Instant,
}

impl Birth {
    pub(super) fn now() -> Self {
        Self { moment: SystemTime::now(), instant: Instant::now() }
    }
}

/// The service, and how far it is.
#[derive(Serialize, ToSchema)]
#[schema(as = Service)]
pub(super) struct ServiceView {
    version: &'static str,
    pid: u32,
    /// When it was started.
    started: f64,
    /// For how long it has run.
    uptime: f64,
    stage: Stage,
    #[schema(inline)]
    durability: Survives,
    queues: Vec<QueueView>,
}

/// What an acknowledgement survives: nothing, the death of the service, a loss of power.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Survives {
    Off,
    Process,
    Full,
}

impl From<Durability> for Survives {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Off => Self::Off,
            Durability::Process => Self::Process,
            Durability::Full => Self::Full,
        }
    }
}

/// How far it is: `open`; `stalled` while the disk refuses; `draining` when it is about to end.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Stage {
    Open,
    Stalled,
    Draining,
}

/// How far the service is from now on.
#[derive(Serialize, ToSchema)]
pub(super) struct Drained {
    stage: Stage,
}

/// What the service is, and how far
#[utoipa::path(
    get,
    path = "/v1/service",
    operation_id = "showService",
    responses(
        (status = 200, description = "the service", body = ServiceView),
        (status = 503, description = "it does not answer"),
    )
)]
pub(super) async fn show(State(api): State<Api>) -> Result<Json<ServiceView>, Problem> {
    let survey = api.desk.survey(PATIENCE).await;
    let survey = survey.ok_or_else(|| Problem::busy("the queues' thread does not answer: the log says why"))?;
    let stage = match (survey.accepts, survey.disk_refuses) {
        (false, _) => Stage::Draining,
        (true, true) => Stage::Stalled,
        (true, false) => Stage::Open,
    };
    Ok(Json(ServiceView {
        version: env!("CARGO_PKG_VERSION"),
        pid: std::process::id(),
        started: views::seconds(api.birth.moment),
        uptime: api.birth.instant.elapsed().as_secs_f64(),
        stage,
        durability: api.durability.into(),
        queues: survey.lanes.into_iter().map(|lane| lane.depth.into()).collect(),
    }))
}

/// Nothing more is accepted and nothing begins; what runs may go on for a while, and then the service ends
///
/// As SIGTERM does: what waits, and what had to be ended, is run by the next service.
#[utoipa::path(
    post,
    path = "/v1/drain",
    operation_id = "drain",
    responses((status = 202, description = "it is about to end", body = Drained))
)]
pub(super) async fn drain(State(api): State<Api>) -> (StatusCode, Json<Drained>) {
    api.ending.notify_one();
    (StatusCode::ACCEPTED, Json(Drained { stage: Stage::Draining }))
}
