//! Until when a run may be undone: 48 hours from its recorded completion, by the database's clock.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::GenericClient;

use super::Request;
use crate::migrate::Fault;
use crate::migrate::state::{Run, Status};

/// How long, in hours.
pub const HOURS: i32 = 48;

/// The window of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Its end. None for a run that is not complete: it may always be undone.
    pub ends_at: Option<DateTime<Utc>>,
    /// It is over.
    pub is_over: bool,
}

impl Window {
    /// Asks the database, whose clock counts.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn of(client: &impl GenericClient, run: &Run) -> Result<Self, Fault> {
        let Some(completed_at) = run.completed_at.filter(|_| run.status == Status::Completed)
        else {
            return Ok(Self {
                ends_at: None,
                is_over: false,
            });
        };
        let row = client
            .query_one(
                "select $1::timestamptz + make_interval(hours => $2), \
                        now() > $1::timestamptz + make_interval(hours => $2)",
                &[&completed_at, &HOURS],
            )
            .await?;
        Ok(Self {
            ends_at: row.get(0),
            is_over: row.get(1),
        })
    }

    /// Refuses when it is over, unless somebody says why to go on.
    ///
    /// # Errors
    /// Exit code 2.
    pub fn require(&self, request: &Request) -> Result<(), Fault> {
        let reason = request.force_expired.as_deref().map(str::trim);
        match (self.is_over, reason) {
            (true, None) => {
                let end = self.ends_at.map_or_else(String::new, |end| {
                    format!(" at {}", end.format("%Y-%m-%d %H:%M:%S UTC"))
                });
                Err(Fault::refused(format!(
                    "the {HOURS} hours in which this run could be undone ended{end}"
                ))
                .hint(
                    "--force-expired \"reason\" goes back all the same, and the reason is recorded",
                ))
            }
            (_, Some("")) => Err(Fault::refused("--force-expired needs a reason")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_run_needs_a_reason() {
        let open = Window {
            ends_at: None,
            is_over: false,
        };
        let over = Window {
            ends_at: Some(Utc::now()),
            is_over: true,
        };
        let plain = Request::default();
        let forced = |reason: &str| Request {
            force_expired: Some(reason.into()),
            ..Request::default()
        };
        assert!(open.require(&plain).is_ok());
        let refusal = over.require(&plain).expect_err("it is over");
        assert_eq!(refusal.outcome.code(), 2);
        assert!(over.require(&forced("an auditor asked")).is_ok());
        assert!(over.require(&forced("  ")).is_err());
    }
}
