//! `oppbase serve`: serves a database that the configuration names, and creates nothing in it.

use std::path::PathBuf;

use clap::Args;

use super::failure::{Exit, Failure};
use super::{schema, signals, telemetry};
use crate::config::load::{self, Sources};
use crate::config::{Config, Profile, local, renamed};
use crate::http::server;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Configuration file (`name = value` lines, PostgREST's option names); the environment wins.
    #[arg(value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let sources = Sources::of_process(arguments.config);
    let config = sources.read()?;
    check(&config)?;
    telemetry::install(&config);
    if let Some(warning) = warning(&config) {
        super::note(warning);
    }
    if config.profile == Profile::Crm
        && let Some(warning) = renamed::read(load::process_environment())?.warning
    {
        super::note(&warning);
    }
    if config.profile == Profile::Crm {
        let owner = config.database.admin_uri.as_ref();
        schema::require(owner.unwrap_or(&config.database.uri)).await?;
    }
    serve(sources).await
}

/// Serves until a signal or a failure without remedy ends it.
pub(super) async fn serve(sources: Sources) -> Result<(), Failure> {
    let shutdown = signals::shutdown()?;
    let reloads = signals::Reloads::catch()?;
    let mut shutdown = std::pin::pin!(shutdown);
    let running = tokio::select! {
        running = server::start_from(sources) => running.map_err(|e| Failure::from_server(&e))?,
        () = &mut shutdown => return Ok(()),
    };
    let forwarding = tokio::spawn(reloads.forward(running.reloads()));
    let ended = tokio::select! {
        () = shutdown => Ok(()),
        () = running.gave_up() => Err(Failure::new(
            Exit::Database,
            "the database cannot be used, and trying again would not help",
        )),
    };
    running.stop().await;
    forwarding.abort();
    ended
}

/// What the CRM needs beyond a well-formed configuration.
fn check(config: &Config) -> Result<(), Failure> {
    if config.profile == Profile::Postgrest {
        return Ok(());
    }
    refuse_well_known(config)?;
    if config.jwt.secret.is_none() && config.crm.signing_keys.is_none() {
        return Err(
            Failure::new(Exit::Configuration, "option jwt-secret is missing")
                .hint("set OPPBASE_JWT_SECRET to at least 32 random characters"),
        );
    }
    Ok(())
}

/// What works with less than the whole CRM.
fn warning(config: &Config) -> Option<&'static str> {
    if config.profile != Profile::Crm {
        return None;
    }
    if config.database.admin_uri.is_none() {
        return Some(
            "warning: option db-admin-uri is missing: nobody can log in, /auth/v1 is off\n\
             hint: set OPPBASE_DB_ADMIN_URI to the role that owns the schema",
        );
    }
    let mail = &config.crm.mail;
    if mail.smtp_host.is_none() && mail.folder.is_none() {
        return Some(
            "warning: no mail can be sent, so that nobody can confirm an address or recover a password\n\
             hint: set OPPBASE_SMTP_HOST, or OPPBASE_MAIL_FOLDER to write mails to files",
        );
    }
    None
}

/// The rule for well-known keys, as a failure.
pub(super) fn refuse_well_known(config: &Config) -> Result<(), Failure> {
    local::refuse_well_known(config).map_err(|option| {
        let host = &config.server.host;
        Failure::new(
            Exit::WellKnownKeys,
            format!("option {option} holds a well-known local value, and {host} is not loopback"),
        )
        .hint("choose values of your own, or set OPPBASE_SERVER_HOST=127.0.0.1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crm_needs_a_secret_and_a_postgrest_does_not() {
        let mut config = Config::default();
        let failure = check(&config).expect_err("no secret");
        assert_eq!(failure.exit, Exit::Configuration);
        config.jwt.secret = Some("x".repeat(32));
        assert!(check(&config).is_ok());
        config.jwt.secret = None;
        config.profile = Profile::Postgrest;
        assert!(check(&config).is_ok());
    }

    #[test]
    fn a_crm_with_a_part_missing_is_warned_about() {
        let names = |config: &Config, name| warning(config).is_some_and(|text| text.contains(name));
        let mut config = Config::default();
        assert!(names(&config, "OPPBASE_DB_ADMIN_URI"));
        config.database.admin_uri = Some("postgresql://owner@db/crm".into());
        assert!(names(&config, "OPPBASE_SMTP_HOST"));
        config.crm.mail.smtp_host = Some("localhost".into());
        assert_eq!(warning(&config), None);
        config.database.admin_uri = None;
        config.profile = Profile::Postgrest;
        assert_eq!(warning(&config), None);
    }

    #[test]
    fn well_known_keys_have_an_exit_code_of_their_own() {
        let mut config = Config::default();
        config.server.host = "0.0.0.0".into();
        config.jwt.secret = Some(local::JWT_SECRET.into());
        assert_eq!(
            check(&config).expect_err("refused").exit,
            Exit::WellKnownKeys
        );
    }
}
