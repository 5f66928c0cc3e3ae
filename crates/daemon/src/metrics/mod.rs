//! What a Prometheus is told of the service.
//!
//! ```text
//!  driver ── a turn was committed ──► turns ─┐
//!  middleware ── an answer ─────────► http ──┼─► Registry ──► exposition ──► GET /metrics
//!  driver ── Survey, when asked ────► queues ┘
//!  /proc ── when asked ─────────────► processes
//! ```
//!
//! What happens is counted where it happens, with atomics. What is (lengths, workers, memory) is looked at when somebody asks.
//! Labels are queues, words of ours, and the templates of paths: never anything that a client makes up.

mod exposition;
mod http;
mod processes;
mod queues;
mod turns;

pub(crate) use http::{Visitor, observe};

use turns::TurnMetrics;

use std::sync::Arc;
use std::time::SystemTime;

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::driver::Survey;
use http::HttpMetrics;
use processes::ServiceProcess;
use queues::QueueMetrics;

/// A queue's name as a label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InQueue {
    queue: String,
}

/// Since when the oldest job of each queue waits, if any does.
pub(crate) type Oldest = Vec<(String, Option<SystemTime>)>;

/// All instruments of a service. A clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Arc<Instruments>);

#[derive(Debug)]
struct Instruments {
    registry: Registry,
    http: HttpMetrics,
    queues: QueueMetrics,
    turns: TurnMetrics,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(ServiceProcess));
        let ganger = registry.sub_registry_with_prefix("ganger");
        build_info(ganger);
        let (http, turns) = (HttpMetrics::register(ganger), TurnMetrics::register(ganger));
        let queues = QueueMetrics::register(ganger);
        Self(Arc::new(Instruments { registry, http, queues, turns }))
    }

    /// For the driver.
    pub(crate) fn turns(&self) -> &TurnMetrics {
        &self.0.turns
    }

    /// All of it, in the format that the client asks for. Without a survey the lengths are those of the last one.
    pub(crate) fn answer(&self, survey: Option<&Survey>, oldest: &Oldest, headers: &HeaderMap) -> Response {
        if let Some(survey) = survey {
            self.0.queues.set(survey);
        }
        oldest.iter().for_each(|(queue, since)| self.0.queues.set_oldest(queue, *since));
        let (kind, text) = exposition::write(&self.0.registry, headers);
        ([(header::CONTENT_TYPE, kind)], text).into_response()
    }
}

fn build_info(registry: &mut Registry) {
    let info = Family::<Vec<(&str, &str)>, ConstGauge<i64>>::new_with_constructor(|| ConstGauge::new(1));
    drop(info.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION"))]));
    registry.register("build_info", "Which service this is", info);
}
