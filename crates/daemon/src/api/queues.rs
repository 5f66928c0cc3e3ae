//! The queues.

use axum::Json;
use axum::extract::State;

use super::Api;
use super::asked::QueuePath;
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
    params(QueuePath),
    responses(
        (status = 200, description = "the queue", body = QueueView),
        (status = 404, description = "there is no such queue"),
    )
)]
pub(super) async fn show(State(api): State<Api>, QueuePath { name }: QueuePath) -> Result<Json<QueueView>, Problem> {
    let found = api.desk.depths().await?.into_iter().find(|queue| queue.name == name);
    let unknown = || Problem::not_found(format!("there is no queue {name:?}: GET /v1/queues has those that there are"));
    Ok(Json(found.ok_or_else(unknown)?.into()))
}
