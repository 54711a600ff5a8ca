//! Where the log goes: standard error, at the level of the configuration unless `RUST_LOG` says
//! otherwise. In PostgREST's profile as PostgREST's lines; else as JSON when nobody looks at a terminal.

use std::fmt;
use std::io::IsTerminal;

use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Config, LogLevel, Profile};
use crate::observe::TIME_FORMAT;

/// Installs the subscriber of the process; a second call changes nothing.
pub(super) fn install(config: &Config) {
    let level = match config.log.level {
        // Start-up and recovery messages are logged at every level.
        LogLevel::Crit | LogLevel::Error | LogLevel::Warn | LogLevel::Info => "warn,oppbase=info",
        LogLevel::Debug => "info,oppbase=debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let _ = match config.profile {
        Profile::Postgrest => builder.event_format(PostgrestLines).try_init(),
        Profile::Crm if std::io::stderr().is_terminal() => builder.compact().try_init(),
        Profile::Crm => builder.json().try_init(),
    };
}

/// `06/May/2024:08:16:11 -0500: Config reloaded`
/// Source: <https://docs.postgrest.org/en/stable/references/observability.html#logs>.
struct PostgrestLines;

impl<S, N> FormatEvent<S, N> for PostgrestLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "{}: ", chrono::Local::now().format(TIME_FORMAT))?;
        context
            .field_format()
            .format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
