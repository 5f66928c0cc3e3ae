//! A service reads its configuration again, while it works.

use std::sync::Arc;

use crate::config::Config;
use crate::error::ServeError;
use crate::notify;
use crate::server::{Keeper, Keys};

/// Who changes what can be changed.
pub(crate) struct Reload {
    read: Option<Read>,
    keeper: Arc<Keeper>,
}

type Read = Arc<dyn Fn() -> Result<Config, String> + Send + Sync>;

impl Reload {
    pub(crate) fn new(keeper: Arc<Keeper>) -> Self {
        Self { read: None, keeper }
    }

    pub(crate) fn read_by(&mut self, read: impl Fn() -> Result<Config, String> + Send + Sync + 'static) {
        self.read = Some(Arc::new(read));
    }

    /// All or nothing: of a configuration that is at fault, nothing counts.
    pub(crate) async fn reload(&self) {
        notify::reloading();
        match self.change().await {
            Ok(()) => log::info!("the configuration was read again"),
            Err(why) => log::error!("the configuration stays as it was: {why}"),
        }
        notify::ready();
    }

    async fn change(&self) -> Result<(), String> {
        let Some(read) = self.read.clone() else { return Ok(()) };
        // It looks at files: on a thread that may wait.
        let looked = tokio::task::spawn_blocking(move || {
            let config = read()?;
            let keys = Keys::read(&config.access).map_err(|error: ServeError| error.to_string())?;
            Ok((config, keys))
        });
        let (_config, keys) = looked.await.unwrap_or_else(|error| Err(error.to_string()))?;
        self.keeper.change(keys)
    }
}
