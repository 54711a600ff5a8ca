//! Tasks beside the requests: reloads, one after the other, and the listener that asks for them, which
//! starts anew when its options change.

use std::sync::atomic::Ordering;

use actix_web::web;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;
use tokio_postgres::config::TargetSessionAttrs;

use crate::reload;
use crate::schema_cache::listener::{self, ListenerOptions, ListenerStatus, Messages, Reload};
use crate::state::AppState;

/// Starts them. Each runs until it is aborted.
pub(super) fn start(
    state: &web::Data<AppState>,
    reloads: &UnboundedSender<Reload>,
    events: UnboundedReceiver<Reload>,
) -> [JoinHandle<()>; 3] {
    [
        tokio::spawn(crate::rest::legacy::keep::run(state.clone().into_inner())),
        tokio::spawn(reload::handle_events(state.clone(), events)),
        tokio::spawn(keep_listening(state.clone(), reloads.clone())),
    ]
}

/// The listener of the moment; ends with it.
struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn keep_listening(state: web::Data<AppState>, reloads: UnboundedSender<Reload>) {
    let mut current: Option<(String, Listening)> = None;
    loop {
        let config = state.config();
        let wanted = config
            .database
            .channel_enabled
            .then_some(config.database.channel.as_str());
        if current.as_ref().map(|(channel, _)| channel.as_str()) != wanted {
            // The old one ends before the new one starts.
            drop(current.take());
            state.health.listening.store(false, Ordering::Relaxed);
            current = wanted.map(|channel| (channel.to_owned(), listen(&state, channel, &reloads)));
        }
        drop(config);
        state.config_changed.notified().await;
    }
}

fn listen(
    state: &web::Data<AppState>,
    channel: &str,
    reloads: &UnboundedSender<Reload>,
) -> Listening {
    let (connecting, told) = (state.clone(), state.clone());
    let options = ListenerOptions {
        channel: channel.to_owned(),
        connect: Box::new(move || Box::pin(connect(connecting.clone()))),
        on_status: Box::new(move |status| note(&told, status)),
    };
    let reloads = reloads.clone();
    Listening(listener::spawn(options, move |event| {
        // Fails only when the loader is gone, at the end of the process.
        let _ = reloads.send(event);
    }))
}

fn note(state: &AppState, status: ListenerStatus) {
    let is_on = status == ListenerStatus::Listening;
    state.health.listening.store(is_on, Ordering::Relaxed);
    if let ListenerStatus::Lost { retry_in } = status {
        state.set_retry_after_s(u32::try_from(retry_in.as_secs()).unwrap_or(u32::MAX));
        if !state.config().database.pool_automatic_recovery {
            tracing::error!("Automatic recovery disabled, exiting.");
            state.give_up.notify_one();
        }
    }
}

/// A connection of its own for LISTEN, outside the pool; to the primary where several hosts are named.
async fn connect(
    state: web::Data<AppState>,
) -> Result<(tokio_postgres::Client, Messages), tokio_postgres::Error> {
    let manager = state.pool.manager();
    let mut config = manager.conn().config().clone();
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    let (client, connection) = config.connect(manager.tls()).await?;
    Ok((client, listener::messages(connection)))
}
