//! What came of tasks that somebody waits for.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Request, State as Shared};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ganger_store::{JobId, Reader, Served, State, Stream, Task, TaskFilter};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use super::Api;
use super::body::{self, Whole, json};
use super::problem::Problem;
use super::views::{AttemptView, TaskState};
use crate::driver::Change;

/// A job's id, the first number of a task in it, and the last.
type Run = (Whole<u64>, Whole<u64>, Whole<u64>);

fn runs() -> Array {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(i64::MAX));
    let run = ArrayBuilder::new().items(number).min_items(Some(3)).max_items(Some(3));
    let about = "Runs of tasks: a job's id, the first number and the last.";
    ArrayBuilder::new().items(run).max_items(Some(RUNS)).description(Some(about)).build()
}

/// Tasks that a client waits for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Awaited {
    /// Runs of tasks: a job's id, the first number and the last.
    #[schema(schema_with = runs)]
    tasks: Vec<Run>,
    /// How long to wait for the first that is over, in seconds: 60 at most.
    #[serde(default)]
    #[schema(minimum = 0, default = 0)]
    wait: f64,
}

/// Those of them that are over.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct Results {
    /// Some of them, if there are many: ask again without these.
    results: Vec<TaskResult>,
    /// Jobs that are not there any more.
    gone: Vec<i64>,
}

/// A task that is over, with all attempts at it.
#[derive(Serialize, ToSchema)]
struct TaskResult {
    job: i64,
    number: u64,
    state: TaskState,
    attempts: Vec<AttemptResult>,
}

/// One try at it, with what it has printed.
#[derive(Serialize, ToSchema)]
struct AttemptResult {
    #[serde(flatten)]
    attempt: AttemptView,
    /// In base64. Of a function: how it ended, as `ganger::remote` encodes outcomes.
    stdout: String,
}

/// The most runs that may be asked for, the most results in an answer, and about the most bytes of what they have printed.
const RUNS: usize = 2_000;
const RESULTS: usize = 1_000;
const BYTES: usize = 4 << 20;
/// How often it is looked though nothing is heard: tasks of a large job are stopped some at a time.
const AGAIN: Duration = Duration::from_secs(2);

/// Wait for tasks
///
/// It changes nothing, and is no GET only because what is waited for may be long to say. It is answered when one of them is over.
#[utoipa::path(
    post,
    path = "/v1/results",
    operation_id = "awaitResults",
    request_body = Awaited,
    responses(
        (status = 200, description = "what is over of it", body = Results),
        (status = 400, description = "the body cannot be read"),
        (status = 408, description = "the body did not come in time"),
        (status = 413, description = "it is too large"),
        (status = 415, description = "it is not called JSON"),
        (status = 422, description = "too much is waited for at once"),
    )
)]
pub(super) async fn wait(Shared(api): Shared<Api>, request: Request) -> Result<Json<Results>, Problem> {
    let (awaited, _share) = body::read(&api, request, |body| json::<Awaited>(body, "wish for results")).await?;
    if awaited.tasks.len() > RUNS {
        return Err(Problem::invalid(format!("`tasks`: at most {RUNS} runs in one request")));
    }
    let patience = super::jobs::patience(awaited.wait, api.limits.wait)?;
    // What changes after the look is heard.
    let (mut news, until) = (api.desk.follow(), Instant::now() + patience);
    let mut tasks = awaited.tasks;
    loop {
        let (results, same) = api.readers.read(move |reader| Ok((look(reader, &tasks)?, tasks))).await?;
        if !results.results.is_empty() || !results.gone.is_empty() || Instant::now() >= until {
            return Ok(Json(results));
        }
        tasks = same;
        let jobs: HashSet<JobId> = tasks.iter().map(|(job, ..)| JobId(job.0.cast_signed())).collect();
        // Whichever comes first, it is looked once more.
        let again = until.min(Instant::now() + AGAIN);
        let _ = tokio::time::timeout_at(again.into(), change_of(&mut news, &jobs)).await;
    }
}

/// Waits until something of these jobs has changed, or may have.
async fn change_of(news: &mut Receiver<Arc<Change>>, jobs: &HashSet<JobId>) {
    while let Ok(change) = news.recv().await {
        if change.jobs.iter().any(|job| jobs.contains(job)) {
            return;
        }
    }
}

fn look(reader: &Reader, awaited: &[Run]) -> Result<Results, Problem> {
    let (mut results, mut bytes) = (Results::default(), 0);
    for (job, Whole(first), Whole(last)) in awaited {
        let job = &job.0.cast_signed();
        let Some(served) = reader.served(JobId(*job))? else {
            results.gone.push(*job);
            continue;
        };
        for task in over(reader, &served, *first, *last, RESULTS - results.results.len())? {
            let result = result(reader, *job, &task)?;
            bytes += result.attempts.iter().map(|attempt| attempt.stdout.len()).sum::<usize>();
            results.results.push(result);
            if bytes > BYTES {
                return Ok(results);
            }
        }
    }
    results.gone.dedup();
    Ok(results)
}

/// Some of these tasks that are over. Of what is not, nothing is read, however much that is.
fn over(reader: &Reader, served: &Served, first: u64, last: u64, most: usize) -> Result<Vec<Task>, Problem> {
    let count = usize::try_from(last.saturating_sub(first).saturating_add(1)).unwrap_or(usize::MAX);
    let mut over = Vec::new();
    for state in [State::Succeeded, State::Failed, State::Stopped] {
        let filter = TaskFilter { from: first, state: Some(state), limit: count.min(most - over.len()) };
        let tasks = reader.served_tasks(served, &filter)?;
        over.extend(tasks.into_iter().take_while(|task| task.number <= last));
    }
    Ok(over)
}

fn result(reader: &Reader, job: i64, task: &Task) -> Result<TaskResult, Problem> {
    let attempts = reader.attempts(task.id)?.into_iter().map(|attempt| {
        let stdout = STANDARD.encode(reader.printed(attempt.id, Stream::Stdout)?);
        Ok(AttemptResult { attempt: AttemptView::from(&attempt), stdout })
    });
    let attempts = attempts.collect::<Result<_, Problem>>()?;
    Ok(TaskResult { job, number: task.number, state: task.state.into(), attempts })
}
