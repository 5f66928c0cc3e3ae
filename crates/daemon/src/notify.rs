//! Words for systemd, where it listens: sd_notify(3) in a few lines.

use std::env;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

/// How often the driver comes by if nobody watches it.
const SELDOM: Duration = Duration::from_secs(60);

/// The way to who started us, if it wants to be told.
#[derive(Debug)]
pub(crate) struct Notify {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants a sign of life: half of its patience.
    every: Option<Duration>,
    next: Instant,
}

impl Notify {
    pub(crate) fn from_environment() -> Self {
        let micros = |value: String| value.parse().ok().map(|patience| Duration::from_micros(patience) / 2);
        let mine = env::var("WATCHDOG_PID").ok().is_none_or(|pid| pid == std::process::id().to_string());
        let every = env::var("WATCHDOG_USEC").ok().filter(|_| mine).and_then(micros);
        Self::new(env::var("NOTIFY_SOCKET").ok().as_deref().and_then(address), every)
    }

    fn new(address: Option<SocketAddr>, every: Option<Duration>) -> Self {
        let socket = address.and_then(|address| Some((UnixDatagram::unbound().ok()?, address)));
        Self { socket, every, next: Instant::now() }
    }

    /// The same way, for who has nothing to do with the watchdog.
    pub(crate) fn without_watchdog(&self) -> Self {
        Self::new(self.socket.as_ref().map(|(_, address)| address.clone()), None)
    }

    pub(crate) fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    pub(crate) fn stopping(&self, patience: Duration) {
        self.tell(&format!("STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC={}", patience.as_micros()));
    }

    /// When the next sign of life is due.
    pub(crate) fn due(&self) -> Instant {
        if self.every.is_some() { self.next } else { Instant::now() + SELDOM }
    }

    /// A sign of life, if it is due.
    pub(crate) fn beat(&mut self) {
        let Some(every) = self.every else { return };
        if self.next <= Instant::now() {
            self.tell("WATCHDOG=1");
            self.next = Instant::now() + every;
        }
    }

    fn tell(&self, words: &str) {
        if let Some((socket, address)) = &self.socket
            && let Err(error) = socket.send_to_addr(words.as_bytes(), address)
        {
            log::warn!("systemd was not told {words:?}: {error}");
        }
    }
}

fn address(name: &str) -> Option<SocketAddr> {
    match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name).ok(),
        None => SocketAddr::from_pathname(name).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_is_told() {
        let name = format!("ganger-notify-{}", std::process::id());
        let address = address(&format!("@{name}")).expect("a name");
        let systemd = UnixDatagram::bind_addr(&address).expect("a socket");
        let mut notify = Notify::new(Some(address), Some(Duration::from_secs(3600)));
        let heard = || {
            let mut bytes = [0; 256];
            let length = systemd.recv(&mut bytes).expect("a message");
            String::from_utf8_lossy(&bytes[..length]).into_owned()
        };
        notify.ready("2 queues");
        assert_eq!(heard(), "READY=1\nSTATUS=2 queues");
        notify.beat();
        assert_eq!(heard(), "WATCHDOG=1");
        notify.beat();
        notify.stopping(Duration::from_secs(2));
        assert_eq!(
            heard(),
            "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=2000000",
            "no second beat before it is due"
        );
    }
}
