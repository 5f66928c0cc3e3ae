//! What `ganger serve --check-config` says: what would be served.

use ganger_daemon::{Config, QueueConfig, Runs};

use super::queue;

/// One line a thing.
pub(crate) fn told(config: &Config) -> String {
    let mut lines = vec![format!("store {}", config.store.display())];
    lines.extend(config.listen.iter().map(|listen| format!("listen {listen}")));
    lines.extend(config.queues.iter().map(line));
    lines.join("\n") + "\n"
}

/// `queue thumbs: 8 at a time of python3 worker.py, at most 100/s`
fn line(queue: &QueueConfig) -> String {
    let what = match &queue.runs {
        Runs::Commands => "commands".to_owned(),
        Runs::Worker(words) => words.join(" "),
        Runs::Functions(words) => format!("functions of {}", words.join(" ")),
    };
    let own = [
        queue.rate.map(|rate| format!("at most {rate}")),
        queue.max_waiting.map(|most| format!("at most {most} waiting")),
        queue.memory.map(|bytes| format!("each up to {bytes} bytes of memory")),
        queue.cpu_time.map(|time| format!("each up to {} s of processor time", time.as_secs_f64())),
        queue.sandbox.as_ref().map(|sandbox| format!("in a sandbox ({sandbox})")),
        queue.directory.as_ref().map(|place| format!("in {}", place.display())),
    ];
    let mut terms = vec![format!("{} at a time of {what}", queue.slots)];
    terms.extend(own.into_iter().flatten());
    terms.extend(queue::shown(&queue.defaults));
    format!("queue {}: {}", queue.name, terms.join(", "))
}
