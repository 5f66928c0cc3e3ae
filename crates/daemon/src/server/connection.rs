//! One client, until it goes, is too slow, or has to make room.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};

use super::gate::{self, Entrance};
use super::guests::Seat;
use super::keeper::Keeper;
use super::patient::Patient;
use crate::config::Limits;
use crate::metrics::{Metrics, Visitor};

/// How large a request's head may be.
const HEAD: usize = 16 << 10;

/// What is behind all doors.
#[derive(Clone)]
pub(super) struct House {
    pub(super) router: Router,
    pub(super) keeper: Arc<Keeper>,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
}

/// All that is known of one who has come.
pub(super) struct Visit {
    pub(super) house: House,
    pub(super) seat: Seat,
    pub(super) entrance: Entrance,
    /// Counted as long as it is here.
    pub(super) _counted: Visitor,
}

pub(super) async fn talk<S: AsyncRead + AsyncWrite + Unpin>(stream: S, visit: Visit) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(visit.house.limits.head_time).max_buf_size(HEAD);
    let stream = TokioIo::new(Patient::new(stream, visit.house.limits.body_time));
    let visit = Arc::new(visit);
    let service = service_fn(|request| Arc::clone(&visit).answer(request));
    tokio::select! {
        talked = http.serve_connection(stream, service) => if let Err(error) = talked {
            log::debug!("a connection ended: {error}");
        },
        () = visit.seat.is_wanted() => log::debug!("an idle connection made room"),
    }
}

impl Visit {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, std::convert::Infallible> {
        // Where such a body ends, others on the way may have seen otherwise: nothing that follows is believed.
        let doubtful = request.headers().contains_key(header::TRANSFER_ENCODING);
        let request = match gate::pass(request, &self.entrance, &self.house.keeper).await {
            Ok(request) => request,
            Err(refused) => return Ok(gate::secured(*refused)),
        };
        self.seat.is_busy();
        let answer = TowerToHyperService::new(self.house.router.clone()).call(request).await?;
        let mut answer = gate::secured(answer.map(|body| Body::new(Answer { body, visit: Arc::clone(&self) })));
        if doubtful {
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(answer)
    }
}

/// A body on its way; when it is there, or nobody wants it any more, the connection is idle.
struct Answer {
    body: Body,
    visit: Arc<Visit>,
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.visit.seat.is_idle();
    }
}
