//! Until when old names are served after a migration: the configured days from the recorded completion, or a
//! fixed moment. The same settings as the servers', so that nothing is removed that they still serve.

use chrono::{DateTime, Utc};
use tokio_postgres::GenericClient;

use crate::config::LegacyConfig;
use crate::migrate::Fault;

/// The role that servers log in as.
const LOGIN_ROLE: &str = "authenticator";
const SETTINGS: &str = include_str!("sql/settings.sql");
const NAMES: [&str; 2] = ["pgrst.legacy_grace_days", "pgrst.legacy_sunset"];

/// The grace period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grace(pub LegacyConfig);

/// What the database's settings say of it, as `(option, text)`: they win over file and environment.
///
/// # Errors
/// When the server cannot be asked.
pub async fn settings(client: &impl GenericClient) -> Result<Vec<(String, String)>, Fault> {
    let rows = client
        .query(SETTINGS, &[&LOGIN_ROLE, &NAMES.as_slice()])
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

impl Grace {
    /// Its end for a run that was complete at this moment.
    fn end(self, completed_at: DateTime<Utc>) -> DateTime<Utc> {
        let fixed = self.0.sunset_s.and_then(|s| DateTime::from_timestamp(s, 0));
        let days = chrono::Duration::days(i64::from(self.0.grace_days));
        fixed.unwrap_or_else(|| {
            completed_at
                .checked_add_signed(days)
                .unwrap_or(DateTime::<Utc>::MAX_UTC)
        })
    }

    /// Its end, which is past by the database's clock.
    ///
    /// # Errors
    /// Exit code 2 while it is not.
    pub(super) async fn require_over(
        self,
        client: &impl GenericClient,
        completed_at: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Fault> {
        let end = self.end(completed_at);
        let now: DateTime<Utc> = client.query_one("select now()", &[]).await?.get(0);
        if end <= now {
            return Ok(end);
        }
        Err(Fault::refused(format!(
            "the old names are served until {}",
            end.format("%Y-%m-%d %H:%M UTC")
        ))
        .hint("retire them after that; `legacy-grace-days` and `legacy-sunset` move the end, `oppbase legacy usage` says who still calls"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_the_completion_unless_an_end_is_fixed() {
        let completed = DateTime::from_timestamp(1_700_000_000, 0).expect("a moment");
        let of = |grace_days, sunset_s| {
            let config = LegacyConfig {
                grace_days,
                sunset_s,
            };
            Grace(config).end(completed).timestamp()
        };
        assert_eq!(of(30, None), 1_700_000_000 + 30 * 86_400);
        assert_eq!(of(0, None), 1_700_000_000);
        assert_eq!(of(30, Some(7)), 7);
        assert!(of(u32::MAX, None) > 1_700_000_000);
    }
}
