//! What a queue's workers are, and what they are handed.

use std::time::Duration;

use ganger::{Bytes, Command, Hosted, Pool, PoolBuilder, SLOT, TaskOptions};
use ganger_store::Claim;

use super::functions;
use super::room::Room;
use crate::config::{Config, QueueConfig, Runs};

/// How long after it was asked to end, at its time limit, a command's worker is killed.
const LAST: Duration = Duration::from_secs(5);

/// What systemd and the operator have told the service, and is no task's affair: a task could speak in its name with it, or
/// find its store and its secrets.
const WITHHELD: &[&str] = &[
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "LISTEN_PIDFDID",
    "FDSTORE",
    "JOURNAL_STREAM",
    "CREDENTIALS_DIRECTORY",
    "MEMORY_PRESSURE_WATCH",
    "MEMORY_PRESSURE_WRITE",
    "GANGER_STORE",
    "GANGER_TOKEN_FILE",
];

/// What is the same for the pools of all lanes.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    grace: Duration,
    room: Room,
}

impl Recipe {
    /// Before there is any worker.
    pub(super) fn new(config: &Config) -> Self {
        Self { grace: config.grace, room: Room::claim(&config.queues) }
    }

    pub(super) fn pool(&self, queue: &QueueConfig) -> Result<Pool, ganger::Error> {
        let pool = Pool::builder().workers(queue.slots).name(&queue.name).start_method(queue.start);
        let pool = pool.stop_grace(self.grace).reap_orphans(true).without_variables(WITHHELD.iter().copied());
        let pool = match &queue.runs {
            Runs::Commands => pool.for_commands(),
            Runs::Worker(words) => pool.hosting(hosted(words, queue)),
            Runs::Functions(words) => functions::pool(pool, words),
        };
        queue.sandbox.clone().into_iter().fold(pool, PoolBuilder::sandbox).build()
    }

    /// With what its queue says where its job says nothing.
    pub(super) fn command(&self, claim: &Claim, queue: &QueueConfig) -> Command {
        let argv = claim.argv().into_iter().map(|word| word.to_vec().into()).collect();
        let own = claim.environment.iter().filter_map(|variable| {
            let at = variable.iter().position(|byte| *byte == b'=')?;
            Some((variable[..at].to_vec().into(), variable[at + 1..].to_vec().into()))
        });
        let Command { dir, mut env, .. } = surroundings(queue);
        // Of two values the last counts.
        env.extend(told(claim));
        env.extend(own);
        let dir = if claim.directory.is_empty() { dir } else { Some(claim.directory.clone().into()) };
        Command { argv, dir, env, terms: self.room.terms(queue), ..Command::default() }
    }
}

/// What a command finds of itself in its environment, by the names that it has in `ganger run`.
fn told(claim: &Claim) -> [(Bytes, Bytes); 5] {
    let task = claim.task_number.to_string();
    [
        ("GANGER_JOB", claim.job.0.to_string()),
        ("GANGER_TASK", task.clone()),
        ("GANGER_ATTEMPT", claim.number.to_string()),
        ("PARALLEL_SEQ", task),
        ("PARALLEL_JOBSLOT", String::from_utf8_lossy(SLOT).into_owned()),
    ]
    .map(|(name, value)| (Bytes::from(name), Bytes::from(value.into_bytes())))
}

/// Each try is one attempt, and the driver decides whether another follows: it is written down before it begins.
pub(super) fn options(claim: &Claim, runs: &Runs) -> TaskOptions {
    let once = TaskOptions::new().crash_attempts(1).failure_attempts(1);
    match (claim.policy.timeout, runs) {
        (None, _) => once,
        (Some(limit), Runs::Commands) => once.soft_timeout(limit).timeout(limit.saturating_add(LAST)),
        (Some(limit), Runs::Worker(_) | Runs::Functions(_)) => once.timeout(limit),
    }
}

fn hosted(words: &[String], queue: &QueueConfig) -> Hosted {
    let argv = words.iter().map(|word| word.clone().into_bytes().into()).collect();
    let name = words.first().cloned().unwrap_or_default();
    Hosted { name, command: Command { argv, ..surroundings(queue) }, says_ready: false }
}

/// Where a queue's programs run, and what its environment has besides the service's.
fn surroundings(queue: &QueueConfig) -> Command {
    let bytes = |text: &String| text.clone().into_bytes().into();
    let env = queue.environment.iter().map(|(name, value)| (bytes(name), bytes(value))).collect();
    let dir = queue.directory.as_ref().map(|dir| dir.as_os_str().as_encoded_bytes().to_vec().into());
    Command { dir, env, ..Command::default() }
}
