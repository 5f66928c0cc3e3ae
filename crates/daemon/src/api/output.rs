//! What tasks have printed.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use ganger_store::{Reader, Stream, TaskId};

use super::Api;
use super::asked::{StreamName, TaskPath};
use super::jobs::found;
use super::problem::Problem;
use super::ranges;
use super::tasks::task;

/// What a task's attempt that runs, or the last one, has printed so far
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/tasks/{number}/{stream}",
    operation_id = "readOutput",
    params(
        TaskPath,
        ("stream" = StreamName, Path),
        ("range" = Option<String>, Header, description = "One range of bytes", nullable = false)
    ),
    responses(
        (status = 200, description = "all of it", content_type = "application/octet-stream"),
        (status = 206, description = "the range", content_type = "application/octet-stream"),
        (status = 404, description = "there is no such task"),
        (status = 416, description = "there is no such range of it"),
    )
)]
pub(super) async fn read(
    State(api): State<Api>,
    TaskPath { id, number }: TaskPath,
    stream: StreamName,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let read = api.readers.read(move |reader| {
        let task = task(reader, &found(reader, id)?, number)?;
        printed(reader, task.id, stream.into())
    });
    ranges::answer(read.await?, &headers)
}

fn printed(reader: &Reader, task: TaskId, stream: Stream) -> Result<Vec<u8>, Problem> {
    let last = match reader.running_attempt(task)? {
        Some(running) => Some(running),
        None => reader.last_attempt(task)?.map(|attempt| attempt.id),
    };
    Ok(last.map(|attempt| reader.printed(attempt, stream)).transpose()?.unwrap_or_default())
}
