//! A service from its start to its end.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ganger_store::{Backlog, Store};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, oneshot};

use crate::api::Api;
use crate::config::Config;
use crate::driver::{Desk, Driver};
use crate::error::ServeError;
use crate::notify;
use crate::queues::Queues;
use crate::reload::Reload;
use crate::server::Doors;

/// How many threads may look into the store at a time.
const LOOKING: usize = 4;

/// A service that has started: its store is open, its workers are there, its doors are open.
///
/// Jobs are run by workers, so [`ganger::init`] must have been called in `main`.
///
/// ```no_run
/// use ganger_daemon::{Config, Service};
///
/// # fn main() -> Result<(), ganger_daemon::ServeError> {
/// ganger::init();
/// Service::start(Config::new("jobs.db".into(), "jobs.sock".into()))?.run()
/// # }
/// ```
pub struct Service {
    config: Config,
    runtime: Runtime,
    doors: Doors,
    desk: Desk,
    api: Api,
    driver: JoinHandle<Result<(), ServeError>>,
    /// Closed when the driver has ended.
    ended: oneshot::Receiver<()>,
    reload: Reload,
}

impl Service {
    /// What [`start`](Self::start) would refuse of a configuration, as far as it is seen without a deed: queues, tokens,
    /// certificates, doors.
    ///
    /// # Errors
    /// What that is.
    pub fn check(config: &Config) -> Result<(), ServeError> {
        config.check_queues()?;
        Doors::check(config)
    }

    /// Takes the store over, starts the workers, and opens the doors.
    /// From now on this process cannot be traced by others of its user, and leaves no core.
    ///
    /// # Errors
    /// When the store is another's or cannot be opened, when workers cannot be started, when somebody listens there already, when who may come in is not said safely enough.
    pub fn start(config: Config) -> Result<Self, ServeError> {
        config.check_queues()?;
        // Tokens and keys are read from here on, and its tasks are of the same user.
        ganger_sys::setup::keep_memory_private().map_err(ServeError::system("what other processes may see"))?;
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(LOOKING).build();
        let runtime = runtime.map_err(ServeError::system("the runtime"))?;
        let backlog = Backlog::open(Store::open(&config.store, config.durability)?)?;
        if backlog.interrupted() > 0 {
            let tasks = backlog.interrupted();
            let noun = if tasks == 1 { "task" } else { "tasks" };
            log::warn!("{tasks} {noun} ran when the last service was killed");
        }
        // Behind the store, whose lock tells whether there is another service.
        let doors = Doors::open(&config)?;
        let (driver, desk) = Driver::start(&config, backlog)?;
        // Behind the workers, which have theirs by now.
        let doors = doors.bounded()?;
        let queues = Queues::new(driver.queues());
        let reload = Reload::new(&config, doors.keeper(), desk.clone(), queues.clone());
        let api = Api::new(desk.clone(), &config, queues, driver.metrics());
        let thread = thread::Builder::new().name("ganger-driver".to_owned());
        let (lives, ended) = oneshot::channel::<()>();
        let work = move || {
            let _lives = lives;
            driver.run()
        };
        let driver = thread.spawn(work).map_err(ServeError::system("a thread for the queues"))?;
        Ok(Self { config, runtime, doors, desk, api, driver, ended, reload })
    }

    /// Where SIGHUP has the configuration read again; without it, the signal does nothing. What is there says why it cannot
    /// be: then the service goes on as it is.
    #[must_use]
    pub fn reloading(mut self, read: impl Fn() -> Result<Config, String> + Send + Sync + 'static) -> Self {
        self.reload.read_by(read);
        self
    }

    /// Serves until it gets SIGTERM or SIGINT. Then nothing more is accepted and nothing begins; what runs has as long as the
    /// configuration says, or until another such signal, and is then ended and waits for the next service.
    ///
    /// # Errors
    /// Why the service had to end by itself.
    pub fn run(self) -> Result<(), ServeError> {
        let Self { config, runtime, doors, desk, api, driver, mut ended, reload } = self;
        let (metrics, ending) = (api.metrics(), api.ending());
        let serving = doors.serve(api.router(), metrics);
        let mut signals = {
            let _runtime = runtime.enter();
            Signals::new(ending).map_err(ServeError::system("signals"))?
        };
        notify::ready();
        runtime.block_on(async {
            let serving = tokio::spawn(serving);
            let mut patience = config.drain;
            loop {
                match signals.next(&mut ended).await {
                    Asked::ToReload => reload.reload().await,
                    // The first signal begins the end, another one hastens it.
                    Asked::ToEnd => drain(&desk, std::mem::take(&mut patience)),
                    // A client that asks twice is in no hurry.
                    Asked::ToDrain => drain(&desk, config.drain),
                    Asked::Nothing => break,
                }
            }
            serving.abort();
        });
        driver.join().unwrap_or_else(|_| Err(ServeError::driver_gone()))
    }
}

fn drain(desk: &Desk, patience: Duration) {
    log::info!("nothing more is accepted; what runs has {} s", patience.as_secs());
    let (desk, until) = (desk.clone(), Instant::now() + patience);
    drop(tokio::task::spawn_blocking(move || desk.drain(until)));
}

/// SIGTERM and SIGINT, and SIGHUP; and what a client may ask for as well.
struct Signals {
    ending: Arc<Notify>,
    hangup: Signal,
    term: Signal,
    interrupt: Signal,
}

/// What the service has to do about it.
enum Asked {
    ToEnd,
    ToDrain,
    ToReload,
    /// The driver has ended.
    Nothing,
}

impl Signals {
    /// Within a runtime.
    fn new(ending: Arc<Notify>) -> std::io::Result<Self> {
        Ok(Self {
            ending,
            hangup: signal(SignalKind::hangup())?,
            term: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self, ended: &mut oneshot::Receiver<()>) -> Asked {
        tokio::select! {
            _ = self.hangup.recv() => Asked::ToReload,
            _ = self.term.recv() => Asked::ToEnd,
            _ = self.interrupt.recv() => Asked::ToEnd,
            () = self.ending.notified() => Asked::ToDrain,
            _ = ended => Asked::Nothing,
        }
    }
}
