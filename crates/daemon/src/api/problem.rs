//! What a client is told when its wish is not met: a problem of RFC 9457, with the name and the remedy.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use ganger_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::driver::Refusal;

/// What kind of problem an answer is, for who counts them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProblemName(pub(crate) &'static str);

/// Why not, and the remedy: a problem of RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Which kind, as programs know it: `urn:ganger:problem:…`.
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip)]
    name: &'static str,
    /// Which kind, as people do.
    title: &'static str,
    /// The answer's.
    status: u16,
    /// What exactly, and the remedy.
    detail: String,
}

impl Problem {
    /// `name`: of the kind, as programs know it, `title`: as people do.
    pub(crate) fn new(status: StatusCode, name: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { kind: format!("urn:ganger:problem:{name}"), name, title, status: status.as_u16(), detail: detail.into() }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "the request cannot be read", detail)
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "the request cannot be met", detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is no such thing", detail)
    }

    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the request is too large", detail)
    }

    /// The same, where nobody asked by HTTP.
    pub(crate) fn into_detail(self) -> String {
        self.detail
    }

    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "the service is busy", detail)
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "it cannot be done as things are", detail)
    }

    pub(crate) fn failed() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", "the service failed", "its log says why")
    }

    pub(crate) fn slow() -> Self {
        let detail = "the body did not come in time; send it at once, or in smaller requests";
        Self::new(StatusCode::REQUEST_TIMEOUT, "slow", "the request is too slow", detail)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let unavailable = |name, title, detail: String| Self::new(StatusCode::SERVICE_UNAVAILABLE, name, title, detail);
        match refusal {
            Refusal::Stopping => {
                unavailable("stopping", "the service is about to end", "try again when it was started again".to_owned())
            }
            Refusal::Busy => unavailable("busy", "the service is busy", "try again in a second".to_owned()),
            Refusal::Full { queue, most } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "full",
                "too many tasks wait in the queue",
                format!(
                    "queue {queue:?} takes nothing more while {most} tasks wait in it: try again when there are fewer"
                ),
            ),
            Refusal::Disk(why) => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "disk",
                "the store cannot be written to",
                format!("{why}; nothing was accepted: make room, and try again"),
            ),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        log::error!("{error}");
        let detail = "the store cannot be read; the service's log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store", "the store cannot be read", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Strings and a number are always JSON.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        response.extensions_mut().insert(ProblemName(self.name));
        if [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS].contains(&status) {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}
