//! The queues.

use axum::Json;
use axum::extract::State;
use ganger_store::{Order, QueueId};

use super::Api;
use super::asked::NamePath;
use super::problem::Problem;
use super::views::QueueView;

/// The queues, and how long they are
#[utoipa::path(
    get,
    path = "/v1/queues",
    operation_id = "listQueues",
    responses((status = 200, description = "queues", body = Vec<QueueView>))
)]
pub(super) async fn list(State(api): State<Api>) -> Result<Json<Vec<QueueView>>, Problem> {
    Ok(Json(api.desk.depths().await?.into_iter().map(QueueView::from).collect()))
}

/// A queue, and how long it is
#[utoipa::path(
    get,
    path = "/v1/queues/{name}",
    operation_id = "showQueue",
    params(NamePath),
    responses(
        (status = 200, description = "the queue", body = QueueView),
        (status = 404, description = "there is no such queue"),
    )
)]
pub(super) async fn show(State(api): State<Api>, NamePath { name }: NamePath) -> Result<Json<QueueView>, Problem> {
    view(&api, &name).await.map(Json)
}

/// Nothing of a queue begins until it is resumed, even by the next service; what runs goes on
#[utoipa::path(
    post,
    path = "/v1/queues/{name}/pause",
    operation_id = "pauseQueue",
    params(NamePath),
    responses(
        (status = 200, description = "it is paused", body = QueueView),
        (status = 404, description = "there is no such queue"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn pause(State(api): State<Api>, NamePath { name }: NamePath) -> Result<Json<QueueView>, Problem> {
    order(&api, &name, Order::PauseQueue).await
}

/// A queue that was paused goes on
#[utoipa::path(
    post,
    path = "/v1/queues/{name}/resume",
    operation_id = "resumeQueue",
    params(NamePath),
    responses(
        (status = 200, description = "it goes on", body = QueueView),
        (status = 404, description = "there is no such queue"),
        (status = 503, description = "the service is busy, or about to end"),
        (status = 507, description = "the disk refuses"),
    )
)]
pub(super) async fn resume(State(api): State<Api>, NamePath { name }: NamePath) -> Result<Json<QueueView>, Problem> {
    order(&api, &name, Order::ResumeQueue).await
}

async fn order(api: &Api, name: &str, order: fn(QueueId) -> Order) -> Result<Json<QueueView>, Problem> {
    let found = api.queues.now().iter().find(|known| known.config.name == name).map(|queue| queue.id);
    api.order(order(found.ok_or_else(|| no_queue(name))?)).await?;
    view(api, name).await.map(Json)
}

async fn view(api: &Api, name: &str) -> Result<QueueView, Problem> {
    let found = api.desk.depths().await?.into_iter().find(|queue| queue.name == name);
    found.map(QueueView::from).ok_or_else(|| no_queue(name))
}

fn no_queue(name: &str) -> Problem {
    Problem::not_found(format!("there is no queue {name:?}: GET /v1/queues has those that there are"))
}
