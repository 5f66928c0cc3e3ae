//! Each request: from where it comes, and whether whoever sends it may.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;

use super::keeper::Keeper;
use super::origin::{self, Foreign};
use super::{login, session};
use crate::api::Problem;

/// How long who shows a wrong token waits for the answer.
pub(super) const GUESS: Duration = Duration::from_secs(1);

/// What a page may do that comes from here, and who may see what is answered. As a rule it is for who asked alone.
const SECURITY: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // With none at all, a browser says of the log-in's own form that it comes from "null".
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// By which kind of door it came.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entrance {
    /// The kernel has said who it is.
    Known,
    /// It has to show a token.
    Stranger { from: SocketAddr, encrypted: bool },
}

type Refused = Box<Response<Body>>;

/// Lets a request pass, or answers it.
pub(super) async fn pass(
    request: Request<Incoming>,
    entrance: &Entrance,
    keeper: &Keeper,
) -> Result<Request<Incoming>, Refused> {
    let (parts, body) = request.into_parts();
    let known = matches!(entrance, Entrance::Known);
    if let Err(foreign) = origin::check(&parts, &keeper.hosts(), known) {
        keeper.refusals.tell(|| told(&parts, entrance, foreign));
        return Err(problem(foreign).into());
    }
    let request = Request::from_parts(parts, body);
    match *entrance {
        Entrance::Known if login::is_its(request.uri().path()) => Err(login::go("/").into()),
        Entrance::Known => Ok(request),
        Entrance::Stranger { encrypted, .. } if login::is_its(request.uri().path()) => {
            Err(login::answer(request, keeper, encrypted).await.into())
        }
        Entrance::Stranger { from, .. } => {
            let (parts, body) = request.into_parts();
            authorize(&parts, keeper, from).await?;
            Ok(Request::from_parts(parts, body))
        }
    }
}

/// What anybody may ask: whether it lives.
const OPEN: [&str; 1] = ["/healthz"];

async fn authorize(parts: &Parts, keeper: &Keeper, from: SocketAddr) -> Result<(), Refused> {
    let Some(tokens) = keeper.tokens().filter(|_| !OPEN.contains(&parts.uri.path())) else { return Ok(()) };
    if let Some(given) = bearer(parts) {
        if tokens.holder(given).is_some() {
            return Ok(());
        }
        keeper.refusals.tell(|| format!("{from}: {} {}: a wrong token", parts.method, shown(parts)));
        tokio::time::sleep(GUESS).await;
        return Err(unauthorized("the token is none that this service knows").into());
    }
    let session = cookie(parts).and_then(|cookie| session::holder(&tokens, cookie, SystemTime::now()));
    let looks = [Method::GET, Method::HEAD].contains(&parts.method);
    match session {
        Some(_) if looks || origin::is_of_our_page(&parts.headers) => Ok(()),
        Some(_) => Err(problem(Foreign::Page).into()),
        // Whoever looks with a browser is asked for the token.
        None if looks && wants_a_page(parts) => Err(login::go("/login").into()),
        None => Err(unauthorized("this needs a token, as `Authorization: Bearer TOKEN`").into()),
    }
}

fn bearer(parts: &Parts) -> Option<&[u8]> {
    let (scheme, token) = parts.headers.get(header::AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

fn cookie(parts: &Parts) -> Option<&str> {
    let all = parts.headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs = all.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    pairs.find(|(name, _)| *name == session::COOKIE).map(|(_, value)| value)
}

fn wants_a_page(parts: &Parts) -> bool {
    let accepted = parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

pub(super) fn unauthorized(why: &str) -> Response<Body> {
    let mut answer =
        Problem::new(StatusCode::UNAUTHORIZED, "token", "there is no token, or a wrong one", why).into_response();
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    answer
}

fn problem(foreign: Foreign) -> Response<Body> {
    match foreign {
        Foreign::NoHost => Problem::bad_request("the request has not one host that it is for: give one `Host`"),
        Foreign::Name => {
            let detail = "it is for a host that is none of this service's names: use localhost or an address, or add the \
                          name to `hosts` of its configuration";
            Problem::new(StatusCode::MISDIRECTED_REQUEST, "host", "the request is for another host", detail)
        }
        Foreign::Page => {
            let detail = "a page of another origin has sent it: only this service's own page may";
            Problem::new(StatusCode::FORBIDDEN, "origin", "the request comes from another origin", detail)
        }
    }
    .into_response()
}

fn told(parts: &Parts, entrance: &Entrance, foreign: Foreign) -> String {
    let header = |name| parts.headers.get(name).map(|value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()));
    let (host, page) = (header(header::HOST).unwrap_or_default(), header(header::ORIGIN).unwrap_or_default());
    let who = match entrance {
        Entrance::Known => "a client of the socket".to_owned(),
        Entrance::Stranger { from, .. } => from.to_string(),
    };
    let why = match foreign {
        Foreign::NoHost => "it has not one host".to_owned(),
        Foreign::Name => format!("{host:?} is no name of this service"),
        Foreign::Page => format!("a page of another origin sent it ({page:?}, to {host:?})"),
    };
    format!("{who}: {} {} was refused: {why}", parts.method, shown(parts))
}

/// A path, as it can stand in a line of a log.
fn shown(parts: &Parts) -> String {
    const LONGEST: usize = 100;
    parts.uri.path().chars().take(LONGEST).map(|char| if char.is_ascii_graphic() { char } else { '?' }).collect()
}

/// An answer with what tells browsers to be careful; what it says itself counts.
pub(super) fn secured(mut answer: Response<Body>) -> Response<Body> {
    for (name, value) in SECURITY {
        answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    answer
}
