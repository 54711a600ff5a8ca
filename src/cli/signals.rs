//! Signals: Ctrl-C and `kill` ask for an orderly end, SIGUSR1 and SIGUSR2 for a reload.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedSender;

use super::failure::{Exit, Failure};
use crate::schema_cache::listener::Reload;

fn handler(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|e| Failure::new(Exit::Other, format!("installing a signal handler: {e}")))
}

/// Completes at SIGINT, SIGTERM or SIGHUP. Made before anything is started, so that a signal during
/// the start is not lost; a second one ends the process at once.
///
/// # Errors
/// When the system refuses the handlers.
pub(super) fn shutdown() -> Result<impl Future<Output = ()> + Send, Failure> {
    let mut interrupt = handler(SignalKind::interrupt())?;
    let mut terminate = handler(SignalKind::terminate())?;
    let mut hangup = handler(SignalKind::hangup())?;
    Ok(async move {
        let name = tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
            _ = hangup.recv() => "SIGHUP",
        };
        tracing::info!("Received termination unix signal {name}");
    })
}

/// SIGUSR1 and SIGUSR2, caught from now on.
/// Source: <https://docs.postgrest.org/en/stable/references/schema_cache.html#schema-cache-reloading>.
pub(super) struct Reloads {
    schema_cache: Signal,
    config: Signal,
}

impl Reloads {
    /// Installs the handlers; without them these signals end the process.
    ///
    /// # Errors
    /// When the system refuses the handlers.
    pub(super) fn catch() -> Result<Self, Failure> {
        Ok(Self {
            schema_cache: handler(SignalKind::user_defined1())?,
            config: handler(SignalKind::user_defined2())?,
        })
    }

    /// Passes them on until the receiver is gone.
    pub(super) async fn forward(mut self, to: UnboundedSender<Reload>) {
        loop {
            let reload = tokio::select! {
                Some(()) = self.schema_cache.recv() => Reload::SchemaCache,
                Some(()) = self.config.recv() => Reload::Config,
                else => return,
            };
            if to.send(reload).is_err() {
                return;
            }
        }
    }
}
