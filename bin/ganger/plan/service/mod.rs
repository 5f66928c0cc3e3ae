//! A service, from what was typed and what its configuration file says.
//!
//! `[service]` are flags, filled in before they are parsed (`config.rs`); `[queue.NAME]` is read here.

mod queue;
mod told;

use std::fmt;

use ganger::Sandbox;
use ganger_daemon::{Access, Config, Limits, QueueConfig, Tls};

use crate::flags::{AccessFlags, QueueFlag, ServeFlags, ServiceLimitFlags};
use crate::toml::{Document, Fault};

pub(crate) use told::told;

/// Why a service cannot be planned.
#[derive(Debug)]
pub(crate) enum NoService {
    /// Neither typed nor in the file.
    Missing(&'static str),
    Configured(Fault),
}

impl fmt::Display for NoService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(flag) => write!(f, "give --{flag}, or `{flag}` in [service] of a file for --config"),
            Self::Configured(fault) => fault.fmt(f),
        }
    }
}

impl From<Fault> for NoService {
    fn from(fault: Fault) -> Self {
        Self::Configured(fault)
    }
}

/// What is not said is as a service without options has it.
pub(crate) fn service(flags: ServeFlags) -> Result<Config, NoService> {
    let ServeFlags {
        config,
        check_config: _,
        store,
        listen,
        access,
        queues,
        sandbox,
        durable,
        drain,
        grace,
        keep,
        limits,
    } = flags;
    let queues_may_change = config.is_some();
    let written = config.map_or(Ok(Vec::new()), |path| queue::read(&Document::read(&path)?))?;
    let store = store.ok_or(NoService::Missing("store"))?;
    if listen.is_empty() {
        return Err(NoService::Missing("listen"));
    }
    Ok(Config {
        durability: durable,
        listen,
        access: self::access(access),
        queues: kept(with_typed(written, queues), sandbox.as_ref()),
        queues_may_change,
        drain,
        grace,
        keep,
        limits: self::limits(limits),
        ..Config::new(store, Default::default())
    })
}

/// What was typed wins: of a queue that stands in the file it says how many run at a time.
fn with_typed(mut queues: Vec<QueueConfig>, typed: Vec<QueueFlag>) -> Vec<QueueConfig> {
    for QueueFlag { name, slots } in typed {
        // Twice the same is for the service to refuse.
        let written = queues.iter_mut().find(|queue| queue.name == name).filter(|_| slots.is_some());
        match (written, slots) {
            (Some(written), Some(slots)) => written.slots = slots,
            _ => queues.push(QueueConfig {
                slots: slots.unwrap_or_else(ganger::cpu_count),
                name,
                ..QueueConfig::default()
            }),
        }
    }
    if queues.is_empty() { vec![QueueConfig::default()] } else { queues }
}

/// A queue that says nothing of a sandbox has this one.
fn kept(queues: Vec<QueueConfig>, sandbox: Option<&Sandbox>) -> Vec<QueueConfig> {
    let kept = |queue: QueueConfig| QueueConfig { sandbox: queue.sandbox.or_else(|| sandbox.cloned()), ..queue };
    queues.into_iter().map(kept).collect()
}

fn access(flags: AccessFlags) -> Access {
    let AccessFlags { group, token_file, tls_cert, tls_key, hosts } = flags;
    let tls = tls_cert.zip(tls_key).map(|(cert, key)| Tls { cert, key });
    Access { group, token_file, tls, hosts }
}

fn limits(flags: ServiceLimitFlags) -> Limits {
    let ServiceLimitFlags { connections, max_body, max_tasks } = flags;
    let usual = Limits::default();
    let body = max_body.map_or(usual.body, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    Limits {
        connections: connections.map_or(usual.connections, |most| most as usize),
        body,
        bodies: usual.bodies.max(body),
        tasks: max_tasks.map_or(usual.tasks, |most| most as usize),
        ..usual
    }
}
