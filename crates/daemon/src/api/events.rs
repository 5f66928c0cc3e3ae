//! What changes, as server-sent events.
//!
//! ```text
//!  driver ── Change: which jobs, which tasks ──► channel ──► gathered for a moment ──► looked up ──► event: job, task, queue
//!                                                   └── overtaken ──► event: missed
//! ```
//!
//! An event says how something is, not what has happened to it: what changes several times in a moment is told once. So a
//! client that has missed some looks at what it shows, and goes on.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ganger_store::{JobId, Reader};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::Api;
use super::asked::JobPath;
use super::jobs::found;
use super::problem::Problem;
use super::streamed::{self, Gone, Sink};
use super::views::{JobView, QueueView, TaskChange};
use crate::driver::Change;

/// How long changes are gathered.
const MOMENT: Duration = Duration::from_millis(100);
/// After so long without any, a sign of life: who is not there any more is found by it.
const QUIET: Duration = Duration::from_secs(15);
/// How many jobs, and how many tasks, are told of in a moment. What is beyond that is missed.
const MOST: usize = 500;
/// What a client has to know, and how long it waits until it connects again.
const GREETING: &str = "retry: 2000\n\n";

/// What changes from now on
///
/// Events are `job` (a Job), `queue` (a Queue), and `missed` when there was too much: look again at what is shown.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "followAll",
    responses(
        (status = 200, description = "events, without end", content_type = "text/event-stream", body = String),
        (status = 503, description = "too many follow already"),
    )
)]
pub(super) async fn of_all(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    follow(api, None, &headers)
}

/// A job as it is, and what changes of it
///
/// Events are `job` (a Job), `task` (a TaskChange), and `missed` when there was too much. It ends when the job is over; who
/// then connects again by itself is answered 204.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/events",
    operation_id = "followJob",
    params(JobPath),
    responses(
        (status = 200, description = "events, until the job is over", content_type = "text/event-stream", body = String),
        (status = 204, description = "it is over, and that was told"),
        (status = 404, description = "there is no such job"),
        (status = 503, description = "too many follow already"),
    )
)]
pub(super) async fn of_job(
    State(api): State<Api>,
    JobPath { id }: JobPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let over = api.readers.read(move |reader| Ok(JobView::from(&found(reader, id)?).is_over())).await?;
    if over && headers.contains_key("last-event-id") {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    follow(api, Some(id), &headers)
}

fn follow(api: Api, job: Option<JobId>, headers: &HeaderMap) -> Result<Response, Problem> {
    let place = streamed::place(&api.followers)?;
    let told = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    let teller = Teller { news: api.desk.follow(), api, job, queues: Vec::new(), told: 0 };
    let again = headers.contains_key("last-event-id");
    Ok((told, streamed::body(Some(place), move |sink| teller.run(sink, again))).into_response())
}

/// Who tells one client.
struct Teller {
    api: Api,
    news: Receiver<Arc<Change>>,
    /// Of which job alone.
    job: Option<JobId>,
    /// As they were told.
    queues: Vec<QueueView>,
    told: u64,
}

/// What has changed in a moment.
#[derive(Default)]
struct Moment {
    change: Change,
    missed: bool,
}

impl Teller {
    /// `again`: the client was here before, and has missed what there was meanwhile.
    async fn run(mut self, sink: Sink, again: bool) -> Result<(), Gone> {
        sink.send(GREETING).await?;
        let mut moment = Moment { missed: again, ..Moment::default() };
        moment.change.jobs.extend(self.job);
        loop {
            if self.tell(&sink, moment).await? {
                return Ok(());
            }
            moment = self.gather(&sink).await?;
        }
    }

    /// What has changed since, when something has.
    async fn gather(&mut self, sink: &Sink) -> Result<Moment, Gone> {
        let mut moment = Moment::default();
        while !moment.is_of(self.job) {
            tokio::select! {
                () = sink.gone() => return Err(Gone),
                word = tokio::time::timeout(QUIET, self.news.recv()) => match word {
                    Ok(word) => moment.take(word),
                    Err(_quiet) => sink.send(":\n\n").await?,
                },
            }
        }
        tokio::time::sleep(MOMENT).await;
        loop {
            match self.news.try_recv() {
                Ok(change) => moment.take(Ok(change)),
                Err(TryRecvError::Lagged(count)) => moment.take(Err(RecvError::Lagged(count))),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return Ok(moment),
            }
        }
    }

    /// Tells it, and whether there is no more to tell.
    async fn tell(&mut self, sink: &Sink, moment: Moment) -> Result<bool, Gone> {
        let Moment { change, missed } = moment;
        let only = self.job;
        let looked = self.api.readers.read(move |reader| look(reader, &change, only)).await;
        let Ok(Found { jobs, tasks, more }) = looked else { return Err(Gone) };
        let mut text = String::new();
        if missed || more {
            self.event(&mut text, "missed", &serde_json::json!({}));
        }
        tasks.iter().for_each(|task| self.event(&mut text, "task", task));
        jobs.iter().for_each(|job| self.event(&mut text, "job", job));
        if only.is_none() {
            self.queues(&mut text).await;
        }
        if !text.is_empty() {
            sink.send(text).await?;
        }
        Ok(only.is_some() && jobs.iter().all(JobView::is_over) && !jobs.is_empty())
    }

    /// Those that are not as they were told.
    async fn queues(&mut self, text: &mut String) {
        let Ok(depths) = self.api.desk.depths().await else { return };
        let queues: Vec<_> = depths.into_iter().map(QueueView::from).collect();
        for queue in queues.iter().filter(|queue| !self.queues.contains(queue)).cloned().collect::<Vec<_>>() {
            self.event(text, "queue", &queue);
        }
        self.queues = queues;
    }

    fn event(&mut self, to: &mut String, kind: &str, data: &impl Serialize) {
        self.told += 1;
        // Views are always JSON, and that has no line ends.
        let data = serde_json::to_string(data).unwrap_or_default();
        to.push_str(&format!("id: {}\nevent: {kind}\ndata: {data}\n\n", self.told));
    }
}

impl Moment {
    fn take(&mut self, word: Result<Arc<Change>, RecvError>) {
        match word {
            Ok(change) => self.change.join(&change),
            Err(RecvError::Lagged(_) | RecvError::Closed) => self.missed = true,
        }
    }

    fn is_of(&self, job: Option<JobId>) -> bool {
        self.missed || job.map_or(!self.change.jobs.is_empty(), |job| self.change.jobs.contains(&job))
    }
}

/// What has changed, as it is now.
struct Found {
    jobs: Vec<JobView>,
    tasks: Vec<TaskChange>,
    /// There was more than is told.
    more: bool,
}

fn look(reader: &Reader, change: &Change, only: Option<JobId>) -> Result<Found, Problem> {
    let jobs = change.jobs.iter().filter(|job| only.is_none_or(|only| only == **job));
    let tasks = change.tasks.iter().filter(|(job, _)| only.is_some_and(|only| only == *job));
    let more = jobs.clone().count() > MOST || tasks.clone().count() > MOST;
    // What was forgotten meanwhile is passed over.
    let jobs = jobs.take(MOST).filter_map(|job| reader.served(*job).transpose());
    let tasks = tasks.take(MOST).filter_map(|(job, task)| Some((job, reader.task(*job, *task).transpose()?)));
    Ok(Found {
        jobs: jobs.map(|job| Ok(JobView::from(&job?))).collect::<Result<_, Problem>>()?,
        tasks: tasks.map(|(job, task)| Ok(TaskChange::new(*job, &task?))).collect::<Result<_, Problem>>()?,
        more,
    })
}
