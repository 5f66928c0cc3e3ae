//! What clients can ask for, version 1.
//!
//! | | |
//! |---|---|
//! | `POST /v1/jobs` | hands a job in: 201 when it is committed |
//! | `GET /v1/jobs?before=ID&limit=N` | jobs, the newest first |
//! | `GET /v1/jobs/{id}?wait=10` | a job, when it is over or so many seconds later |
//! | `POST /v1/jobs/{id}/cancel` | nothing more of it begins, what runs is ended |
//! | `GET /v1/jobs/{id}/tasks?from=N&limit=N` | its tasks, in the order of their numbers |
//! | `GET /v1/jobs/{id}/tasks/{number}` | a task with its attempts |
//! | `GET /v1/jobs/{id}/tasks/{number}/stdout`, `…/stderr` | what its last attempt has printed so far; with ranges |
//! | `GET /v1/queues` | the queues, and how long they are |
//! | `GET /v1/openapi.json` | all of this, for programs |

mod jobs;
mod problem;
mod ranges;
mod readers;
mod submission;
mod tasks;
mod views;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::routing::{get, post};
use ganger_store::QueueId;
use tokio::sync::Semaphore;

use crate::config::Limits;
use crate::driver::Desk;
pub(crate) use problem::Problem;
use readers::Readers;
use views::QueueView;

/// By hand, as it is short; a test holds it against the answers.
const DESCRIPTION: &str = include_str!("openapi.json");

/// What every answer is made of.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    desk: Desk,
    readers: Readers,
    queues: Arc<[(String, QueueId)]>,
    limits: Limits,
    /// A permit for each KiB of large bodies that may be in memory.
    bodies: Arc<Semaphore>,
}

impl Api {
    pub(crate) fn new(desk: Desk, store: PathBuf, queues: Vec<(String, QueueId)>, limits: Limits) -> Self {
        let bodies = Arc::new(Semaphore::new(limits.bodies.max(limits.body).div_ceil(1024)));
        Self { desk, readers: Readers::new(store), queues: queues.into(), limits, bodies }
    }

    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/v1/jobs", get(jobs::list).post(jobs::submit))
            .route("/v1/jobs/{id}", get(jobs::show))
            .route("/v1/jobs/{id}/cancel", post(jobs::cancel))
            .route("/v1/jobs/{id}/tasks", get(tasks::list))
            .route("/v1/jobs/{id}/tasks/{number}", get(tasks::show))
            .route("/v1/jobs/{id}/tasks/{number}/{stream}", get(tasks::output))
            .route("/v1/queues", get(queues))
            .route("/v1/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION)))
            .method_not_allowed_fallback(async || {
                let detail = "this path has another method: GET looks, POST changes";
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "the method is not allowed", detail)
            })
            .fallback(async |uri: Uri| {
                Problem::not_found(format!("{:?} is no path of this service: begin with /v1/jobs", uri.path()))
            })
            .with_state(self)
    }
}

async fn queues(State(api): State<Api>) -> Result<Json<Vec<QueueView>>, Problem> {
    Ok(Json(api.desk.depths().await?.into_iter().map(QueueView::from).collect()))
}
