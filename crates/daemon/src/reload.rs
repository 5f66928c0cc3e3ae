//! A service reads its configuration again, while it works.

use std::sync::Arc;

use crate::config::Config;
use crate::driver::Desk;
use crate::notify;
use crate::queues::Queues;
use crate::server::{Keeper, Keys};

/// Who changes what can be changed.
pub(crate) struct Reload {
    read: Option<Read>,
    /// As the service was started with it.
    before: Config,
    keeper: Arc<Keeper>,
    desk: Desk,
    queues: Queues,
}

type Read = Arc<dyn Fn() -> Result<Config, String> + Send + Sync>;

impl Reload {
    pub(crate) fn new(before: &Config, keeper: Arc<Keeper>, desk: Desk, queues: Queues) -> Self {
        Self { read: None, before: before.clone(), keeper, desk, queues }
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
            let keys = Keys::read(&config.access).and_then(|keys| config.check_queues().map(|()| keys));
            Ok((config, keys.map_err(|error| error.to_string())?))
        });
        let (config, keys) = looked.await.unwrap_or_else(|error| Err(error.to_string()))?;
        self.keeper.check(&keys)?;
        for what in config.stays(&self.before) {
            log::warn!("{what}: what the configuration says now counts when the service is started again");
        }
        self.change_queues(config).await?;
        self.keeper.change(keys);
        Ok(())
    }

    async fn change_queues(&self, config: Config) -> Result<(), String> {
        if !self.before.queues_may_change {
            return Ok(());
        }
        self.queues.set(self.desk.reload(config.queues, config.keep).await?);
        Ok(())
    }
}
