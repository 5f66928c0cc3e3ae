//! The fault plan that a pool is built with: what its builder was told, and what the environment says.

use std::env;

use ganger_proto::fault::{Deed, Fault, FaultError, Point, parse};

use crate::builder::{PoolBuilder, StartMethod};
use crate::error::{Error, ErrorKind};
use crate::pool::Pool;

/// The variable that a plan for a program under test is in.
pub(crate) const VARIABLE: &str = "GANGER_FAULTS";

impl<P: From<Pool>> PoolBuilder<P> {
    /// For tests: what shall go wrong in this pool, and exactly where. See [`testing`](crate::testing).
    ///
    /// ```
    /// use ganger::Pool;
    /// use ganger::testing::{Fault, Point};
    ///
    /// #[ganger::task]
    /// fn square(n: u64) -> u64 { n * n }
    ///
    /// # fn main() -> Result<(), ganger::Error> {
    /// ganger::init();
    /// let pool = Pool::builder().workers(2).faults([Fault::kill(Point::Begin).task(3)]).build()?;
    /// assert_eq!(pool.map(square, 1..=8)?, [1, 4, 9, 16, 25, 36, 49, 64]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.extend(faults);
        self
    }
}

/// What shall go wrong in the pool of this name.
pub(crate) fn of_pool(name: &str, mut plan: Vec<Fault>, method: StartMethod) -> Result<Vec<Fault>, Error> {
    let ordered = from_environment().map_err(refused)?;
    let ordered = ordered.into_iter().filter(|fault| fault.concerns(name));
    for fault in ordered {
        log::warn!("pool {name}: {VARIABLE} orders a fault: {fault}");
        plan.push(fault);
    }
    plan.retain(|fault| fault.concerns(name));
    plan.iter().try_for_each(|fault| check(fault, method)).map_err(refused)?;
    Ok(plan)
}

/// The plan for whatever this program builds.
pub(crate) fn from_environment() -> Result<Vec<Fault>, FaultError> {
    let Some(text) = env::var_os(VARIABLE) else { return Ok(Vec::new()) };
    parse(&text.to_string_lossy()).map_err(|error| FaultError::new(format!("{VARIABLE}: {error}")))
}

fn refused(error: FaultError) -> Error {
    Error::new(ErrorKind::Faults(error))
}

/// Whether workers of this kind come past there, and can do that.
fn check(fault: &Fault, method: StartMethod) -> Result<(), FaultError> {
    fault.check()?;
    if matches!(fault.point, Point::Request | Point::Answer) {
        return Err(FaultError::new(format!("'{fault}': only a manager comes past there; give it to its builder")));
    }
    let panics = fault.deed == Deed::Panic && fault.point == Point::Begin;
    match method {
        StartMethod::Zygote | StartMethod::Spawn => Ok(()),
        StartMethod::Thread if panics => Ok(()),
        StartMethod::Thread | StartMethod::Inline => Err(FaultError::new(format!(
            "'{fault}': it would strike this process itself, as this pool's workers are no processes; \
             start them by Zygote or Spawn, or name the pool that is meant (pool=NAME)"
        ))),
    }
}
