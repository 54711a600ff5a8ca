//! Ctrl-C and `kill`: both ask for an orderly end.

use tokio::signal::unix::{SignalKind, signal};

use super::failure::{Exit, Failure};

/// Completes at SIGINT, SIGTERM or SIGHUP. Made before anything is started, so that a signal during
/// the start is not lost; a second one ends the process at once.
///
/// # Errors
/// When the system refuses the handlers.
pub(super) fn shutdown() -> Result<impl Future<Output = ()> + Send, Failure> {
    let handler = |kind| {
        signal(kind)
            .map_err(|e| Failure::new(Exit::Other, format!("installing a signal handler: {e}")))
    };
    let mut interrupt = handler(SignalKind::interrupt())?;
    let mut terminate = handler(SignalKind::terminate())?;
    let mut hangup = handler(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}
