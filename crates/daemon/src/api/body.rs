//! The bodies of requests: JSON, of a bounded size, in a bounded time, and so much of them at a time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use tokio::sync::OwnedSemaphorePermit;

use super::Api;
use super::problem::Problem;

/// Room for a large body: to be held for as long as what was made of it is in memory.
pub(super) type Share = Option<OwnedSemaphorePermit>;

/// Reads a body and makes something of it.
///
/// How much of large bodies is in memory at a time is bounded, so who sends one slowly holds up others who send such, for a
/// while. Small ones are bounded by the number of connections.
pub(super) async fn read<T: Send + 'static>(
    api: &Api,
    request: Request,
    work: impl FnOnce(&[u8]) -> Result<T, Problem> + Send + 'static,
) -> Result<(T, Share), Problem> {
    check_type(request.headers())?;
    let limit = api.limits.body;
    let length = content_length(request.headers()).unwrap_or(limit);
    if length > limit {
        return Err(too_large(limit));
    }
    let share = if length > api.limits.small { Some(share(api, length).await?) } else { None };
    let body = in_time(request.into_body(), length, api.limits.body_time).await?;
    let made = if share.is_some() { apart(move || work(&body)).await } else { work(&body) };
    Ok((made?, share))
}

/// A body as JSON. What is wrong with it is told with its place.
pub(super) fn json<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        let field = field::<T>(body).map(|field| format!("`{field}`: ")).unwrap_or_default();
        Problem::bad_request(format!("the body is no {what}: {field}{error}"))
    })
}

/// A whole number, however it is written: 3.0 is one, as JSON Schema has it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Whole<T>(pub(super) T);

impl<'de, T: TryFrom<i64>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        /// Above it not every whole number can be written so.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let number = Number::deserialize(from)?;
        let written = number.as_f64().filter(|value| value.fract() == 0.0 && value.abs() <= EXACT);
        let whole = number.as_i64().or_else(|| written.map(|value| value as i64));
        let fits = whole.and_then(|whole| T::try_from(whole).ok()).map(Self);
        fits.ok_or_else(|| D::Error::custom(format!("{number} is no whole number in its range")))
    }
}

/// Where it is that a body does not fit. To keep track of that costs time, so it is done for those alone that do not.
fn field<T: DeserializeOwned>(body: &[u8]) -> Option<String> {
    let wrong = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(body)).err()?;
    let (field, why) = (wrong.path().to_string(), wrong.inner().to_string());
    (field != "." && !why.contains(&format!("`{field}`"))).then_some(field)
}

/// A form of another origin's page cannot have this type, so no browser sends it without asking.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = format!("the content type is {given:?}: send application/json (curl --json does)");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "type", "the content type is not JSON", detail))
}

async fn share(api: &Api, length: usize) -> Result<OwnedSemaphorePermit, Problem> {
    let share = u32::try_from(length.div_ceil(1024)).unwrap_or(u32::MAX);
    Arc::clone(&api.bodies).acquire_many_owned(share).await.map_err(|_| Problem::slow())
}

/// What takes a while is done on another thread.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, Problem> + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Problem::failed()))
}

async fn in_time(body: Body, limit: usize, patience: Duration) -> Result<Bytes, Problem> {
    let read = tokio::time::timeout(patience, to_bytes(body, limit)).await.map_err(|_| Problem::slow())?;
    read.map_err(|_| too_large(limit))
}

fn too_large(limit: usize) -> Problem {
    Problem::too_large(format!("a body has at most {limit} bytes: send several jobs"))
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
