//! `oppbase postgrest …`, and the same when the program is started under the name `postgrest`:
//! PostgREST's own command line, so that the program takes its place in a unit file or a container.
//!
//! As there, the exit code is 0 or 1, the access log goes to standard output and everything else to
//! standard error.
//! Source: <https://docs.postgrest.org/en/stable/references/cli.html>.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgGroup, Args, Parser};

use super::failure::{Exit, Failure};
use super::{block_on, print, ready, serve, telemetry};
use crate::config::dump::{Secrets, dump};
use crate::config::load::{self, Sources};
use crate::config::options::OPTIONS;
use crate::config::{Config, in_db};
use crate::pg::conn_string::ConnString;
use crate::pg::tls;
use crate::schema_cache::dump as schema_dump;
use crate::schema_cache::load::{LoadOptions, load as load_schema_cache};

/// The program's name when it stands in for PostgREST.
const NAME: &str = "postgrest";

#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    group = ArgGroup::new("instead").args(["version", "example", "dump_config", "dump_schema", "ready"])
)]
pub(super) struct Arguments {
    /// Show the version information.
    #[arg(short = 'v', long)]
    version: bool,
    /// Show an example configuration file.
    #[arg(short = 'e', long)]
    example: bool,
    /// Dump loaded configuration and exit.
    #[arg(long)]
    dump_config: bool,
    /// Dump loaded schema as JSON and exit (for debugging, output structure is unstable).
    #[arg(long)]
    dump_schema: bool,
    /// Check the health of a running server by a request to the admin server's /ready.
    #[arg(long)]
    ready: bool,
    /// Path to the configuration file.
    #[arg(value_name = "FILENAME")]
    file: Option<PathBuf>,
}

/// Create a REST API to an existing PostgreSQL database, as PostgREST does.
#[derive(Debug, Parser)]
#[command(name = NAME)]
struct Cli {
    #[command(flatten)]
    arguments: Arguments,
}

/// Whether the program was started under PostgREST's name.
pub(super) fn is_meant(program: Option<&OsString>) -> bool {
    program
        .and_then(|path| Path::new(path).file_name())
        .is_some_and(|name| name == OsStr::new(NAME))
}

/// Runs the program under PostgREST's name.
pub(super) fn run_as_program(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Cli::try_parse_from(arguments) {
        Ok(cli) => run(&cli.arguments),
        Err(error) => {
            let _ = error.print();
            if error.use_stderr() {
                Exit::Other
            } else {
                Exit::Ok
            }
            .into()
        }
    }
}

/// Runs the command; a failure is printed and every failure has PostgREST's exit code, 1.
pub(super) fn run(arguments: &Arguments) -> ExitCode {
    match dispatch(arguments) {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => {
            super::note(&failure.to_string());
            Exit::Other.into()
        }
    }
}

fn dispatch(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.version {
        print(&format!("{}\n", version()));
        return Ok(());
    }
    if arguments.example {
        print(&example());
        return Ok(());
    }
    let sources = sources(arguments.file.clone());
    let config = sources.read()?;
    if arguments.ready {
        return is_ready(&config);
    }
    telemetry::install(&config);
    if arguments.dump_config {
        return block_on(dump_config(config));
    }
    if arguments.dump_schema {
        return block_on(dump_schema(config));
    }
    tracing::info!("Starting {}...", version());
    block_on(serve::serve(sources))
}

/// The version of the behaviour, and ours.
fn version() -> String {
    format!("PostgREST 16.0 (oppbase {})", env!("CARGO_PKG_VERSION"))
}

/// The file and the environment, in PostgREST's profile whatever they say.
fn sources(file: Option<PathBuf>) -> Sources {
    let env = load::process_environment()
        .filter(|(name, _)| name != "OPPBASE_PROFILE")
        .chain([("OPPBASE_PROFILE".to_owned(), NAME.to_owned())])
        .collect();
    Sources::Files { file, env }
}

