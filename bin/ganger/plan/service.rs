//! A service, from what was typed.

use ganger_daemon::{Config, QueueConfig};

use crate::flags::ServeFlags;

/// What is not typed is as a service without options has it.
pub(crate) fn service(flags: ServeFlags) -> Config {
    let ServeFlags { store, listen, queues, durable, drain, grace } = flags;
    let config = Config::new(store, listen.0);
    let given = queues.into_iter().map(|queue| {
        let usual = QueueConfig::default();
        QueueConfig { name: queue.name, slots: queue.slots.unwrap_or(usual.slots), ..usual }
    });
    let given: Vec<_> = given.collect();
    let queues = if given.is_empty() { config.queues } else { given };
    Config { queues, durability: durable, drain, grace, ..config }
}
