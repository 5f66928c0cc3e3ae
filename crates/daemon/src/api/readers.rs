//! Connections that look into the store, so that nobody who looks holds up the driver.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use ganger_store::{Reader, StoreError};

use super::problem::Problem;

/// As many as are in use at a time, which the runtime's threads bound.
#[derive(Clone, Debug)]
pub(crate) struct Readers {
    file: Arc<PathBuf>,
    free: Arc<Mutex<Vec<Reader>>>,
}

impl Readers {
    pub(crate) fn new(file: PathBuf) -> Self {
        Self { file: Arc::new(file), free: Arc::default() }
    }

    /// Looks, on a thread that may wait for the disk.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Reader) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let readers = self.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let reader = readers.take()?;
            let found = look(&reader);
            readers.free().push(reader);
            found
        });
        looked.await.unwrap_or_else(|_| Err(Problem::failed()))
    }

    fn take(&self) -> Result<Reader, StoreError> {
        let free = self.free().pop();
        free.map_or_else(|| Reader::open(&self.file), Ok)
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
