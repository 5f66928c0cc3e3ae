//! Words for systemd, where it listens: sd_notify(3), by the crate of that name. Where nobody listens they go nowhere.
//!
//! READY and RELOADING are said by who starts and reloads the service. What has to be said again and again is said by the
//! driver's own loop, with its [`Pulse`]: a driver that hangs falls silent, and is killed for it.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// How often the driver comes by if nobody watches it.
const SELDOM: Duration = Duration::from_secs(60);
/// How often the status is told at most.
const STATUS: Duration = Duration::from_secs(1);
/// How often more time is asked for at the end, and how much: a commit to a slow disk must fit in.
const EXTEND: Duration = Duration::from_secs(1);
const EXTENSION: Duration = Duration::from_secs(10);

/// The store is open, the workers have answered, the sockets listen.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// Has a descriptor kept for the next service, under this name; false where nobody listens.
pub(crate) fn keep(name: &str, descriptor: BorrowedFd<'_>) -> bool {
    let told = sd_notify::notify_with_fds(&[NotifyState::FdStore, NotifyState::FdName(name)], &[descriptor]);
    if let Err(error) = &told {
        log::warn!("systemd does not keep a socket: {error}");
    }
    told.is_ok() && std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// What was kept under this name is no longer.
pub(crate) fn forget(name: &str) {
    tell(&[NotifyState::FdStoreRemove, NotifyState::FdName(name)]);
}

/// The configuration is about to be read again: until it is [`ready`] as before, `systemctl reload` waits.
pub(crate) fn reloading() {
    // systemd asks when that was, so that it does not take an older "ready" for the answer.
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => log::warn!("systemd was not told of the reload: {error}"),
    }
}

fn tell(words: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(words) {
        log::warn!("systemd was not told {words:?}: {error}");
    }
}

fn tell_extension(time: Duration) {
    tell(&[NotifyState::ExtendTimeoutUsec(u32::try_from(time.as_micros()).unwrap_or(u32::MAX))]);
}

/// What the service does, in a few words of `systemctl status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) waiting: u64,
    pub(crate) running: usize,
    pub(crate) ending: bool,
    pub(crate) disk_refuses: bool,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { waiting, running, ending, disk_refuses } = self;
        let before = match (ending, disk_refuses) {
            (true, _) => "ending: ",
            (false, true) => "the disk refuses: ",
            (false, false) => "",
        };
        write!(f, "{before}{waiting} waiting, {running} running")
    }
}

/// What the driver says of itself as long as it lives.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// How often systemd wants a sign of life: half of its patience.
    watchdog: Option<Duration>,
    sign: Instant,
    told: Option<Status>,
    /// When the status may be told again; it has changed since if `changed`.
    status: Instant,
    changed: bool,
    /// When more time is asked for, if the service is about to end.
    extend: Option<Instant>,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        let (watchdog, now) = (sd_notify::watchdog_enabled().map(|patience| patience / 2), Instant::now());
        Self { watchdog, sign: now, told: None, status: now, changed: false, extend: None }
    }

    /// When it has something to say.
    pub(crate) fn due(&self) -> Instant {
        let sign = self.watchdog.map_or_else(|| Instant::now() + SELDOM, |_| self.sign);
        let others = [self.changed.then_some(self.status), self.extend];
        others.into_iter().flatten().fold(sign, Instant::min)
    }

    /// Says what is due.
    pub(crate) fn beat(&mut self, status: Status) {
        let now = Instant::now();
        if let Some(every) = self.watchdog.filter(|_| self.sign <= now) {
            tell(&[NotifyState::Watchdog]);
            self.sign = now + every;
        }
        if self.extend.is_some_and(|due| due <= now) {
            tell_extension(EXTENSION);
            self.extend = Some(now + EXTEND);
        }
        self.changed = self.told != Some(status);
        if self.changed && self.status <= now {
            tell(&[NotifyState::Status(&status.to_string())]);
            (self.told, self.status, self.changed) = (Some(status), now + STATUS, false);
        }
    }

    /// The end has begun: from now on more time is asked for, as long as the driver lives.
    pub(crate) fn stopping(&mut self) {
        if self.extend.is_none() {
            tell(&[NotifyState::Stopping]);
            self.extend = Some(Instant::now());
        }
    }

    /// For who will be silent for that long.
    pub(crate) fn hold_breath(&self, time: Duration) {
        tell_extension(time + EXTENSION);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_when_its_time_has_come() {
        let mut pulse = Pulse::new();
        let one = Status { waiting: 1, ..Status::default() };
        pulse.beat(Status::default());
        assert!(!pulse.changed && pulse.due() > pulse.status, "nothing has changed since");
        pulse.beat(one);
        assert!(pulse.changed && pulse.due() == pulse.status, "it is told, but not at once");
        pulse.status = Instant::now();
        pulse.beat(one);
        assert_eq!((pulse.changed, pulse.told), (false, Some(one)));
        let words = Status { running: 2, ending: true, ..one }.to_string();
        assert_eq!(words, "ending: 1 waiting, 2 running");
    }
}
