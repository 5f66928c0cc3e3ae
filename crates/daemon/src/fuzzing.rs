//! What clients give to a service, tried with anything: bodies of fuzz targets.

use std::time::{Duration, SystemTime};

use crate::cron::Cron;
pub use crate::server::fuzzing::http;

/// The fields of a schedule, a line break, a time zone, another, and hours since 1970. It is due in the future, or never; and
/// what is due is due once.
pub fn cron(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.splitn(3, '\n');
    let (fields, zone) = (lines.next().unwrap_or_default(), lines.next().unwrap_or("UTC"));
    let hours = lines.next().and_then(|hours| hours.parse::<u32>().ok()).unwrap_or(480_000);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(hours) * 3600);
    match Cron::parse(fields, zone) {
        Ok(cron) => {
            let due = cron.next(now);
            assert!(due.is_none_or(|due| due > now), "due before {now:?}: {due:?}");
            let again = due.and_then(|due| cron.next(due));
            assert!(again.is_none_or(|again| Some(again) > due), "due again at once: {again:?}");
        }
        Err(why) => assert!(!why.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use ganger_corpus::replay;

    #[test]
    fn any_schedule_is_due_later_or_refused() {
        replay("cron", super::cron);
    }

    #[test]
    fn any_connection_is_answered() {
        replay("http", super::http);
    }
}
