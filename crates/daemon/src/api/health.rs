//! For who watches the service: whether it lives, whether it does its work, and how much of it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ganger_store::Reader;

use super::Api;
use super::problem::Problem;
use crate::driver::Survey;
use crate::metrics::Oldest;

/// How long the driver may take to answer: a commit on a slow disk is no reason to be called ill.
const PATIENCE: Duration = Duration::from_secs(2);
/// What is written to see whether the disk takes it: a block.
const PROBE: [u8; 4096] = [0; 4096];

/// What a Prometheus wants to know; `application/openmetrics-text` to who accepts that
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "readMetrics",
    responses((status = 200, description = "samples", content_type = "text/plain; version=0.0.4; charset=utf-8"))
)]
pub(super) async fn metrics(State(api): State<Api>, headers: HeaderMap) -> Response {
    let survey = api.desk.survey(PATIENCE).await;
    // A store that cannot be read is no reason to tell nothing.
    let oldest = oldest(&api).await.unwrap_or_default();
    api.metrics.answer(survey.as_ref(), &oldest, &headers)
}

async fn oldest(api: &Api) -> Result<Oldest, Problem> {
    let queues = api.queues.now();
    let look = move |reader: &Reader| {
        let each = queues.iter().map(|queue| Ok((queue.config.name.clone(), reader.oldest_in_line(queue.id)?)));
        each.collect()
    };
    api.readers.read(look).await
}

/// Whether the process lives: that it answers is the answer
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "isAlive",
    responses((status = 200, description = "it does", content_type = "text/plain; charset=utf-8"))
)]
pub(super) async fn lives() -> &'static str {
    "ok\n"
}

/// Whether the service does its work: it accepts jobs, has workers, and its disk takes what is written
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "isReady",
    responses(
        (status = 200, description = "it does", content_type = "text/plain; charset=utf-8"),
        (status = 503, description = "it does not: why"),
    )
)]
pub(super) async fn is_ready(State(api): State<Api>) -> Result<&'static str, Problem> {
    let survey = api.desk.survey(PATIENCE).await;
    let survey = survey.ok_or_else(|| not_ready("the queues' thread does not answer: the log says why"))?;
    check(&survey).map_err(not_ready)?;
    let store = api.store.clone();
    let written = tokio::task::spawn_blocking(move || write_beside(&store)).await.map_err(|_| Problem::failed())?;
    written.map_err(|error| not_ready(format!("the store's disk refuses to write ({error}): make room")))?;
    Ok("ready\n")
}

fn check(survey: &Survey) -> Result<(), String> {
    if !survey.accepts {
        return Err("the service is about to end: nothing more is accepted".to_owned());
    }
    if survey.disk_refuses {
        return Err("the store cannot be written to: the log says why".to_owned());
    }
    let deserted = survey.lanes.iter().find(|lane| lane.pids.is_empty());
    deserted.map_or(Ok(()), |lane| Err(format!("queue {}: none of its workers answers", lane.depth.name)))
}

fn not_ready(why: impl Into<String>) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", "the service is not ready", why)
}

/// The store itself has one writer, so a file beside it is asked.
fn write_beside(store: &Path) -> io::Result<()> {
    let mut name = store.as_os_str().to_owned();
    name.push(".probe");
    // One that a killed service has left; and whatever else has that name is not written through.
    let _ = fs::remove_file(&name);
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&name);
    let written = made.and_then(|mut probe| probe.write_all(&PROBE).and_then(|()| probe.sync_data()));
    // A disk that takes nothing has nothing to remove.
    let _ = fs::remove_file(&name);
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::{Depth, LaneSurvey};

    fn lane(name: &str, pids: &[u32]) -> LaneSurvey {
        let runs = crate::config::Runs::Commands;
        let [waiting, delayed, blocked, held] = [0; 4];
        let (name, slots, running, paused) = (name.to_owned(), 2, 0, false);
        let depth = Depth { name, slots, runs, waiting, delayed, blocked, held, running, paused };
        LaneSurvey { depth, pids: pids.to_vec(), starts: 0 }
    }

    #[test]
    fn a_service_is_ready_with_a_worker_for_each_queue() {
        let survey = |lanes| Survey { accepts: true, disk_refuses: false, lanes };
        assert_eq!(check(&survey(vec![lane("a", &[7, 8]), lane("b", &[9])])), Ok(()), "one of two will do");
        let told = check(&survey(vec![lane("a", &[7]), lane("b", &[])]));
        assert_eq!(told, Err("queue b: none of its workers answers".to_owned()));
        assert!(check(&Survey { accepts: false, ..survey(Vec::new()) }).is_err_and(|why| why.contains("about to end")));
        let refused = check(&Survey { disk_refuses: true, ..survey(Vec::new()) });
        assert!(refused.is_err_and(|why| why.contains("cannot be written")));
    }
}
