//! The start methods that a promise is made for.

use ganger::StartMethod;

/// Every way to run tasks.
pub(crate) const ALL: &[StartMethod] =
    &[StartMethod::Zygote, StartMethod::Spawn, StartMethod::Thread, StartMethod::Inline];
/// Those that run tasks elsewhere than in the caller.
pub(crate) const WORKERS: &[StartMethod] = &[StartMethod::Zygote, StartMethod::Spawn, StartMethod::Thread];
/// Those whose workers can die.
pub(crate) const PROCESSES: &[StartMethod] = &[StartMethod::Zygote, StartMethod::Spawn];
