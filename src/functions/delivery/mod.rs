//! Delivery of what triggers asked for with `net.http_post`: a task that empties `net.http_request_queue`.
//!
//! In: rows that were queued inside clients' transactions and so are seen only after their commit. Out:
//! calls. Those of our own functions run in this process, with the headers that the trigger gave; others
//! go out, to public addresses only ([`crate::outbound`]).
//!
//! A row is claimed with `for update skip locked` and a lease, so many processes share a queue, a killed
//! one loses nothing, and nothing is held open while a call runs. At least once: a call whose answer was
//! not seen is made again. Where the real pg_net is installed, its own worker delivers and this one rests.
//! Source: <https://supabase.com/docs/guides/database/extensions/pg_net>.

mod target;

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use serde_json::{Map, Value};
use tokio::task::JoinHandle;
use tokio_postgres::Row;

use super::{FunctionRequest, Functions, call};
use crate::outbound;
use target::Target;

/// Time between looks at an empty queue.
const PAUSE: Duration = Duration::from_secs(1);
/// Time between looks while there is no queue, or no database.
const LONG_PAUSE: Duration = Duration::from_secs(15);
/// Longest that one call may take, whatever the trigger asked for.
const MAX_TIMEOUT: Duration = Duration::from_secs(30);
/// A claimed row is free again after this time; above [`MAX_TIMEOUT`].
const LEASE_S: f64 = 60.0;
/// Rows claimed at once.
const BATCH: i64 = 10;
/// Calls of one row in all.
const MAX_ATTEMPTS: i16 = 6;
/// Delays between them: 2, 4, 8 … seconds, with jitter.
const FIRST_DELAY: Duration = Duration::from_secs(2);
const LONGEST_DELAY: Duration = Duration::from_secs(300);

