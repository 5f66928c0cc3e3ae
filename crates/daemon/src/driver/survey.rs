//! How the service is at one moment: for who watches it.

use super::lane::Lane;
use super::{Depth, Driver, Stage};

/// What a driver says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Survey {
    /// Jobs are accepted: it is not about to end.
    pub(crate) accepts: bool,
    /// The last commit failed.
    pub(crate) disk_refuses: bool,
    pub(crate) lanes: Vec<LaneSurvey>,
}

/// A queue, and who works it off.
#[derive(Clone, Debug)]
pub(crate) struct LaneSurvey {
    pub(crate) depth: Depth,
    /// Its workers that have answered.
    pub(crate) pids: Vec<u32>,
    /// How many were started since the service was.
    pub(crate) starts: u64,
}

impl Driver {
    pub(super) fn survey(&self) -> Survey {
        let lanes = self.lanes.iter().filter(|lane| !lane.retired).map(Lane::survey).collect();
        Survey { accepts: self.stage == Stage::Open, disk_refuses: self.trouble.is_some(), lanes }
    }
}

impl Lane {
    fn survey(&self) -> LaneSurvey {
        let starts = self.starts_before + self.pool.worker_starts();
        LaneSurvey { depth: self.depth(), pids: self.pool.worker_pids(), starts }
    }
}
