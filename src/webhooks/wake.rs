//! Listens for the triggers' notifications, so that deliveries start at once. Without it (a pooler in
//! between, a lost connection) the worker looks by itself now and then.
//!
//! In: the owner's connection string. Out: wake-ups.
//! Source: <https://www.postgresql.org/docs/current/sql-listen.html>.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_postgres::AsyncMessage;

use super::CHANNEL;
use crate::pg::conn_string::ConnString;
use crate::pg::tls;

/// Pause before a lost connection is made again.
const PAUSE: Duration = Duration::from_secs(15);

/// Starts listening; runs until it is aborted.
pub(super) fn spawn(uri: String, wake: Arc<Notify>) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            if let Err(error) = listen(&uri, &wake).await {
                tracing::debug!(error, "webhooks: not listening");
            }
            tokio::time::sleep(PAUSE).await;
        }
    })
}

async fn listen(uri: &str, wake: &Notify) -> Result<(), String> {
    let conn = ConnString::parse(uri, |name| std::env::var(name).ok())
        .map_err(|error| error.to_string())?
        .with_application_name("oppbase-webhooks");
    let connector = tls::connector(&conn).map_err(|error| error.to_string())?;
    let (client, mut connection) = conn
        .config()
        .connect(connector)
        .await
        .map_err(|error| error.to_string())?;
    let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
    // Both at once: the connection must be polled for LISTEN to be answered.
    let listen = format!("listen {CHANNEL}");
    let asked = client.batch_execute(&listen);
    tokio::pin!(asked);
    let mut is_listening = false;
    loop {
        tokio::select! {
            answer = &mut asked, if !is_listening => {
                answer.map_err(|error| error.to_string())?;
                is_listening = true;
                wake.notify_one();
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(_))) => wake.notify_one(),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.to_string()),
                None => return Ok(()),
            },
        }
    }
}
