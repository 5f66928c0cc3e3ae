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
mod checks;
mod dead;
mod describe;
mod events;
mod health;
mod jobs;
mod orders;
mod output;
mod problem;
mod queues;
mod ranges;
mod readers;
mod streamed;
mod results;
mod schedules;
mod service;
mod submission;
mod tasks;
mod views;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri};
use ganger_store::Durability;
use tokio::sync::{Notify, Semaphore};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::{Config, Limits};
use crate::driver::Desk;
use crate::metrics::{self, Metrics};
use crate::page;
use crate::queues::Queues;
use describe::Description;
pub(crate) use problem::{Problem, ProblemName};
use readers::Readers;
use service::Birth;
pub(crate) use submission::scheduled_job;

/// What every answer is made of.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    desk: Desk,
    readers: Readers,
    queues: Queues,
    limits: Limits,
    /// A permit for each KiB of large bodies that may be in memory.
    bodies: Arc<Semaphore>,
    /// A permit for each who may follow.
    followers: Arc<Semaphore>,
    description: Arc<str>,
    store: Arc<PathBuf>,
    durability: Durability,
    birth: Birth,
    /// Told when a client wants the service to end.
    ending: Arc<Notify>,
    metrics: Metrics,
}

impl Api {
    pub(crate) fn new(desk: Desk, config: &Config, queues: Queues, metrics: Metrics) -> Self {
        let Config { store, limits, durability, .. } = config;
        Self {
            desk,
            readers: Readers::new(store.clone()),
            queues,
            limits: *limits,
            bodies: Arc::new(Semaphore::new(limits.bodies.max(limits.body).div_ceil(1024))),
            followers: Arc::new(Semaphore::new(limits.followers)),
            description: Arc::default(),
            store: store.clone().into(),
            durability: *durability,
            birth: Birth::now(),
            ending: Arc::default(),
            metrics,
        }
    }

    /// Where it is told that a client wants the service to end.
    pub(crate) fn ending(&self) -> Arc<Notify> {
        Arc::clone(&self.ending)
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
            .with_state(Self { description: describe::complete(description, self.limits.tasks).into(), ..self })
    }
}

/// Every route.
fn described() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(jobs::list, jobs::submit))
        .routes(routes!(jobs::show, orders::forget))
        .routes(routes!(orders::cancel))
        .routes(routes!(orders::retry))
        .routes(routes!(orders::pause))
        .routes(routes!(orders::resume))
        .routes(routes!(orders::close))
        .routes(routes!(tasks::list, orders::append))
        .routes(routes!(tasks::show))
        .routes(routes!(orders::cancel_task))
        .routes(routes!(orders::retry_task))
        .routes(routes!(output::read))
        .routes(routes!(events::of_all))
        .routes(routes!(events::of_job))
        .routes(routes!(results::wait))
        .routes(routes!(queues::list))
        .routes(routes!(queues::show))
        .routes(routes!(queues::pause))
        .routes(routes!(queues::resume))
        .routes(routes!(dead::list))
        .routes(routes!(dead::causes))
        .routes(routes!(schedules::list, schedules::add))
        .routes(routes!(schedules::show, schedules::remove))
        .routes(routes!(schedules::pause))
        .routes(routes!(schedules::resume))
        .routes(routes!(schedules::run))
        .routes(routes!(service::show))
        .routes(routes!(service::drain))
        .routes(routes!(describe::describe))
        .routes(routes!(health::metrics))
        .routes(routes!(health::lives))
        .routes(routes!(health::is_ready))
}
