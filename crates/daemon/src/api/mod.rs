//! What clients can ask for, version 1.
//!
//! ```text
//!  asked: path, query ──┐                      ┌── desk: what changes something waits for the driver's commit
//!  body: JSON, bounded ─┴──► one file a thing ─┤
//!                            (jobs, tasks, …)  └── readers: what only looks reads the store beside the driver
//!                                   │
//!                                   └──► views: what is told, or a problem: why not, and the remedy
//! ```
//!
//! What is written beside a route and a view is also its description (`describe`), which `GET /v1/openapi.json` tells.

mod asked;
mod body;
mod calls;
mod describe;
mod health;
mod jobs;
mod output;
mod problem;
mod queues;
mod ranges;
mod readers;
mod results;
mod submission;
mod tasks;
mod views;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri};
use tokio::sync::Semaphore;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::Limits;
use crate::driver::Desk;
use crate::metrics::{self, Metrics};
use crate::page;
use crate::queues::Queues;
use describe::Description;
pub(crate) use problem::{Problem, ProblemName};
use readers::Readers;
pub(crate) use submission::job_of;

/// What every answer is made of.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    desk: Desk,
    readers: Readers,
    queues: Queues,
    limits: Limits,
    /// A permit for each KiB of large bodies that may be in memory.
    bodies: Arc<Semaphore>,
    description: Arc<str>,
    store: Arc<PathBuf>,
    metrics: Metrics,
}

impl Api {
    pub(crate) fn new(desk: Desk, store: PathBuf, queues: Queues, limits: Limits, metrics: Metrics) -> Self {
        let bodies = Arc::new(Semaphore::new(limits.bodies.max(limits.body).div_ceil(1024)));
        let (readers, store) = (Readers::new(store.clone()), store.into());
        Self { desk, readers, queues, limits, bodies, description: Arc::default(), store, metrics }
    }

    pub(crate) fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    pub(crate) fn router(self) -> Router {
        let (router, description) = described().split_for_parts();
        router
            .merge(page::router())
            .method_not_allowed_fallback(async || {
                let detail = "this path has another method: GET looks, POST changes";
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "the method is not allowed", detail)
            })
            .fallback(async |uri: Uri| {
                Problem::not_found(format!("{:?} is no path of this service: begin with /v1/jobs", uri.path()))
            })
            .layer(axum::middleware::from_fn_with_state(self.metrics.clone(), metrics::observe))
            .with_state(Self { description: describe::complete(description).into(), ..self })
    }
}

/// Every route.
fn described() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(jobs::list, jobs::submit))
        .routes(routes!(jobs::show))
        .routes(routes!(jobs::cancel))
        .routes(routes!(tasks::list))
        .routes(routes!(tasks::show))
        .routes(routes!(output::read))
        .routes(routes!(results::wait))
        .routes(routes!(queues::list))
        .routes(routes!(describe::describe))
        .routes(routes!(health::metrics))
        .routes(routes!(health::lives))
        .routes(routes!(health::is_ready))
}
