//! The page that the service has for browsers: files of `page/`, built into the program. Nothing is fetched from elsewhere,
//! and what a job says can run nothing: scripts and styles are the service's own, by the header that each answer has (`server/gate.rs`).

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::api::Problem;

/// Kept, but asked about each time: the next service may have another page.
const KEPT: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-cache")];

/// A file of the page.
struct Asset {
    name: &'static str,
    bytes: &'static [u8],
}

/// Files by their paths below `page/`.
macro_rules! assets {
    ($($name:literal),* $(,)?) => {
        &[$(Asset { name: $name, bytes: include_bytes!(concat!("../page/", $name)) }),*]
    };
}

const INDEX: Asset = Asset { name: "index.html", bytes: include_bytes!("../page/index.html") };
const ASSETS: &[Asset] = assets![
    "api.js",
    "app.js",
    "dom.js",
    "history.js",
    "icon.svg",
    "parts.js",
    "plot.js",
    "style.css",
    "talk.js",
    "terminal.js",
    "views/failures.js",
    "views/job.js",
    "views/jobs.js",
    "views/overview.js",
    "views/schedules.js",
    "views/submit.js",
    "views/task.js",
    "words.js",
];

pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(async |headers: HeaderMap| INDEX.answer(&headers)))
        .route("/assets/{*name}", get(asset))
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => asset.answer(&headers),
        None => Problem::not_found(format!("the page has no file {name:?}")).into_response(),
    }
}

impl Asset {
    fn answer(&self, headers: &HeaderMap) -> Response {
        let tag = self.tag();
        let told = [(header::CONTENT_TYPE, self.kind()), (header::ETAG, &tag)];
        if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
            return (StatusCode::NOT_MODIFIED, told, KEPT).into_response();
        }
        (told, KEPT, self.bytes).into_response()
    }

    /// Changes with the file.
    fn tag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.bytes.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }

    fn kind(&self) -> &'static str {
        match self.name.rsplit_once('.') {
            Some((_, "html")) => "text/html; charset=utf-8",
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "svg")) => "image/svg+xml",
            _ => "application/octet-stream",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn files(below: &Path, prefix: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(below).expect("a directory").map(|entry| entry.expect("an entry").path());
        let named = |path: &Path| format!("{prefix}{}", path.file_name().expect("a name").to_string_lossy());
        let all = entries.flat_map(|path| match path.is_dir() {
            true => files(&path, &format!("{}/", named(&path))),
            false => BTreeSet::from([named(&path)]),
        });
        all.collect()
    }

    #[test]
    fn each_file_is_served_with_its_type() {
        let served: BTreeSet<_> = ASSETS.iter().chain([&INDEX]).map(|asset| asset.name.to_owned()).collect();
        assert_eq!(served, files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("page"), ""));
        assert!(ASSETS.iter().all(|asset| asset.kind() != "application/octet-stream"));
    }
}
