//! Signals: Ctrl-C and `kill` ask for an orderly end, a second time for an end at once; SIGUSR1 and
//! SIGUSR2 ask for a reload.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedSender;

use super::failure::{Exit, Failure};
use crate::schema_cache::listener::Reload;

fn handler(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|e| Failure::new(Exit::Other, format!("installing a signal handler: {e}")))
}

/// Some callers send one signal twice, to the process and to its group (`timeout` does).
const SAME_SIGNAL: Duration = Duration::from_millis(200);

/// Completes at SIGINT, SIGTERM or SIGHUP. Made before anything is started, so that a signal during
/// the start is not lost; a second one ends the process at once, with [`Exit::Other`]. (A private
/// PostgreSQL ends with its owner, however that ends.)
///
/// # Errors
/// When the system refuses the handlers.
pub(super) fn shutdown() -> Result<impl Future<Output = ()> + Send, Failure> {
    let mut first = Endings::catch()?;
    Ok(async move {
        let name = first.next().await;
        tracing::info!("Received termination unix signal {name}");
        tokio::spawn(end_at_the_second());
    })
}

async fn end_at_the_second() {
    tokio::time::sleep(SAME_SIGNAL).await;
    // The handlers are there already, so this does not fail; what they caught until now is ignored.
    let Ok(mut second) = Endings::catch() else {
        return;
    };
    second.next().await;
    super::note("ended at once: what was running is cut off");
    std::process::exit(Exit::Other as i32);
}

/// The signals that ask for an end, caught from now on.
struct Endings {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Endings {
    fn catch() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: handler(SignalKind::interrupt())?,
            terminate: handler(SignalKind::terminate())?,
            hangup: handler(SignalKind::hangup())?,
        })
    }

    /// Waits for one; its name.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hangup.recv() => "SIGHUP",
        }
    }
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
