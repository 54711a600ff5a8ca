//! From the configuration to the state that everything shares: pools and verifier.

use std::time::Duration;

use anyhow::Context;

use crate::auth::Authenticator;
use crate::config::load::Sources;
use crate::config::{Config, DatabaseConfig, Profile};
use crate::pg::conn_string::ConnString;
use crate::pg::session::SessionManager;
use crate::state::AppState;

/// Builds the state; opens no connection yet.
///
/// # Errors
/// A connection string, certificate, key or role path that cannot be used.
pub(super) fn state(sources: Sources, config: Config) -> anyhow::Result<AppState> {
    let env = |name: &str| std::env::var(name).ok();
    let name = match config.profile {
        Profile::Crm => "oppbase",
        Profile::Postgrest => concat!("PostgREST (oppbase ", env!("CARGO_PKG_VERSION"), ")"),
    };
    let conn = ConnString::parse(&config.database.uri, env)
        .context("db-uri")?
        .with_application_name(name);
    let sessions = SessionManager::new(conn, &config.database)?;
    let admin_pool = match &config.database.admin_uri {
        Some(uri) => Some(admin_pool(uri, &config.database)?),
        None => None,
    };
    let authenticator = Authenticator::from_config(&config)?;
    Ok(AppState::new(
        sources,
        config,
        authenticator,
        &sessions,
        admin_pool,
    ))
}

/// The pool of the owner role, for what only the server may do.
fn admin_pool(uri: &str, config: &DatabaseConfig) -> anyhow::Result<deadpool_postgres::Pool> {
    let env = |name: &str| std::env::var(name).ok();
    let conn = ConnString::parse(uri, env)
        .context("the owner's connection string")?
        .with_application_name("oppbase-admin");
    let tls = crate::pg::tls::connector(&conn)?;
    let mut pg = conn.config().clone();
    if pg.get_options().is_none() {
        // The application's triggers on auth tables call functions without naming a schema.
        pg.options("-c search_path=public,extensions");
    }
    let manager = deadpool_postgres::Manager::new(pg, tls);
    let timeout = Duration::from_secs(config.pool_acquisition_timeout_s);
    deadpool_postgres::Pool::builder(manager)
        .max_size(config.pool_size.clamp(1, 10))
        .wait_timeout(Some(timeout))
        .create_timeout(Some(timeout))
        .runtime(deadpool_postgres::Runtime::Tokio1)
        .build()
        .context("the owner's pool")
}
