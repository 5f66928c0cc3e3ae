//! Requests, connections, and what was refused.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::Metrics;
use crate::api::ProblemName;

/// What a request is counted under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    /// The template: paths are as many as there are jobs.
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AtRoute {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Because {
    problem: &'static str,
}

#[derive(Clone, Debug)]
pub(super) struct HttpMetrics {
    requests: Family<Asked, Counter>,
    seconds: Family<AtRoute, Histogram>,
    refusals: Family<Because, Counter>,
    connections: Gauge,
    accepted: Counter,
}

impl HttpMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let seconds = Family::<AtRoute, Histogram>::new_with_constructor(|| {
            Histogram::new([0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0])
        });
        let http = Self {
            requests: Family::default(),
            seconds,
            refusals: Family::default(),
            connections: Gauge::default(),
            accepted: Counter::default(),
        };
        let Self { requests, seconds, refusals, connections, accepted } = http.clone();
        registry.register("http_requests", "Requests that were answered", requests);
        let help = "Until the answer begins; waiting for a job is part of it";
        registry.register_with_unit("http_request", help, Unit::Seconds, seconds);
        registry.register("refusals", "Requests that were answered with a problem", refusals);
        registry.register("http_connections", "Connections that are open", connections);
        registry.register("http_connections_accepted", "Connections that were accepted", accepted);
        http
    }

    fn count(&self, method: &'static str, route: String, response: &Response, began: Instant) {
        let seconds = began.elapsed().as_secs_f64();
        self.seconds.get_or_create(&AtRoute { route: route.clone() }).observe(seconds);
        self.requests.get_or_create(&Asked { method, route, status: response.status().as_u16() }).inc();
        if let Some(ProblemName(problem)) = response.extensions().get() {
            self.refusals.get_or_create(&Because { problem }).inc();
        }
    }
}

/// Counts a request, by its route.
pub(crate) async fn observe(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let (began, method) = (Instant::now(), method(request.method()));
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    metrics.0.http.count(method, route, &response, began);
    response
}

/// Clients can make methods up.
fn method(method: &Method) -> &'static str {
    let known = ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"];
    known.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// A connection that is open, as long as this is there.
#[derive(Debug)]
pub(crate) struct Visitor(Gauge);

impl Metrics {
    pub(crate) fn visitor(&self) -> Visitor {
        self.0.http.accepted.inc();
        self.0.http.connections.inc();
        Visitor(self.0.http.connections.clone())
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.0.dec();
    }
}
