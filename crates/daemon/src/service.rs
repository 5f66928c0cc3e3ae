//! A service from its start to its end.

use std::future::Future;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use ganger_store::{Backlog, Store};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::api::Api;
use crate::config::Config;
use crate::driver::{Desk, Driver};
use crate::error::ServeError;
use crate::notify::Notify;
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
    notify: Notify,
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
        let notify = Notify::from_environment();
        let quiet = notify.without_watchdog();
        let (driver, desk) = Driver::start(&config, backlog, notify)?;
        let api = Api::new(desk.clone(), config.store.clone(), driver.queues(), config.limits);
        let thread = thread::Builder::new().name("ganger-driver".to_owned());
        let (lives, ended) = oneshot::channel::<()>();
        let work = move || {
            let _lives = lives;
            driver.run()
        };
        let driver = thread.spawn(work).map_err(ServeError::system("a thread for the queues"))?;
        Ok(Self { config, runtime, socket, desk, api, driver, ended, notify: quiet })
    }

    /// Serves until it gets SIGTERM or SIGINT. Then nothing more is accepted and nothing begins; what runs has as long as the
    /// configuration says, and is then ended and waits for the next service.
    ///
    /// # Errors
    /// Why the service had to end by itself.
    pub fn run(self) -> Result<(), ServeError> {
        let Self { config, runtime, socket, desk, api, driver, mut ended, notify } = self;
        let serving = socket.serve(api.router(), config.limits);
        let asked = {
            let _runtime = runtime.enter();
            asked_to_end().map_err(ServeError::system("signals"))?
        };
        notify.ready(&format!("{} queues", config.queues.len()));
        runtime.block_on(async {
            let serving = tokio::spawn(serving);
            tokio::select! {
                () = asked => {}
                _ = &mut ended => {}
            }
            log::info!("nothing more is accepted; what runs has {} s", config.drain.as_secs());
            notify.stopping(config.drain + config.grace);
            let until = Instant::now() + config.drain;
            drop(tokio::task::spawn_blocking(move || desk.drain(until)));
            // Who waits for a job can do so while it runs.
            if !ended.is_terminated() {
                let _ = ended.await;
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

/// SIGTERM or SIGINT.
fn asked_to_end() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
