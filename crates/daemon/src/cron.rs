//! The clock of a schedule: `minute hour day month weekday`, in a time zone.

use std::time::SystemTime;

use cronexpr::{Crontab, MakeTimestamp};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// When a schedule is due.
#[derive(Debug)]
pub(crate) struct Cron(Crontab);

impl Cron {
    /// Reads five fields, and the name of a time zone. Else it says why, and what to give.
    pub(crate) fn parse(fields: &str, zone: &str) -> Result<Self, String> {
        let count = fields.split_whitespace().count();
        if count != 5 {
            let form = "minute hour day month weekday, as in \"*/5 8-17 * * MON-FRI\"";
            return Err(format!("{fields:?} has {count} fields: give five, {form}"));
        }
        if TimeZone::get(zone).is_err() {
            return Err(format!("{zone:?} is no time zone: give one as in Europe/Berlin, or UTC"));
        }
        let crontab = cronexpr::parse_crontab(&format!("{fields} {zone}"));
        crontab.map(Self).map_err(|error| format!("{fields:?} is no time: {error}"))
    }

    /// When it is due next after a moment; none: not in the four years that follow.
    pub(crate) fn next(&self, after: SystemTime) -> Option<SystemTime> {
        let after = Timestamp::try_from(after).ok()?;
        self.0.find_next(MakeTimestamp(after)).ok().map(|next| SystemTime::from(next.timestamp()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(fields: &str, zone: &str, after: &str) -> Option<String> {
        let after: Timestamp = after.parse().expect("a time");
        let next = Cron::parse(fields, zone).expect("a schedule").next(after.into())?;
        Some(Timestamp::try_from(next).expect("a time").to_string())
    }

    #[test]
    fn it_is_due_by_the_clock_of_its_zone() {
        let winter = "2026-01-01T10:00:00Z";
        assert_eq!(next("*/5 * * * *", "UTC", winter).as_deref(), Some("2026-01-01T10:05:00Z"));
        assert_eq!(next("0 9 * * *", "Europe/Berlin", winter).as_deref(), Some("2026-01-02T08:00:00Z"));
        assert_eq!(next("0 9 * * *", "Europe/Berlin", "2026-07-01T10:00:00Z").as_deref(), Some("2026-07-02T07:00:00Z"));
        assert_eq!(next("0 0 30 2 *", "UTC", winter), None, "there is no such day");
    }

    /// All times of a day from a moment on.
    fn day(fields: &str, from: &str) -> Vec<String> {
        let cron = Cron::parse(fields, "Europe/Berlin").expect("a schedule");
        let from: Timestamp = from.parse().expect("a time");
        let (mut now, mut found) = (SystemTime::from(from), Vec::new());
        let end = now + std::time::Duration::from_secs(24 * 3600);
        while let Some(next) = cron.next(now).filter(|next| *next < end) {
            assert!(next > now, "it never stands still");
            found.push(Timestamp::try_from(next).expect("a time").strftime("%H:%M").to_string());
            now = next;
        }
        found
    }

    #[test]
    fn an_hour_that_a_clock_leaves_out_or_has_twice() {
        // At 01:00 UTC they go from 02:00 to 03:00: what is between is not there that day.
        assert_eq!(day("30 2 * * *", "2026-03-28T23:00:00Z"), [""; 0]);
        assert_eq!(day("0 1-4 * * *", "2026-03-28T23:00:00Z"), ["00:00", "01:00", "02:00"]);
        // At 01:00 UTC they go from 03:00 back to 02:00: what is between is there twice.
        assert_eq!(day("30 2 * * *", "2026-10-24T22:00:00Z"), ["00:30", "01:30"]);
        assert_eq!(day("*/30 2 * * *", "2026-10-24T22:00:00Z"), ["00:00", "00:30", "01:00", "01:30"]);
        assert_eq!(day("30 12 * * *", "2026-10-24T22:00:00Z"), ["11:30"]);
    }

    /// What is due next is asked for at the moment that a clock shows, so one that jumps leaves out what it jumps over but
    /// for one, and one that is put back hands nothing in twice.
    #[test]
    fn a_clock_that_jumps_makes_no_heap_of_what_it_missed() {
        let five = |now: &str| next("*/5 * * * *", "UTC", now);
        assert_eq!(five("2026-01-01T18:02:00Z").as_deref(), Some("2026-01-01T18:05:00Z"), "from now on, not from then");
        assert_eq!(five("2026-01-01T10:05:00Z").as_deref(), Some("2026-01-01T10:10:00Z"), "not what is due just now");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (fields, zone, why) in [
            ("* * * *", "UTC", "has 4 fields"),
            ("* * * * * UTC", "UTC", "has 6 fields"),
            ("61 * * * *", "UTC", "is no time"),
            ("* * * * *", "Berlin", "is no time zone"),
        ] {
            let error = Cron::parse(fields, zone).expect_err("it is none");
            assert!(error.contains(why), "{error}");
        }
    }
}
