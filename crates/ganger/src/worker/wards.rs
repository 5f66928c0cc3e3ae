//! The zygote's last duty: when its supervisor has died, and a worker with it, nobody is left who would end what that worker's
//! command has started. The kernel kills the command, but not its children; the zygote, which has seen all workers come, does.
//!
//! A worker that lives ends its own command, in its own way: it is waited for.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use ganger_proto::spec::Role;
use ganger_shm::link::{self, StatePage};
use ganger_sys::{sweep, wait_readable};

/// How long the workers may take altogether.
const PATIENCE: Duration = Duration::from_millis(900);

/// The workers that this zygote has forked, if they run programs.
pub(super) struct Wards {
    has_programs: bool,
    workers: Vec<Ward>,
}

struct Ward {
    pidfd: OwnedFd,
    state: StatePage,
}

impl Ward {
    /// Whether it has ended, by then.
    fn has_ended(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        wait_readable([self.pidfd.as_fd()], Some(left)).is_ok_and(|[ended]| ended)
    }
}

impl Wards {
    pub(super) fn of(role: &Role) -> Self {
        let has_programs = matches!(role, Role::Commands | Role::Host(_));
        Self { has_programs, workers: Vec::new() }
    }

    pub(super) fn are_wanted(&self) -> bool {
        self.has_programs
    }

    /// One more, by its pidfd and its link. Those that have ended are the supervisor's, who lives.
    pub(super) fn take_on(&mut self, pidfd: OwnedFd, link: &OwnedFd) -> io::Result<()> {
        let now = Instant::now();
        self.workers.retain(|ward| !ward.has_ended(now));
        self.workers.push(Ward { pidfd, state: link::state(link)? });
        Ok(())
    }

    /// The supervisor is gone.
    pub(super) fn end_commands(&self) {
        let deadline = Instant::now() + PATIENCE;
        for ward in &self.workers {
            ward.has_ended(deadline);
            if let Some(group) = ward.state.group() {
                // It may have ended by itself.
                let _ = sweep::kill_group(group);
            }
        }
    }
}
