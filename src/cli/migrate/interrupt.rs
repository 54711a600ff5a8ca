//! SIGINT, SIGTERM and SIGHUP ask a command to stop after the work in hand; a second one ends it at once,
//! which loses nothing either.

use crate::cli::signals;
use crate::migrate::{Fault, Stop};

/// From now on.
///
/// # Errors
/// When the system refuses the handlers.
pub(super) fn on_signal() -> Result<Stop, Fault> {
    let stop = Stop::default();
    let asked = stop.clone();
    let ended = signals::shutdown().map_err(|failure| Fault::environment(failure.to_string()))?;
    tokio::spawn(async move {
        ended.await;
        asked.ask();
    });
    Ok(stop)
}
