//! What tasks have printed: all that there is, a part of it, or what comes from now on.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use ganger_store::{AttemptId, JobId, Place, Reader, State as TaskState, Stream, Task, TaskId};
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use utoipa::IntoParams;

use super::Api;
use super::asked::{Asked, StreamName, TaskPath};
use super::jobs::found;
use super::problem::Problem;
use super::ranges::{PLAIN, Part};
use super::streamed::{self, Gone, Sink};
use super::tasks::task;
use crate::driver::Change;

/// How long a follower waits for a word before it looks by itself.
const GLANCE: Duration = Duration::from_secs(5);

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of the attempt with this number; of the one that runs, or the last one, if it is left out
    #[param(nullable = false, minimum = 1, maximum = 4294967295_u32)]
    attempt: Option<u32>,
    /// What comes as well, until the task is over (or the attempt, where its number is given): in chunks, without ranges
    #[serde(default)]
    #[param(default = false)]
    follow: bool,
}

/// What a task's attempt has printed so far
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/tasks/{number}/{stream}",
    operation_id = "readOutput",
    params(
        TaskPath,
        ("stream" = StreamName, Path, description = "Which"),
        Which,
        ("range" = Option<String>, Header, description = "One range of bytes", nullable = false)
    ),
    responses(
        (status = 200, description = "all of it", content_type = "application/octet-stream"),
        (status = 206, description = "the range", content_type = "application/octet-stream"),
        (status = 400, description = "the query cannot be read"),
        (status = 404, description = "there is no such task, or no such attempt at it"),
        (status = 416, description = "there is no such range of it"),
        (status = 503, description = "too many follow already"),
    )
)]
pub(super) async fn read(
    State(api): State<Api>,
    TaskPath { id, number }: TaskPath,
    stream: StreamName,
    Asked(Which { attempt, follow }): Asked<Which>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let stream = stream.into();
    let look = move |reader: &Reader| {
        let task = task(reader, &found(reader, id)?, number)?;
        let chosen = chosen(reader, &task, attempt)?;
        let length = chosen.map(|attempt| reader.printed_length(attempt, stream)).transpose()?;
        Ok((task.id, chosen, length.unwrap_or_default()))
    };
    let (task, chosen, length) = api.readers.read(look).await?;
    if follow {
        let place = streamed::place(&api.followers)?;
        let follower = Follower { job: id, number, task, stream, only: attempt.and(chosen), at: None };
        return Ok((PLAIN, streamed::body(Some(place), |sink| follower.run(api, sink))).into_response());
    }
    let part = Part::of(&headers, length)?;
    let body = chosen.map_or_else(Body::empty, |attempt| part_of(api, attempt, stream, &part));
    Ok(part.answer(body))
}

fn chosen(reader: &Reader, task: &Task, number: Option<u32>) -> Result<Option<AttemptId>, Problem> {
    let Some(number) = number else { return Ok(reader.newest_attempt(task.id)?) };
    let found = reader.attempt_numbered(task.id, number)?;
    found.map(Some).ok_or_else(|| {
        Problem::not_found(format!(
            "there is no attempt {number} at task {}: the task has those that there are",
            task.number
        ))
    })
}

/// A few pieces are in memory at a time, however much it is.
fn part_of(api: Api, attempt: AttemptId, stream: Stream, part: &Part) -> Body {
    let (start, mut left) = (part.range.start, (part.range.end - part.range.start) as usize);
    streamed::body(None, async move |sink| {
        let begin = move |reader: &Reader| Ok(reader.printed_place(attempt, stream, start)?);
        let mut place = read_for(&api, &sink, begin).await?;
        while left > 0 {
            let (bytes, after) = read_for(&api, &sink, move |reader| some_after(reader, place)).await?;
            if bytes.is_empty() {
                return Err(sink.fail(&Problem::failed()).await);
            }
            place = after;
            let piece = bytes[..bytes.len().min(left)].to_vec();
            left -= piece.len();
            sink.send(piece).await?;
        }
        Ok(())
    })
}

fn some_after(reader: &Reader, mut place: Place) -> Result<(Vec<u8>, Place), Problem> {
    Ok((reader.printed_after(&mut place)?, place))
}

async fn read_for<T: Send + 'static>(
    api: &Api,
    sink: &Sink,
    look: impl FnOnce(&Reader) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Gone> {
    match api.readers.read(look).await {
        Ok(found) => Ok(found),
        Err(problem) => Err(sink.fail(&problem).await),
    }
}

/// Who reads what a task prints while it does.
#[derive(Clone, Copy, Debug)]
struct Follower {
    job: JobId,
    number: u64,
    task: TaskId,
    stream: Stream,
    /// Nothing of other attempts is of interest.
    only: Option<AttemptId>,
    at: Option<Place>,
}

impl Follower {
    async fn run(mut self, api: Api, sink: Sink) -> Result<(), Gone> {
        // From before the first look, so that nothing falls between.
        let mut news = api.desk.follow();
        loop {
            let (bytes, over, after) = read_for(&api, &sink, move |reader| self.look(reader)).await?;
            self = after;
            if !bytes.is_empty() {
                sink.send(bytes).await?;
            } else if over {
                return Ok(());
            } else {
                self.wait(&mut news, &sink).await?;
            }
        }
    }

    /// What is there, whether no more will come, and where that leaves off.
    fn look(mut self, reader: &Reader) -> Result<(Vec<u8>, bool, Self), Problem> {
        // Whether it is over is asked first: then all that it has printed is there.
        let over = self.is_over(reader)?;
        if self.at.is_none() {
            let first = self.only.map_or_else(|| reader.newest_attempt(self.task), |only| Ok(Some(only)))?;
            self.at = first.map(|attempt| Place::of(attempt, self.stream));
        }
        while let Some(place) = &mut self.at {
            let bytes = reader.printed_after(place)?;
            if !bytes.is_empty() {
                return Ok((bytes, over, self));
            }
            let next = if self.only.is_some() { None } else { reader.attempt_after(self.task, place.attempt())? };
            let Some(next) = next else { break };
            *place = Place::of(next, self.stream);
        }
        Ok((Vec::new(), over, self))
    }

    fn is_over(&self, reader: &Reader) -> Result<bool, Problem> {
        if let Some(only) = self.only {
            return Ok(reader.attempt_is_over(only)?);
        }
        let state = task(reader, &found(reader, self.job)?, self.number)?.state;
        Ok(matches!(state, TaskState::Succeeded | TaskState::Failed | TaskState::Stopped))
    }

    fn concerns(&self, change: &Change) -> bool {
        let printed = self.at.is_some_and(|place| change.printed.contains(&place.attempt()));
        printed || change.tasks.contains(&(self.job, self.task)) || change.is_of_the_whole(self.job)
    }

    /// Until something that concerns it has changed.
    async fn wait(&self, news: &mut Receiver<Arc<Change>>, sink: &Sink) -> Result<(), Gone> {
        let word = async {
            // Who was not quick enough looks as well.
            while news.recv().await.is_ok_and(|change| !self.concerns(&change)) {}
        };
        tokio::select! {
            () = sink.gone() => Err(Gone),
            _ = tokio::time::timeout(GLANCE, word) => Ok(()),
        }
    }
}
