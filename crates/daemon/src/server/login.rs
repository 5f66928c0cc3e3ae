//! A browser comes with a token: it is given a session for it, as no page should keep the token itself.
//!
//! `GET /login` is a form, `POST /login` takes the token, `POST /logout` ends the session.

use std::time::SystemTime;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Query;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse as _};
use hyper::body::Incoming;
use serde::Deserialize;

use super::gate::GUESS;
use super::keeper::Keeper;
use super::session::{self, COOKIE, LASTING};
use crate::api::Problem;

const PAGE: &str = include_str!("login.html");
const STYLE: &str = include_str!("login.css");
/// Where the page has room for a message.
const MESSAGE: &str = "<!-- message -->";
/// How long the form may be.
const FORM: usize = 4 << 10;

pub(super) fn is_its(path: &str) -> bool {
    ["/login", "/login.css", "/logout"].contains(&path)
}

/// `encrypted`: the cookie is for such connections alone.
pub(super) async fn answer(request: Request<Incoming>, keeper: &Keeper, encrypted: bool) -> Response<Body> {
    let (parts, body) = request.into_parts();
    match (parts.method, parts.uri.path()) {
        (Method::GET | Method::HEAD, "/login") => page(StatusCode::OK, ""),
        (Method::GET | Method::HEAD, "/login.css") => ([(header::CONTENT_TYPE, "text/css")], STYLE).into_response(),
        (Method::POST, "/login") => begin(body, keeper, encrypted).await,
        (Method::POST, "/logout") => with_cookie(go("/login"), "", 0, encrypted),
        _ => {
            let detail = "GET /login is a form, POST /login takes it, POST /logout ends a session";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "the method is not allowed", detail).into_response()
        }
    }
}

async fn begin(body: Incoming, keeper: &Keeper, encrypted: bool) -> Response<Body> {
    let Ok(form) = to_bytes(Body::new(body), FORM).await else {
        return page(StatusCode::PAYLOAD_TOO_LARGE, "That is too long for a token.");
    };
    let tokens = keeper.tokens();
    let holder = token(&form).and_then(|given| tokens.as_ref()?.holder(given.trim().as_bytes()));
    match holder {
        Some(token) => {
            let cookie = session::begin(token, SystemTime::now());
            log::info!("{} has begun a session in a browser", token.name);
            with_cookie(go("/"), &cookie, LASTING.as_secs(), encrypted)
        }
        None => {
            keeper.refusals.tell(|| "a wrong token in the form of a browser".to_owned());
            tokio::time::sleep(GUESS).await;
            page(StatusCode::UNAUTHORIZED, "That is no token of this service.")
        }
    }
}

/// What a form has sent: it is written as a query is.
fn token(form: &Bytes) -> Option<String> {
    #[derive(Deserialize)]
    struct Form {
        token: String,
    }
    let uri = Uri::try_from(format!("/?{}", std::str::from_utf8(form).ok()?)).ok()?;
    Query::<Form>::try_from_uri(&uri).ok().map(|Query(form)| form.token)
}

fn page(status: StatusCode, message: &str) -> Response<Body> {
    (status, Html(PAGE.replace(MESSAGE, message))).into_response()
}

/// Elsewhere, by GET.
pub(super) fn go(place: &'static str) -> Response<Body> {
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// No script sees it, and no page of another origin has it sent.
fn with_cookie(mut answer: Response<Body>, value: &str, seconds: u64, encrypted: bool) -> Response<Body> {
    let secure = if encrypted { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}
