//! What has failed for good: task by task with its story, and by cause.

use axum::Json;
use axum::extract::State;
use ganger_store::{DeadPage, JobId, Reader};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::asked::{Asked, shown};
use super::problem::Problem;
use super::views::{CauseView, DeadView};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// Those of a queue
    #[param(nullable = false)]
    queue: Option<String>,
    /// Those behind the one with this id, or behind all of this job: JOB.NUMBER or JOB
    #[param(nullable = false, pattern = "^[0-9]{1,18}(\\.[0-9]{1,18})?$")]
    before: Option<String>,
    /// At most 1000; 100 if it is left out
    #[param(nullable = false, maximum = 4294967295_u32)]
    limit: Option<u32>,
}

/// Tasks that have failed and are not tried again, the newest jobs' last ones first
#[utoipa::path(
    get,
    path = "/v1/dead",
    operation_id = "listDead",
    params(Page),
    responses(
        (status = 200, description = "tasks with their stories", body = Vec<DeadView>),
        (status = 400, description = "the query cannot be read"),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    Asked(Page { queue, before, limit }): Asked<Page>,
) -> Result<Json<Vec<DeadView>>, Problem> {
    let before = before.as_deref().map(place).transpose()?;
    let page = DeadPage { queue, before, limit: shown(limit) };
    let read = move |reader: &Reader| Ok(reader.dead_letters(&page)?.iter().map(DeadView::from).collect());
    api.readers.read(read).await.map(Json)
}

/// A task by its job and its number. Of a job alone, none of its tasks is behind that.
fn place(text: &str) -> Result<(JobId, u64), Problem> {
    let (job, number) = text.split_once('.').unwrap_or((text, "0"));
    let wrong = || Problem::bad_request(format!("before={text:?}: give the id of a dead letter, as in 12.7"));
    Ok((JobId(job.parse().map_err(|_| wrong())?), number.parse().map_err(|_| wrong())?))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Where {
    /// Those of a queue
    #[param(nullable = false)]
    queue: Option<String>,
}

/// Failed tasks by how the last attempt at each ended, the most frequent first
///
/// Of more than ten thousand, the newest are looked at.
#[utoipa::path(
    get,
    path = "/v1/failures",
    operation_id = "listFailures",
    params(Where),
    responses(
        (status = 200, description = "causes", body = Vec<CauseView>),
        (status = 400, description = "the query cannot be read"),
    )
)]
pub(super) async fn causes(
    State(api): State<Api>,
    Asked(Where { queue }): Asked<Where>,
) -> Result<Json<Vec<CauseView>>, Problem> {
    let read =
        move |reader: &Reader| Ok(reader.failures(queue.as_deref())?.causes.iter().map(CauseView::from).collect());
    api.readers.read(read).await.map(Json)
}
