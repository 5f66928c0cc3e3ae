//! From where a request comes, as browsers tell it: so that no page of the internet gets one through, neither by a form or a
//! script of its own, nor by a name that it has point here.

use std::net::IpAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, Uri};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// There is not one host that it is for.
    NoHost,
    /// It is for a name that is none of ours.
    Name,
    /// A page of another origin has sent it.
    Page,
}

/// `hosts`: our names; `known`: who connects is known without a token.
pub(super) fn check(parts: &Parts, hosts: &[String], known: bool) -> Result<(), Foreign> {
    let host = host(&parts.headers, &parts.uri).ok_or(Foreign::NoHost)?;
    let name = name(host).ok_or(Foreign::NoHost)?;
    // Nobody on the internet has a name without a dot, and whoever connects to a socket gives any.
    let plain = known && !name.contains('.');
    if !plain && !is_ours(name, hosts) {
        return Err(Foreign::Name);
    }
    if is_of_another_page(parts, host) { Err(Foreign::Page) } else { Ok(()) }
}

/// Whether it comes from a page of ours, for sure. For who shows no token, only a cookie, which browsers send by themselves.
pub(super) fn is_of_our_page(headers: &HeaderMap) -> bool {
    // Those of others do not get as far.
    headers.contains_key(ORIGIN) || text(headers, &SITE) == Some("same-origin")
}

fn is_of_another_page(parts: &Parts, host: &str) -> bool {
    let headers = &parts.headers;
    let other = |origin: &str| origin.split_once("://").is_none_or(|(_, origin)| !origin.eq_ignore_ascii_case(host));
    let sent = headers.get_all(ORIGIN).iter().any(|origin| origin.to_str().map_or(true, other));
    // Who follows a link comes from elsewhere, and may look.
    let follows_a_link = parts.method == Method::GET && text(headers, &MODE) == Some("navigate");
    let fetched = text(headers, &SITE).is_some_and(|site| !["same-origin", "none"].contains(&site)) && !follows_a_link;
    sent || fetched
}

/// The one host that a request is for.
fn host<'r>(headers: &'r HeaderMap, uri: &'r Uri) -> Option<&'r str> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    let same = uri.authority().is_none_or(|named| named.as_str().eq_ignore_ascii_case(host));
    (hosts.next().is_none() && same).then_some(host)
}

/// A host without its port.
fn name(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => host.find(':').map_or((host, ""), |at| host.split_at(at)),
    };
    let right = !name.is_empty() && (port.is_empty() || port.strip_prefix(':')?.parse::<u16>().is_ok());
    right.then_some(name)
}

/// An address stands for itself: it is names that can be made to point elsewhere.
fn is_ours(name: &str, hosts: &[String]) -> bool {
    let address = name.parse::<IpAddr>().is_ok();
    let loopback = name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost");
    address || loopback || hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn checked(method: &str, headers: &[(&str, &str)], known: bool) -> Result<(), Foreign> {
        let request = headers
            .iter()
            .fold(Request::builder().method(method), |request, (name, value)| request.header(*name, *value));
        let (parts, ()) = request.uri("/v1/jobs").body(()).expect("a request").into_parts();
        check(&parts, &["queue.example.org".to_owned()], known)
    }

    #[test]
    fn a_request_is_for_one_of_our_names() {
        for host in [
            "localhost",
            "localhost:7070",
            "a.localhost",
            "127.0.0.1:7070",
            "[::1]:7070",
            "10.1.2.3",
            "Queue.Example.org:443",
        ] {
            assert_eq!(checked("GET", &[("host", host)], false), Ok(()), "{host}");
        }
        for host in ["evil.example.org", "evil.example.org:7070", "localhost.evil.org", "ganger", "127.0.0.1.evil.org"]
        {
            assert_eq!(checked("GET", &[("host", host)], false), Err(Foreign::Name), "{host}");
        }
        for host in ["", ":80", "[::1", "a:b", "a:99999"] {
            assert_eq!(checked("GET", &[("host", host)], false), Err(Foreign::NoHost), "{host}");
        }
        assert_eq!(checked("GET", &[], true), Err(Foreign::NoHost));
        assert_eq!(checked("GET", &[("host", "a"), ("host", "a")], true), Err(Foreign::NoHost));
        assert_eq!(checked("GET", &[("host", "ganger")], true), Ok(()), "at a socket any word is a host");
        assert_eq!(
            checked("GET", &[("host", "evil.org")], true),
            Err(Foreign::Name),
            "by ssh -L a browser comes there"
        );
    }

    #[test]
    fn a_page_of_another_origin_gets_nothing_through() {
        let from = |method: &str, more: &[(&str, &str)]| {
            checked(method, &[&[("host", "localhost:7070")], more].concat(), false)
        };
        for ours in [
            &[][..],
            &[("origin", "http://localhost:7070")],
            &[("origin", "https://LOCALHOST:7070")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")],
            &[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")],
        ] {
            assert_eq!(from("POST", ours), Ok(()), "{ours:?}");
        }
        for other in [
            &[("origin", "http://evil.org")][..],
            &[("origin", "http://localhost:8080")],
            &[("origin", "null")],
            &[("origin", "http://localhost:7070"), ("origin", "http://evil.org")],
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")],
            &[("sec-fetch-site", "same-site")],
        ] {
            assert_eq!(from("POST", other), Err(Foreign::Page), "{other:?}");
        }
        assert_eq!(from("GET", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]), Ok(()));
        assert_eq!(from("GET", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]), Err(Foreign::Page));
    }
}
