//! Room for control groups of tasks, below that of the service.
//!
//! ```text
//!  ganger.service/                     handed over to us (Delegate=yes)
//!  ├── ganger.PID.self/  memory        the service and its workers: they step aside before the first worker begins
//!  └── ganger.PID.…/     memory.max    a task with a limit, and all that it starts: it is killed as a whole, alone
//! ```

use std::sync::Arc;

use ganger::{CommandGroups, Terms};

use crate::config::QueueConfig;

/// Claimed before any worker is started; given back when the last lane is gone. Where there is none, tasks with limits are
/// watched, which is coarser.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    groups: Option<Arc<CommandGroups>>,
    /// Memory is counted in them.
    memory: bool,
}

impl Room {
    /// For limits that there are, and under systemd for those that a later configuration may have: workers that run cannot
    /// be moved aside any more.
    pub(super) fn claim(queues: &[QueueConfig]) -> Self {
        let limited = queues.iter().any(is_limited);
        // Root has room everywhere, also where it is not meant.
        let handed_over = std::env::var_os("NOTIFY_SOCKET").is_some() && !nix::unistd::geteuid().is_root();
        if !limited && !handed_over {
            return Self::default();
        }
        let with = |memory| CommandGroups::claim(memory).map(|groups| Self { groups: Some(Arc::new(groups)), memory });
        with(true).or_else(|why| with(false).map_err(|_| why)).unwrap_or_else(|why| {
            if limited {
                log::warn!("tasks are watched, and not held to their limits by control groups: {why}");
            }
            Self::default()
        })
    }

    /// What a command of this queue runs under, if that is anything.
    pub(super) fn terms(&self, queue: &QueueConfig) -> Option<Box<Terms>> {
        let QueueConfig { memory, cpu_time, .. } = queue;
        let groups = self.groups.as_ref().filter(|_| self.memory || memory.is_none());
        let cgroup = groups.map(|groups| groups.prefix());
        is_limited(queue).then(|| Box::new(Terms { memory: *memory, cpu_time: *cpu_time, cgroup, ..Terms::default() }))
    }
}

fn is_limited(queue: &QueueConfig) -> bool {
    queue.memory.is_some() || queue.cpu_time.is_some()
}
