//! What the libraries log: on standard error, for people or for systemd's journal. `RUST_LOG` says how much.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;

use env_logger::{Builder, Env};
use log::{Level, Record};

use crate::flags::Verb;

/// `RUST_LOG=debug` tells what the supervisor does.
pub(crate) fn start(verb: Option<&Verb>) {
    let journal = is_the_journal();
    let usual = match verb {
        // Nobody looks at a service: it tells what an operator has to know. The journal keeps apart what matters less.
        Some(Verb::Serve(_)) if journal => "warn,ganger_daemon=info",
        Some(Verb::Serve(_)) => "warn",
        _ => "error",
    };
    let mut builder = Builder::from_env(Env::default().default_filter_or(usual));
    if journal {
        builder.format(|out, record| out.write_all(for_the_journal(record).as_bytes()));
    }
    builder.init();
}

/// Whether standard error is what systemd says that goes to its journal: a redirection may have changed that.
pub(crate) fn is_the_journal() -> bool {
    let told = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    fs::metadata("/proc/self/fd/2").is_ok_and(|there| told == format!("{}:{}", there.dev(), there.ino()))
}

/// A line with its priority in front, as sd-daemon(3) has them, and without the time, which the journal knows.
fn for_the_journal(record: &Record<'_>) -> String {
    let priority = match record.level() {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    };
    let text = record.args().to_string();
    let lines = text.lines().map(|line| format!("<{priority}>{}: {line}\n", record.target()));
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_priority() {
        let told = |level, text: &str| {
            for_the_journal(
                &Record::builder().level(level).target("ganger_daemon").args(format_args!("{text}")).build(),
            )
        };
        assert_eq!(told(Level::Warn, "one\ntwo"), "<4>ganger_daemon: one\n<4>ganger_daemon: two\n");
        assert_eq!(told(Level::Info, "<0>forged"), "<6>ganger_daemon: <0>forged\n");
    }
}
