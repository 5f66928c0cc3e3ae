//! The queues.

use axum::Json;
use axum::extract::State;

use super::Api;
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
