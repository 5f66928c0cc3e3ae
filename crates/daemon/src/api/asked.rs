//! What a request's path and query say. Whatever they say wrong is a [`Problem`], as everything else is.

use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use ganger_store::{JobId, Stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::problem::Problem;

/// How many jobs or tasks are shown in one answer.
pub(super) fn shown(limit: Option<u32>) -> usize {
    const MOST: u32 = 1_000;
    const SOME: u32 = 100;
    limit.unwrap_or(SOME).min(MOST) as usize
}

/// The query: every field is known and is said once.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let query = Query::from_request_parts(parts, api).await;
        query.map(|Query(asked)| Self(asked)).map_err(|error| Problem::bad_request(error.body_text()))
    }
}

/// A job, by its path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct JobPath {
    /// Of a job
    #[param(value_type = i64)]
    pub(super) id: JobId,
}

impl FromRequestParts<Api> for JobPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let id = parameter(parts, api, "id").await?;
        Ok(Self { id: id.parse().map(JobId).map_err(|_| no_job(&id))? })
    }
}

/// A task of a job, by its path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct TaskPath {
    /// Of a job
    #[param(value_type = i64)]
    pub(super) id: JobId,
    /// Of a task in its job, from 1
    pub(super) number: u64,
}

impl FromRequestParts<Api> for TaskPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let JobPath { id } = JobPath::from_request_parts(parts, api).await?;
        let number = parameter(parts, api, "number").await?;
        let number = number.parse().map_err(|_| {
            Problem::not_found(format!("there is no task {number:?}: the tasks of a job are numbered from 1"))
        })?;
        Ok(Self { id, number })
    }
}

/// A queue or a schedule, by its path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct NamePath {
    /// Of a queue, or of a schedule
    pub(super) name: String,
}

impl FromRequestParts<Api> for NamePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Ok(Self { name: parameter(parts, api, "name").await? })
    }
}

/// What a task prints to, by its path.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum StreamName {
    Stdout,
    Stderr,
}

impl From<StreamName> for Stream {
    fn from(name: StreamName) -> Self {
        match name {
            StreamName::Stdout => Self::Stdout,
            StreamName::Stderr => Self::Stderr,
        }
    }
}

impl FromRequestParts<Api> for StreamName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match parameter(parts, api, "stream").await?.as_str() {
            "stdout" => Ok(Self::Stdout),
            "stderr" => Ok(Self::Stderr),
            other => Err(Problem::not_found(format!("{other:?} is no stream: it is stdout or stderr"))),
        }
    }
}

/// A part of the path, decoded.
pub(super) async fn parameter(parts: &mut Parts, api: &Api, name: &str) -> Result<String, Problem> {
    let path = RawPathParams::from_request_parts(parts, api).await;
    let path = path.map_err(|error| Problem::not_found(error.body_text()))?;
    let found = path.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
    found.ok_or_else(Problem::failed)
}

pub(super) fn no_job(id: &str) -> Problem {
    Problem::not_found(format!("there is no job {id:?}: GET /v1/jobs has those that there are"))
}
