//! Who may come in, and how much of it.
//!
//! ```text
//!  Listen ─► Door ── accept ─► who connects (peers) ─► a seat (guests) ─► TLS ─► connection ─► gate ─► api
//!            unix, tcp,                                the one that is                   host, origin,
//!            activated                                 idle longest goes                 token or session
//! ```
//! Doors of our own outlive us with systemd, and are the next service's ([`kept`]). What is read anew when the service is told to (tokens, certificate, names) is with the [`Keeper`].

mod activated;
mod connection;
mod door;
mod gate;
mod guests;
mod keeper;
mod kept;
mod login;
mod origin;
mod patient;
mod peers;
mod refusals;
mod session;
mod tls;
mod tokens;
mod unix;

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;

use std::sync::Arc;

use axum::Router;
use ganger_sys::limits::Resource;

use crate::config::{Config, Limits, Listen};
use crate::error::ServeError;
use crate::metrics::Metrics;
use connection::House;
use door::Door;
pub(crate) use keeper::{Keeper, Keys};
use kept::Kept;

/// The doors of a service, each open for whoever knocks: they wait until they are served.
pub(crate) struct Doors {
    doors: Vec<Door>,
    keeper: Arc<Keeper>,
    limits: Limits,
}

impl Doors {
    /// Whether they could be opened, as far as that is seen from outside.
    pub(crate) fn check(config: &Config) -> Result<(), ServeError> {
        let keeper = Keeper::new(&config.access)?;
        config.access.group.as_deref().map(door::group_id).transpose()?;
        config.listen.iter().try_for_each(|listen| match listen {
            Listen::Tcp(address) => keeper.check_address(*address),
            Listen::Unix(_) | Listen::Activated => Ok(()),
        })
    }

    /// Opens all of them.
    pub(crate) fn open(config: &Config) -> Result<Self, ServeError> {
        let keeper = Arc::new(Keeper::new(&config.access)?);
        let (mut doors, mut kept) = (Vec::new(), Kept::take());
        for listen in &config.listen {
            match listen {
                Listen::Unix(path) => doors.push(Door::unix(path, config.access.group.as_deref(), &mut kept)?),
                Listen::Tcp(address) => doors.push(Door::tcp(*address, &keeper, &mut kept)?),
                Listen::Activated => doors.extend(activated::doors(&keeper)?),
            }
        }
        if doors.is_empty() {
            return Err(ServeError::access("there is no door: give --listen at least once".to_owned()));
        }
        Ok(Self { doors, keeper, limits: config.limits })
    }

    /// Takes no more connections than there are descriptors for, besides those that the store and the workers have by now.
    pub(crate) fn bounded(self) -> Result<Self, ServeError> {
        let connections = share(self.limits.connections, self.doors.len())?;
        Ok(Self { limits: Limits { connections, ..self.limits }, ..self })
    }

    /// Who reads tokens and the like anew.
    pub(crate) fn keeper(&self) -> Arc<Keeper> {
        Arc::clone(&self.keeper)
    }

    /// Serves until it is dropped. Within a runtime.
    pub(crate) async fn serve(self, router: Router, metrics: Metrics) {
        let mut open = tokio::task::JoinSet::new();
        let house = House { router, keeper: self.keeper, limits: self.limits, metrics };
        for door in self.doors {
            open.spawn(door.serve(house.clone()));
        }
        while open.join_next().await.is_some() {}
    }
}

/// For who looks at the store, for workers that are replaced, and for what an answer takes.
const SPARE: u64 = 24;

/// How many connections each door may have.
fn share(wanted: usize, doors: usize) -> Result<usize, ServeError> {
    let failed = || ServeError::system("the limit of open files");
    let most = ganger_sys::limits::limit(Resource::OpenFiles).map_err(failed())?.soft;
    let taken = std::fs::read_dir("/proc/self/fd").map_err(failed())?.count() as u64;
    let most = usize::try_from(most.saturating_sub(taken + SPARE)).unwrap_or(usize::MAX) / doors;
    if most < wanted {
        log::warn!("each door takes {most} connections at a time, not {wanted}: raise `ulimit -n` for more");
    }
    Ok(wanted.min(most.max(1)))
}
