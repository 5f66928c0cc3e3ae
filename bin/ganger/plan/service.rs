//! A service, from what was typed.

use ganger_daemon::{Access, Config, QueueConfig, Tls};

use crate::flags::{AccessFlags, ServeFlags};

/// What is not typed is as a service without options has it.
pub(crate) fn service(flags: ServeFlags) -> Config {
    let ServeFlags { store, listen, access, queues, durable, drain, grace } = flags;
    let config = Config { listen, access: self::access(access), ..Config::new(store, Default::default()) };
    let given = queues.into_iter().map(|queue| {
        let usual = QueueConfig::default();
        QueueConfig { name: queue.name, slots: queue.slots.unwrap_or(usual.slots), ..usual }
    });
    let given: Vec<_> = given.collect();
    let queues = if given.is_empty() { config.queues } else { given };
    Config { queues, durability: durable, drain, grace, ..config }
}

fn access(flags: AccessFlags) -> Access {
    let AccessFlags { group, token_file, tls_cert, tls_key, hosts } = flags;
    let tls = tls_cert.zip(tls_key).map(|(cert, key)| Tls { cert, key });
    Access { group, token_file, tls, hosts }
}
