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
