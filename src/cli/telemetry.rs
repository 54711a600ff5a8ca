//! Where the log goes: standard error, at the level of the configuration unless `RUST_LOG` says
//! otherwise; as JSON when nobody looks at a terminal.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogLevel};

/// Installs the subscriber of the process; a second call changes nothing.
pub(super) fn install(config: &Config) {
    let level = match config.log.level {
        // Start-up and recovery messages are logged at every level.
        LogLevel::Crit | LogLevel::Error => "warn,oppbase=info",
        LogLevel::Warn | LogLevel::Info => "warn,oppbase=info",
        LogLevel::Debug => "info,oppbase=debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let _ = if std::io::stderr().is_terminal() {
        builder.compact().try_init()
    } else {
        builder.json().try_init()
    };
}