/// A configuration file with every option of PostgREST: what it is for, and its default.
fn example() -> String {
    let mut text = String::new();
    for option in OPTIONS.iter().filter(|option| !option.is_ours) {
        let value = match option.kind.is_bare() && !option.default.is_empty() {
            true => option.default.to_owned(),
            // A `$` of a file is written twice.
            false => format!("\"{}\"", option.default.replace('$', "$$")),
        };
        let comment = if option.default.is_empty() { "# " } else { "" };
        text += &format!("## {}\n{comment}{} = {value}\n\n", option.doc, option.name);
    }
    text
}

fn is_ready(config: &Config) -> Result<(), Failure> {
    let failure = |text: String| Failure::new(Exit::Other, text).prefix("ERROR: ");
    let Some(port) = config.server.admin_port else {
        return Err(failure(
            "Admin server is not running. Please check admin-server-port config.".into(),
        ));
    };
    let host = config.server.admin_host.as_ref();
    let host = host.unwrap_or(&config.server.host).as_str();
    if ["*", "*4", "!4", "*6", "!6"].contains(&host) {
        return Err(failure(format!(
            "The `--ready` flag cannot be used when server-host is configured as \"{host}\". \
             Please update your server-host config to \"localhost\"."
        )));
    }
    let address = match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let url = format!("http://{address}/ready");
    match ready::ask(&address) {
        Ok(200..=299) => {
            print(&format!("OK: {url}\n"));
            Ok(())
        }
        Ok(_) => Err(failure(url)),
        Err(_) => Err(failure(format!("connection refused to {url}"))),
    }
}

async fn dump_config(mut config: Config) -> Result<(), Failure> {
    if config.database.in_db_config {
        match with_database_settings(&config).await {
            Ok(changed) => config = changed,
            // As there: what the database cannot say is left out.
            Err(error) => tracing::error!(
                "Failed to query database settings for the config parameters. {error:#}"
            ),
        }
    }
    print(&dump(&config, Secrets::Shown));
    Ok(())
}

async fn dump_schema(mut config: Config) -> Result<(), Failure> {
    let failure = |error: anyhow::Error| Failure::new(Exit::Database, format!("{error:#}"));
    if config.database.in_db_config {
        config = with_database_settings(&config).await.map_err(failure)?;
    }
    let client = connect(&config).await.map_err(failure)?;
    let cache = load_schema_cache(&client, &LoadOptions::from_config(&config.rest))
        .await
        .map_err(|e| failure(e.into()))?;
    print(&format!("{}\n", schema_dump::to_json(&cache)));
    Ok(())
}

async fn with_database_settings(config: &Config) -> anyhow::Result<Config> {
    let client = connect(config).await?;
    let settings = in_db::settings(&client, config.database.pre_config.as_ref()).await?;
    let mut changed = config.clone();
    load::apply_in_db(&mut changed, &settings)?;
    Ok(changed)
}

async fn connect(config: &Config) -> anyhow::Result<tokio_postgres::Client> {
    let conn = ConnString::parse(&config.database.uri, |name| std::env::var(name).ok())?;
    let (client, connection) = conn.config().connect(tls::connector(&conn)?).await?;
    tokio::spawn(connection);
    Ok(client)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_flags_are_consistent_and_exclude_one_another() {
        Cli::command().debug_assert();
        assert!(Cli::try_parse_from(["postgrest", "--dump-config", "--ready"]).is_err());
        let cli = Cli::try_parse_from(["postgrest", "--dump-config", "a.conf"]).expect("fine");
        assert_eq!(cli.arguments.file, Some("a.conf".into()));
    }

    #[test]
    fn the_name_decides() {
        let is = |path: &str| is_meant(Some(&OsString::from(path)));
        assert!(is("postgrest") && is("/usr/bin/postgrest"));
        assert!(!is("oppbase") && !is("/postgrest/oppbase"));
        assert!(!is_meant(None));
    }

    #[test]
    fn the_example_is_a_file_that_says_the_defaults() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        std::io::Write::write_all(&mut file, example().as_bytes()).expect("written");
        let config = sources(Some(file.path().into()))
            .read()
            .expect("a configuration");
        let defaults = load::defaults(crate::config::Profile::Postgrest);
        assert_eq!(
            dump(&config, Secrets::Shown),
            dump(&defaults, Secrets::Shown)
        );
    }
}
