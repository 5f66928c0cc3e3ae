//! A service from its start to its end.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ganger_store::{Backlog, Store};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::api::Api;
use crate::config::Config;
use crate::driver::{Desk, Driver};
use crate::error::ServeError;
use crate::notify;
use crate::server::Socket;

/// How many threads may look into the store at a time.
const LOOKING: usize = 4;

/// A service that has started: its store is open, its workers are there, its socket listens.
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
    socket: Socket,
    desk: Desk,
    api: Api,
    driver: JoinHandle<Result<(), ServeError>>,
    /// Closed when the driver has ended.
    ended: oneshot::Receiver<()>,
}

impl Service {
    /// Takes the store over, starts the workers, and makes the socket.
    ///
    /// # Errors
    /// When the store is another's or cannot be opened, when workers cannot be started, when somebody listens at the socket.
    pub fn start(config: Config) -> Result<Self, ServeError> {
        check_queues(&config)?;
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(LOOKING).build();
        let runtime = runtime.map_err(ServeError::system("the runtime"))?;
        let backlog = Backlog::open(Store::open(&config.store, config.durability)?)?;
        if backlog.interrupted() > 0 {
            log::warn!("{} tasks ran when the last service was killed", backlog.interrupted());
        }
        // Behind the store, whose lock tells whether there is another service.
        let socket = Socket::bind(&config.socket)?;
        let (driver, desk) = Driver::start(&config, backlog)?;
        let api = Api::new(desk.clone(), config.store.clone(), driver.queues(), config.limits, driver.metrics());
        let thread = thread::Builder::new().name("ganger-driver".to_owned());
        let (lives, ended) = oneshot::channel::<()>();
        let work = move || {
            let _lives = lives;
            driver.run()
        };
        let driver = thread.spawn(work).map_err(ServeError::system("a thread for the queues"))?;
        Ok(Self { config, runtime, socket, desk, api, driver, ended })
    }

    /// Serves until it gets SIGTERM or SIGINT. Then nothing more is accepted and nothing begins; what runs has as long as the
    /// configuration says, or until another such signal, and is then ended and waits for the next service.
    ///
    /// # Errors
    /// Why the service had to end by itself.
    pub fn run(self) -> Result<(), ServeError> {
        let Self { config, runtime, socket, desk, api, driver, mut ended } = self;
        let metrics = api.metrics();
        let serving = socket.serve(api.router(), config.limits, metrics);
        let mut signals = {
            let _runtime = runtime.enter();
            Signals::new().map_err(ServeError::system("signals"))?
        };
        notify::ready();
        runtime.block_on(async {
            let serving = tokio::spawn(serving);
            let mut patience = config.drain;
            // The first signal begins the end, another one hastens it.
            while let Asked::ToEnd = signals.next(&mut ended).await {
                log::info!("nothing more is accepted; what runs has {} s", patience.as_secs());
                let (desk, until) = (desk.clone(), Instant::now() + patience);
                drop(tokio::task::spawn_blocking(move || desk.drain(until)));
                patience = Duration::ZERO;
            }
            serving.abort();
        });
        driver.join().unwrap_or_else(|_| Err(ServeError::driver_gone()))
    }
}

fn check_queues(config: &Config) -> Result<(), ServeError> {
    let names: Vec<&str> = config.queues.iter().map(|queue| queue.name.as_str()).collect();
    let twice = names.iter().enumerate().find(|(at, name)| names[..*at].contains(*name));
    match (names.is_empty(), twice) {
        (true, _) => Err(ServeError::queues("there is no queue: give one at least".to_owned())),
        (_, Some((_, name))) => {
            Err(ServeError::queues(format!("there are two queues {name:?}: give each its own name")))
        }
        _ => Ok(()),
    }
}

/// SIGTERM and SIGINT.
struct Signals {
    term: Signal,
    interrupt: Signal,
}

/// What the service has to do about it.
enum Asked {
    ToEnd,
    /// The driver has ended.
    Nothing,
}

impl Signals {
    /// Within a runtime.
    fn new() -> std::io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self, ended: &mut oneshot::Receiver<()>) -> Asked {
        tokio::select! {
            _ = self.term.recv() => Asked::ToEnd,
            _ = self.interrupt.recv() => Asked::ToEnd,
            _ = ended => Asked::Nothing,
        }
    }
}
