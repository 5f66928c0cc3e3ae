//! A client that says anything: the body of a fuzz target.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use ganger_store::{Backlog, Durability, Store};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};

use super::connection::{House, Visit, talk};
use super::gate::Entrance;
use super::guests::Guests;
use super::keeper::Keeper;
use crate::api::Api;
use crate::config::{Access, Config, QueueConfig};
use crate::driver;
use crate::metrics::Metrics;
use crate::queues::{Queue, Queues};

/// Some jobs of the service, as a store of an earlier version has them.
const STORE: &[u8] = include_bytes!("../../../store/tests/golden/v3.db");

/// Who follows what happens would do so for ever.
const PATIENCE: Duration = Duration::from_millis(100);

/// A service without a driver, made once.
struct Stage {
    runtime: Mutex<Runtime>,
    house: House,
    metrics: Metrics,
}

/// Bytes of a connection, behind one that says by which kind of door it comes. Each gets answers, none of which says that it
/// was the service's fault.
pub fn http(bytes: &[u8]) {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    let Some(([door], said)) = bytes.split_first_chunk() else { return };
    let stage = STAGE.get_or_init(Stage::new);
    let entrance = match door % 2 {
        0 => Entrance::Known,
        _ => Entrance::Stranger { from: ([127, 0, 0, 1], 1).into(), encrypted: false },
    };
    let answered = stage.talk(entrance, said);
    let text = String::from_utf8_lossy(&answered);
    assert!(answered.is_empty() || text.starts_with("HTTP/1."), "{text}");
    assert!(!text.contains("HTTP/1.1 500 "), "{text}");
}

impl Stage {
    fn new() -> Self {
        let place = Self::place();
        let store = place.join("jobs.db");
        fs::write(&store, STORE).expect("there is room");
        // Brought to this version, as a service would.
        drop(Store::open(&store, Durability::Off).and_then(Backlog::open).expect("a whole store"));
        let config = Config::new(store, place.join("socket"));
        let id = ganger_store::QueueId(1);
        let queues = Queues::new(vec![Queue { id, config: QueueConfig { slots: 1, ..QueueConfig::default() } }]);
        let metrics = Metrics::new();
        let router = Api::new(driver::fuzzing::desk(), &config, queues, metrics.clone()).router();
        let keeper = Arc::new(Keeper::new(&Access::default()).expect("no files are named"));
        let house = House { router, keeper, limits: config.limits, metrics: metrics.clone() };
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { runtime: Mutex::new(runtime), house, metrics }
    }

    fn place() -> PathBuf {
        let place = std::env::temp_dir().join(format!("ganger-fuzz-http-{}", std::process::id()));
        fs::create_dir_all(&place).expect("a directory can be made");
        place
    }

    fn talk(&self, entrance: Entrance, said: &[u8]) -> Vec<u8> {
        let answered = Arc::default();
        let line = Line { said: said.to_vec(), heard: 0, answered: Arc::clone(&answered) };
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        let _over_or_too_long = runtime.block_on(async {
            let seat = Guests::new(1).seat().await;
            let visit = Visit { house: self.house.clone(), seat, entrance, _counted: self.metrics.visitor() };
            tokio::time::timeout(PATIENCE, talk(line, visit)).await
        });
        let mut answered = answered.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut answered)
    }
}

/// A connection on which all has been said.
struct Line {
    said: Vec<u8>,
    heard: usize,
    answered: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let left = &self.said[self.heard..];
        let length = left.len().min(buffer.remaining());
        buffer.put_slice(&left[..length]);
        self.heard += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
