//! Listens for `NOTIFY pgrst` on a connection of its own and asks for reloads.
//!
//! Comes in: the channel and a way to connect. Goes out: [`Reload`] events. Payloads: empty or
//! `reload schema`, `reload config`; others are ignored. A lost connection is replaced, waiting 1, 2, 4…
//! up to 32 s between attempts; what was missed meanwhile is made up for by reloading everything.
//! Source: <https://docs.postgrest.org/en/stable/references/listener.html>.

use std::fmt;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Connection};

use super::debounce::Debouncer;
use crate::pg::ident::quote_ident;

/// First pause after a failure.
const MIN_DELAY: Duration = Duration::from_secs(1);
/// Longest pause between two attempts.
const MAX_DELAY: Duration = Duration::from_secs(32);

/// What is to be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reload {
    /// The configuration, then the schema cache.
    SchemaCache,
    Config,
}

impl Reload {
    /// For the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::SchemaCache => "schema cache",
            Self::Config => "config",
        }
    }
}

/// What the server sends on a connection; polling it also drives the connection's queries.
pub type Messages = BoxStream<'static, Result<AsyncMessage, tokio_postgres::Error>>;

/// Opens a connection.
pub type Connect = Box<
    dyn Fn() -> BoxFuture<'static, Result<(Client, Messages), tokio_postgres::Error>> + Send + Sync,
>;

/// What happens to the listener's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerStatus {
    Listening,
    /// Not listening; the next attempt comes after this time.
    Lost {
        retry_in: Duration,
    },
}

/// What the listener needs.
pub struct ListenerOptions {
    /// Channel, as in `LISTEN <channel>`, unquoted.
    pub channel: String,
    pub connect: Connect,
    /// Told of every change; must not block.
    pub on_status: Box<dyn Fn(ListenerStatus) + Send + Sync>,
}

impl fmt::Debug for ListenerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenerOptions")
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

/// A connection of tokio-postgres as the stream that [`Connect`] gives.
pub fn messages<S, T>(mut connection: Connection<S, T>) -> Messages
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    stream::poll_fn(move |context| connection.poll_message(context)).boxed()
}

/// Starts listening; `on_event` must not block. Runs until the handle is aborted.
pub fn spawn(
    options: ListenerOptions,
    on_event: impl Fn(Reload) + Send + Sync + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut delays = fresh_delays();
        let mut recovering = false;
        loop {
            let error = match connect(&options).await {
                Ok((client, messages)) => {
                    tracing::info!(
                        "Listening for database notifications on the \"{}\" channel",
                        options.channel
                    );
                    (options.on_status)(ListenerStatus::Listening);
                    if recovering {
                        // Reads the configuration too.
                        on_event(Reload::SchemaCache);
                        delays = fresh_delays();
                    }
                    let error = serve(&options.channel, messages, &on_event).await;
                    drop(client);
                    error
                }
                Err(error) => Some(error),
            };
            recovering = true;
            let delay = delays.next().unwrap_or(MAX_DELAY);
            let error = error.map_or_else(|| "connection closed".to_owned(), |e| e.to_string());
            (options.on_status)(ListenerStatus::Lost { retry_in: delay });
            tracing::warn!(
                "Failed listening for database notifications on the \"{}\" channel. {error}",
                options.channel
            );
            tracing::warn!(
                "Retrying listening for database notifications in {} seconds...",
                delay.as_secs()
            );
            tokio::time::sleep(delay).await;
        }
    })
}

fn fresh_delays() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(MIN_DELAY)
        .with_max_delay(MAX_DELAY)
        .without_max_times()
        .build()
}

type Received = mpsc::UnboundedReceiver<Result<AsyncMessage, tokio_postgres::Error>>;

/// Connects and subscribes. A task drives the connection until the client is dropped.
async fn connect(options: &ListenerOptions) -> Result<(Client, Received), tokio_postgres::Error> {
    let (client, mut messages) = (options.connect)().await?;
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(message) = messages.next().await {
            let is_error = message.is_err();
            if sender.send(message).is_err() || is_error {
                return;
            }
        }
    });
    // Reading the queue's usage advances its tail. Without it, LISTEN fails for good ("could not access
    // status of transaction") once PostgreSQL froze the transaction of an old notification.
    client
        .batch_execute("SELECT pg_notification_queue_usage()")
        .await?;
    let listen = format!("LISTEN {}", quote_ident(&options.channel));
    client.batch_execute(&listen).await?;
    Ok((client, receiver))
}

/// Passes events on until the connection ends; the error that ended it, if one did.
async fn serve(
    channel: &str,
    mut messages: Received,
    on_event: &impl Fn(Reload),
) -> Option<tokio_postgres::Error> {
    let mut kinds = [Reload::SchemaCache, Reload::Config].map(|r| (r, Debouncer::default()));
    loop {
        let deadline = kinds.iter().filter_map(|(_, d)| d.deadline()).min();
        tokio::select! {
            message = messages.recv() => match message {
                Some(Ok(AsyncMessage::Notification(notification))) => {
                    let reload = parse_payload(notification.payload());
                    if let Some(reload) = reload {
                        tracing::info!(
                            "Received a {} reload message on the \"{channel}\" channel",
                            reload.name()
                        );
                    }
                    for (kind, debouncer) in &mut kinds {
                        if reload == Some(*kind) && debouncer.notified(Instant::now()) {
                            on_event(*kind);
                        }
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Some(error),
                None => return None,
            },
            () = sleep_until(deadline) => {
                for (kind, debouncer) in &mut kinds {
                    if debouncer.elapsed(Instant::now()) {
                        on_event(*kind);
                    }
                }
            }
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// What a notification asks for; `None`: nothing that is known.
fn parse_payload(payload: &str) -> Option<Reload> {
    match payload {
        "" | "reload schema" => Some(Reload::SchemaCache),
        "reload config" => Some(Reload::Config),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_payloads_are_understood_and_others_ignored() {
        assert_eq!(parse_payload(""), Some(Reload::SchemaCache));
        assert_eq!(parse_payload("reload schema"), Some(Reload::SchemaCache));
        assert_eq!(parse_payload("reload config"), Some(Reload::Config));
        assert_eq!(parse_payload("reload"), None);
        assert_eq!(parse_payload("RELOAD SCHEMA"), None);
    }

    #[test]
    fn pauses_double_up_to_32_seconds() {
        let seconds: Vec<u64> = fresh_delays().take(8).map(|d| d.as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 32, 32]);
    }
}
