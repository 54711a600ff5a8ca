//! Until when the events of version 1 (`deal.*`) are told beside those of version 2.
//!
//! In: when the migration was completed, and what the operator set. Out: headers of a delivery, and why one is
//! not made. After the completion both are told; version 1 is deprecated three months later and ends after six,
//! not before the old names of the API do. `legacy-sunset` is the end of both where it is set. What happened
//! before the end is delivered after it, too.
//!
//! `Deprecation` is `@` and seconds since 1970 (RFC 9745), `Sunset` an HTTP date (RFC 8594).

use std::time::{Duration, UNIX_EPOCH};

use chrono::{DateTime, Months, Utc};

use super::payload::Version;
use crate::mapping::table::EVENTS;
use crate::state::AppState;

/// From the completion of the migration.
pub const DEPRECATED_AFTER_MONTHS: u32 = 3;
pub const ENDS_AFTER_MONTHS: u32 = 6;
/// Headers of a delivery of version 1.
pub const DEPRECATION: &str = "deprecation";
pub const SUNSET: &str = "sunset";
pub const WARNING: &str = "warning";

/// When version 1 ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overlap {
    /// `None`: nothing is known yet.
    pub deprecated: Option<DateTime<Utc>>,
    /// `None`: no end is set.
    pub end: Option<DateTime<Utc>>,
}

/// As it is now: the operator may move the end at any time.
pub fn of(state: &AppState) -> Overlap {
    let names = state.legacy.retirement();
    if !names.is_old_face {
        return Overlap::default();
    }
    Overlap::new(
        names.deprecated_s,
        names.sunset_s,
        state.config().legacy.sunset_s,
    )
}

impl Overlap {
    /// `since_s`: since when the old names are deprecated; `names_end_s`: when the API's old names end, if they
    /// do; `set_s`: the end that the operator set. All in seconds since 1970.
    pub fn new(since_s: i64, names_end_s: Option<i64>, set_s: Option<i64>) -> Self {
        let moment = |seconds: i64| DateTime::from_timestamp(seconds, 0);
        let since = moment(since_s);
        let after =
            |months: u32| since.and_then(|since| since.checked_add_months(Months::new(months)));
        let end = match set_s {
            Some(set) => moment(set),
            None => names_end_s.and_then(moment).map(|names_end| {
                after(ENDS_AFTER_MONTHS).map_or(names_end, |end| end.max(names_end))
            }),
        };
        Self {
            deprecated: match (after(DEPRECATED_AFTER_MONTHS), end) {
                (Some(deprecated), Some(end)) => Some(deprecated.min(end)),
                (deprecated, _) => deprecated,
            },
            end,
        }
    }

    /// When a subscription hears nothing of these events any more.
    pub fn end_of<S: AsRef<str>>(&self, events: &[S]) -> Option<DateTime<Utc>> {
        let is_old = |event: &S| Version::of(event.as_ref()) == Version::V1;
        self.end.filter(|_| events.iter().any(is_old))
    }

    /// Why version 1 is told no more, once it is not.
    pub fn ended(&self, now: DateTime<Utc>) -> Option<String> {
        let end = self.end.filter(|end| *end <= now)?;
        Some(format!(
            "the events `deal.*` and `dealNote.*` ended on {}: subscribe to opportunity.* and \
             opportunity_note.*",
            end.format("%Y-%m-%d")
        ))
    }

    /// Why an event that happened at that time is not told.
    pub(super) fn refuses(&self, event: &str, occurred_at: DateTime<Utc>) -> Option<String> {
        match Version::of(event) {
            Version::V1 => self.ended(occurred_at),
            Version::V2 => None,
        }
    }

    /// What a delivery of an old word's event carries.
    pub fn headers(&self, event: &str) -> Vec<(&'static str, String)> {
        let Some(map) = EVENTS.iter().find(|map| map.old == event) else {
            return Vec::new();
        };
        let mut headers = vec![(
            WARNING,
            format!(
                "299 - \"Deprecated event. Subscribe to {} instead\"",
                map.new
            ),
        )];
        if let Some(deprecated) = self.deprecated {
            headers.push((DEPRECATION, format!("@{}", deprecated.timestamp())));
        }
        if let Some(end) = self.end {
            headers.push((SUNSET, http_date(end)));
        }
        headers
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`. Moments before 1970 count as 1970.
fn http_date(moment: DateTime<Utc>) -> String {
    let seconds = u64::try_from(moment.timestamp()).unwrap_or_default();
    // The year 9999 is the last that the format can say.
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds.min(253_402_300_799)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: i64 = 24 * 60 * 60;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    fn seconds(text: &str) -> i64 {
        moment(text).timestamp()
    }

    #[test]
    fn version_1_is_deprecated_after_three_months_and_ends_after_six() {
        let completed = seconds("2026-11-22T10:00:00Z");
        let overlap = Overlap::new(completed, Some(completed + 30 * DAY_S), None);
        assert_eq!(overlap.deprecated, Some(moment("2027-02-22T10:00:00Z")));
        assert_eq!(overlap.end, Some(moment("2027-05-22T10:00:00Z")));
        let headers = overlap.headers("deal.won");
        for header in [
            ("deprecation", "@1803290400"),
            ("sunset", "Sat, 22 May 2027 10:00:00 GMT"),
            (
                "warning",
                "299 - \"Deprecated event. Subscribe to opportunity.won instead\"",
            ),
        ] {
            let found = headers
                .iter()
                .any(|(name, value)| (*name, value.as_str()) == header);
            assert!(found, "{header:?} in {headers:?}");
        }
        assert_eq!(overlap.headers("opportunity.won"), []);
    }

    #[test]
    fn the_operator_sets_the_end_and_a_longer_grace_period_moves_it() {
        let since = seconds("2026-11-22T10:00:00Z");
        let set = seconds("2026-12-01T00:00:00Z");
        let soon = Overlap::new(since, Some(set), Some(set));
        assert_eq!(soon.end, Some(moment("2026-12-01T00:00:00Z")));
        assert_eq!(soon.deprecated, soon.end, "not after the end");
        let long = Overlap::new(since, Some(since + 400 * DAY_S), None);
        assert_eq!(
            long.end.map(|end| end.timestamp()),
            Some(since + 400 * DAY_S)
        );
        let fresh = Overlap::new(since, None, None);
        assert_eq!(fresh.end, None, "a database made new has no end");
        assert!(fresh.ended(DateTime::<Utc>::MAX_UTC).is_none());
    }

    #[test]
    fn what_happened_before_the_end_is_told() {
        let set = seconds("2026-12-01T00:00:00Z");
        let overlap = Overlap::new(0, Some(set), Some(set));
        let (before, after) = (
            moment("2026-11-30T23:59:59Z"),
            moment("2026-12-01T00:00:00Z"),
        );
        assert_eq!(overlap.refuses("deal.won", before), None);
        let reason = overlap.refuses("deal.won", after).expect("a reason");
        assert!(reason.contains("ended on 2026-12-01"), "{reason}");
        assert_eq!(overlap.refuses("opportunity.won", after), None);
        assert_eq!(overlap.end_of(&["opportunity.won"]), None);
        assert_eq!(
            overlap.end_of(&["opportunity.won", "deal.won"]),
            Some(after)
        );
    }
}
