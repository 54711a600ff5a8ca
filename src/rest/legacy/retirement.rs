//! When the old names end, as headers and as an error. Pure: the moment is an argument.
//!
//! `Deprecation` is `@` and seconds since 1970 (RFC 9745), `Sunset` an HTTP date (RFC 8594).

use std::time::{Duration, UNIX_EPOCH};

use chrono::DateTime;

use super::Use;
use crate::config::LegacyConfig;
use crate::error::{Error, codes};

const DAY_S: i64 = 24 * 60 * 60;

/// Since when the old names are deprecated where nothing was migrated: the version of the schema that
/// brought the new ones, of 3 November 2026.
const DEPRECATED_SINCE_S: i64 = 1_793_664_000;

/// What is known about the old names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retirement {
    /// The old names are another face of the new tables. False before the migration, when they are tables.
    pub is_old_face: bool,
    /// Since when they are deprecated, in seconds since 1970.
    pub deprecated_s: i64,
    /// From when they are no longer served; `None`: no end is set.
    pub sunset_s: Option<i64>,
}

impl Retirement {
    /// Of a database whose migration was completed at `completed_s`; `None`: it was made new.
    pub fn new(completed_s: Option<i64>, config: LegacyConfig) -> Self {
        let grace_s = i64::from(config.grace_days) * DAY_S;
        Self {
            is_old_face: true,
            deprecated_s: completed_s.unwrap_or(DEPRECATED_SINCE_S),
            sunset_s: config
                .sunset_s
                .or_else(|| completed_s.map(|completed| completed.saturating_add(grace_s))),
        }
    }

    /// What served the old names was removed: they have ended, whatever the settings say since then.
    #[must_use]
    pub fn removed(self, now_s: i64) -> Self {
        Self {
            sunset_s: Some(self.sunset_s.map_or(now_s, |sunset| sunset.min(now_s))),
            ..self
        }
    }

    /// Whether the old names have ended.
    pub fn is_over(&self, now_s: i64) -> bool {
        self.sunset_s.is_some_and(|sunset| sunset <= now_s)
    }

    /// The headers of every answer under an old name.
    pub fn headers(&self, used: &Use) -> Vec<(String, String)> {
        let successor = used.successor();
        let mut headers = vec![
            ("Deprecation".into(), format!("@{}", self.deprecated_s)),
            (
                "Link".into(),
                format!("<{successor}>; rel=\"successor-version\""),
            ),
            ("Warning".into(), format!("299 - \"{}\"", used.warning())),
            ("X-Deprecated".into(), "true".into()),
            ("X-Alternative".into(), successor),
        ];
        if let Some(sunset) = self.sunset_s {
            headers.push(("Sunset".into(), http_date(sunset)));
            headers.push(("X-Deprecation-Date".into(), date(sunset)));
        }
        headers
    }

    /// The answer after the end.
    pub fn gone(&self, used: &Use) -> Error {
        let (old, new) = (used.old, used.new);
        let ended = self.sunset_s.map(date).unwrap_or_default();
        Error::new(
            &codes::OPP410,
            format!("\"{old}\" is no longer served since {ended}"),
        )
        .details(format!(
            "It was the old name of \"{new}\", which has the same rows under the same ids"
        ))
        .hint(format!(
            "Use {} instead; the migration guide names the columns and values that differ",
            used.successor()
        ))
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`. Moments before 1970 count as 1970.
fn http_date(seconds: i64) -> String {
    let seconds = u64::try_from(seconds).unwrap_or_default();
    // The year 9999 is the last that the format can say.
    let moment = UNIX_EPOCH + Duration::from_secs(seconds.min(253_402_300_799));
    httpdate::fmt_http_date(moment)
}

/// `1994-11-06`.
fn date(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0)
        .map(|moment| moment.format("%Y-%m-%d").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::legacy::names::find;

    fn header(headers: &[(String, String)], name: &str) -> Option<String> {
        let found = headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }

    #[test]
    fn a_migrated_database_serves_its_old_names_for_the_grace_period() {
        let config = LegacyConfig::default();
        let retirement = Retirement::new(Some(1_700_000_000), config);
        assert_eq!(retirement.sunset_s, Some(1_700_000_000 + 30 * DAY_S));
        assert!(!retirement.is_over(1_700_000_000 + 30 * DAY_S - 1));
        assert!(retirement.is_over(1_700_000_000 + 30 * DAY_S));
        let used = find("/deals/7", "").expect("an old name");
        let headers = retirement.headers(&used);
        for (name, value) in [
            ("Deprecation", "@1700000000"),
            ("Sunset", "Thu, 14 Dec 2023 22:13:20 GMT"),
            ("Link", "</opportunities/7>; rel=\"successor-version\""),
            (
                "Warning",
                "299 - \"Deprecated endpoint. Use /opportunities/7 instead\"",
            ),
            ("X-Deprecated", "true"),
            ("X-Deprecation-Date", "2023-12-14"),
            ("X-Alternative", "/opportunities/7"),
        ] {
            assert_eq!(header(&headers, name).as_deref(), Some(value), "{name}");
        }
        let gone = retirement.gone(&used);
        assert_eq!((gone.status(), gone.code()), (410, "OPP410"));
    }

    #[test]
    fn the_end_can_be_moved_and_a_new_database_has_none() {
        let later = LegacyConfig {
            grace_days: 90,
            sunset_s: None,
        };
        assert_eq!(Retirement::new(Some(0), later).sunset_s, Some(90 * DAY_S));
        let fixed = LegacyConfig {
            grace_days: 90,
            sunset_s: Some(5),
        };
        assert_eq!(Retirement::new(Some(0), fixed).sunset_s, Some(5));
        assert_eq!(Retirement::new(None, fixed).sunset_s, Some(5));
        let fresh = Retirement::new(None, later);
        assert_eq!(fresh.sunset_s, None);
        assert!(!fresh.is_over(i64::MAX));
        let headers = fresh.headers(&find("/deals", "").expect("an old name"));
        assert_eq!(header(&headers, "Sunset"), None);
        assert_eq!(header(&headers, "X-Deprecation-Date"), None);
        assert!(header(&headers, "Deprecation").is_some());
    }

    #[test]
    fn what_was_removed_does_not_come_back_with_a_longer_period() {
        let config = LegacyConfig {
            grace_days: 60,
            sunset_s: None,
        };
        let now = 40 * DAY_S;
        let longer = Retirement::new(Some(0), config);
        assert!(!longer.is_over(now) && longer.removed(now).is_over(now));
        let ended = Retirement::new(Some(0), LegacyConfig::default()).removed(now);
        assert_eq!(ended.sunset_s, Some(30 * DAY_S));
        assert!(Retirement::new(None, config).removed(now).is_over(now));
    }

    #[test]
    fn a_new_database_deprecates_since_its_schema() {
        let version = crate::mapping::sql::VIEWS_FILE;
        let file = version.trim_start_matches("migrations/");
        let day = chrono::NaiveDate::parse_from_str(&file[..8], "%Y%m%d");
        let midnight = day.expect("a date").and_hms_opt(0, 0, 0);
        assert_eq!(
            midnight.expect("a moment").and_utc().timestamp(),
            DEPRECATED_SINCE_S
        );
    }
}
