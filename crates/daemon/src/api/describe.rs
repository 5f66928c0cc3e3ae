//! The description of all this for programs: OpenAPI 3.1, made of what stands beside each route and each view.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, Schema};

use super::Api;

/// What holds for all routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "ganger serve",
        version = "1",
        description = "A durable queue of jobs. What is answered with 201 is committed. Times are seconds since 1970, durations \
                       seconds, sizes bytes. Fields may be added to what is answered.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((
        url = "http://ganger",
        description = "on the service's Unix socket: curl --unix-socket PATH http://ganger/v1/queues"
    )),
    components(schemas(super::problem::Problem, super::asked::StreamName, super::views::TaskChange))
)]
pub(super) struct Description;

/// Says of every refusal that it is a problem, so that a route names its status alone; and how many tasks are taken at a time.
pub(super) fn complete(mut description: utoipa::openapi::OpenApi, tasks: usize) -> String {
    let schemas = description.components.iter_mut().flat_map(|components| &mut components.schemas);
    schemas.filter(|(name, _)| TAKERS.contains(&name.as_str())).for_each(|(_, schema)| bound(schema, tasks));
    description.paths.paths.values_mut().flat_map(operations).for_each(refusals);
    // Strings, numbers, maps by strings and lists of such are always JSON.
    description.to_json().unwrap_or_default()
}

/// What hands tasks in, and the fields that have one item for each of them.
const TAKERS: [&str; 2] = ["Submission", "More"];
const PER_TASK: [&str; 2] = ["tasks", "args"];

fn bound(schema: &mut RefOr<Schema>, most: usize) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    for field in PER_TASK {
        if let Some(RefOr::T(Schema::Array(items))) = object.properties.get_mut(field) {
            items.max_items = Some(most);
        }
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.post, &mut path.delete].into_iter().flatten()
}

fn refusals(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    responses.insert("default".to_owned(), Response::new("why not, and the remedy").into());
    for (status, response) in responses {
        if let RefOr::T(response) = response
            && (status == "default" || status.starts_with(['4', '5']))
        {
            let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            response.content.insert("application/problem+json".to_owned(), problem.into());
        }
    }
}

/// This description
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    operation_id = "describe",
    responses((status = 200, description = "OpenAPI 3.1", body = Object))
)]
pub(super) async fn describe(State(api): State<Api>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], api.description.to_string())
}
