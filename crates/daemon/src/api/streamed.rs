//! Answers that are made while they are read.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream::poll_fn;
use tokio::sync::mpsc::{self, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// How many pieces are made ahead of who reads them.
const AHEAD: usize = 2;
/// How long a client may take none.
const PATIENCE: Duration = Duration::from_secs(60);

/// The client has gone, or takes nothing, or what it wants cannot be read any more.
pub(super) struct Gone;

/// Where the pieces of an answer go.
pub(super) struct Sink {
    pieces: Sender<io::Result<Bytes>>,
    /// Its place among those who may follow.
    _place: Option<OwnedSemaphorePermit>,
}

impl Sink {
    /// Waits for a slow client, and not for one that is stuck.
    pub(super) async fn send(&self, piece: impl Into<Bytes>) -> Result<(), Gone> {
        self.pieces.send_timeout(Ok(piece.into()), PATIENCE).await.map_err(|_| Gone)
    }

    /// Until the client has gone.
    pub(super) async fn gone(&self) {
        self.pieces.closed().await;
    }

    /// Breaks the answer off, so that nobody takes it for a whole one.
    pub(super) async fn fail(&self, problem: &Problem) -> Gone {
        let broken = io::Error::other(format!("{problem:?}"));
        // Who has gone needs not be told.
        let _ = self.pieces.send_timeout(Err(broken), PATIENCE).await;
        Gone
    }
}

/// A body of which the pieces come from `make`, which is dropped with its client.
pub(super) fn body<F>(place: Option<OwnedSemaphorePermit>, make: impl FnOnce(Sink) -> F) -> Body
where
    F: Future<Output = Result<(), Gone>> + Send + 'static,
{
    let (pieces, mut made) = mpsc::channel(AHEAD);
    let making = make(Sink { pieces, _place: place });
    // The end of the channel tells the end of the answer, however it came.
    tokio::spawn(async move { drop(making.await) });
    Body::from_stream(poll_fn(move |context| made.poll_recv(context)))
}

/// A place among those who may follow at a time.
pub(super) fn place(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    Arc::clone(places).try_acquire_owned().map_err(|_| {
        Problem::busy("too many clients follow events or outputs already: try again when one of them has gone")
    })
}