/// Starts the task.
///
/// # Errors
/// When no HTTP client can be made.
pub fn spawn(functions: Functions) -> Result<JoinHandle<()>, reqwest::Error> {
    let worker = Worker {
        client: outbound::client()?,
        functions,
    };
    Ok(tokio::spawn(async move {
        loop {
            let pause = match worker.round().await {
                Ok(Round::Full) => continue,
                Ok(Round::Empty) => PAUSE,
                Ok(Round::NoQueue) => LONG_PAUSE,
                Err(error) => {
                    tracing::warn!(error, "delivery: the queue cannot be read");
                    LONG_PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
    }))
}

/// What a look at the queue found.
enum Round {
    NoQueue,
    Empty,
    Full,
}

/// How a call ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Delivered,
    /// Trying again will not help.
    Refused(String),
    /// It may.
    Failed(String),
}

struct Worker {
    functions: Functions,
    client: reqwest::Client,
}

/// One claimed row.
struct Queued {
    id: i64,
    attempts: i16,
    url: String,
    request: FunctionRequest,
    timeout: Duration,
}

impl Worker {
    async fn round(&self) -> Result<Round, String> {
        let pool = &self.functions.auth.pool;
        let text = |error: tokio_postgres::Error| error.to_string();
        let client = pool.get().await.map_err(|error| error.to_string())?;
        let is_ours = client
            .query_one(include_str!("sql/is_ours.sql"), &[])
            .await
            .map_err(text)?;
        if !is_ours.get::<_, bool>(0) {
            return Ok(Round::NoQueue);
        }
        let rows = client
            .query(include_str!("sql/claim.sql"), &[&BATCH, &LEASE_S])
            .await
            .map_err(text)?;
        drop(client);
        let found = rows.len();
        futures_util::future::join_all(rows.iter().map(|row| self.deliver(row))).await;
        Ok(match i64::try_from(found) {
            Ok(BATCH) => Round::Full,
            _ => Round::Empty,
        })
    }

    async fn deliver(&self, row: &Row) {
        let queued = match Queued::from_row(row) {
            Ok(queued) => queued,
            Err(error) => {
                tracing::error!(%error, "delivery: a queued request cannot be read");
                return;
            }
        };
        let outcome = match tokio::time::timeout(queued.timeout, self.send(&queued)).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome::Failed("no answer in time".into()),
        };
        if let Err(error) = self.finish(&queued, outcome).await {
            // The lease ends and the call is made again.
            tracing::warn!(
                error,
                id = queued.id,
                "delivery: the outcome was not stored"
            );
        }
    }

    async fn send(&self, queued: &Queued) -> Outcome {
        let public_url = &self.functions.app.config().crm.public_url;
        match target::parse(&queued.url, public_url) {
            Ok(Target::Own { function }) => {
                let answer = call(&self.functions, &function, &queued.request).await;
                outcome(answer.status)
            }
            Ok(Target::Foreign(url)) => self.post(url, &queued.request).await,
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    async fn post(&self, url: url::Url, request: &FunctionRequest) -> Outcome {
        let mut post = self.client.post(url).body(request.body.clone());
        for (name, value) in &request.headers {
            post = post.header(name, value);
        }
        match post.send().await {
            Ok(answer) => outcome(answer.status().as_u16()),
            Err(error) if error.is_builder() => Outcome::Refused(error.to_string()),
            // Without the address, which may hold a secret.
            Err(error) => Outcome::Failed(error.without_url().to_string()),
        }
    }

    async fn finish(&self, queued: &Queued, outcome: Outcome) -> Result<(), String> {
        let client = self
            .functions
            .auth
            .pool
            .get()
            .await
            .map_err(|e| e.to_string())?;
        let (id, attempts) = (queued.id, queued.attempts);
        let done = match outcome {
            Outcome::Failed(reason) if attempts < MAX_ATTEMPTS => {
                tracing::info!(id, attempts, reason, "delivery: will be tried again");
                client
                    .execute(
                        include_str!("sql/later.sql"),
                        &[&id, &delay(attempts).as_secs_f64()],
                    )
                    .await
            }
            Outcome::Failed(reason) | Outcome::Refused(reason) => {
                tracing::warn!(id, attempts, reason, "delivery: given up");
                remove(&client, id).await
            }
            Outcome::Delivered => remove(&client, id).await,
        };
        done.map(|_| ()).map_err(|error| error.to_string())
    }
}

async fn remove(client: &deadpool_postgres::Client, id: i64) -> Result<u64, tokio_postgres::Error> {
    client
        .execute("delete from net.http_request_queue where id = $1", &[&id])
        .await
}

/// What a status means for a queued call.
fn outcome(status: u16) -> Outcome {
    match status {
        200..=299 => Outcome::Delivered,
        408 | 425 | 429 | 500..=599 => Outcome::Failed(format!("status {status}")),
        _ => Outcome::Refused(format!("status {status}")),
    }
}

/// Before the next call, after so many.
fn delay(attempts: i16) -> Duration {
    let backoff = ExponentialBuilder::default()
        .with_min_delay(FIRST_DELAY)
        .with_max_delay(LONGEST_DELAY)
        .without_max_times()
        .with_jitter()
        .build();
    let earlier = usize::try_from(attempts.saturating_sub(1)).unwrap_or_default();
    backoff.into_iter().nth(earlier).unwrap_or(LONGEST_DELAY)
}

impl Queued {
    fn from_row(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let headers: Option<Value> = row.try_get("headers")?;
        let body: Option<Vec<u8>> = row.try_get("body")?;
        let timeout: i32 = row.try_get("timeout_milliseconds")?;
        let timeout = Duration::from_millis(u64::try_from(timeout).unwrap_or_default());
        Ok(Self {
            id: row.try_get("id")?,
            attempts: row.try_get("attempts")?,
            url: row.try_get("url")?,
            request: FunctionRequest {
                method: row.try_get::<_, String>("method")?.to_uppercase(),
                headers: pairs(headers.as_ref().and_then(Value::as_object)),
                body: body.unwrap_or_default().into(),
            },
            timeout: timeout.clamp(Duration::from_millis(1), MAX_TIMEOUT),
        })
    }
}

fn pairs(headers: Option<&Map<String, Value>>) -> Vec<(String, String)> {
    let headers = headers.into_iter().flatten();
    headers
        .filter_map(|(name, value)| Some((name.to_lowercase(), value.as_str()?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_by_itself_is_tried_again() {
        assert_eq!(outcome(204), Outcome::Delivered);
        for status in [429, 500, 503] {
            assert!(matches!(outcome(status), Outcome::Failed(_)), "{status}");
        }
        for status in [301, 400, 401, 404] {
            assert!(matches!(outcome(status), Outcome::Refused(_)), "{status}");
        }
    }

    #[test]
    fn delays_grow_to_a_limit() {
        for (attempts, at_least) in [(1, 2), (2, 4), (3, 8)] {
            let delay = delay(attempts).as_secs();
            assert!(
                (at_least..=2 * at_least).contains(&delay),
                "{attempts}: {delay}"
            );
        }
        assert!(delay(i16::MAX) <= 2 * LONGEST_DELAY);
        assert!(delay(i16::MIN) > Duration::ZERO);
    }
}
