//! Loading and reloading: the configuration from file, environment and database, and the schema cache.
//! A failed reload keeps the old value; a failed load of the schema cache is tried again, waiting 1, 2,
//! 4… up to 32 s, until it succeeds or cannot. One that a change of the schema crossed has not failed yet: it
//! starts again at once.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/schema_cache.html>,
//! <https://docs.postgrest.org/en/stable/references/connection_pool.html#automatic-recovery>.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix_web::web;
use anyhow::Context;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_postgres::Client;

use crate::auth::Authenticator;
use crate::config::in_db::{self, DatabaseSettings};
use crate::config::{Config, ErrorVerbosity, Profile, load};
use crate::error::{Error, body};
use crate::pg::session::{Session, SessionManager};
use crate::pg::version;
use crate::rest::legacy;
use crate::schema_cache::listener::Reload;
use crate::schema_cache::load::LoadOptions;
use crate::schema_cache::{SchemaCache, low_priority};
use crate::state::AppState;

/// Longest pause between two attempts to reach the database.
const MAX_DELAY: Duration = Duration::from_secs(32);

/// How long a replaced schema cache is kept: longer than nearly all requests.
const FREE_AFTER: Duration = Duration::from_secs(5);

/// Pauses before the further attempts of a load that changes of the schema crossed.
const CROSSED_DELAYS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(400),
];

/// What no further attempt can mend.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Hopeless(String);

/// Handles events one after the other, until their sender is gone or recovery is hopeless. Between
/// events, tries again what failed.
pub async fn handle_events(state: web::Data<AppState>, mut events: UnboundedReceiver<Reload>) {
    let mut retries = state.schema_cache().is_none().then(delays);
    loop {
        let event = match &mut retries {
            None => events.recv().await,
            Some(delays) => {
                let delay = delays.next().unwrap_or(MAX_DELAY);
                state.set_retry_after_s(u32::try_from(delay.as_secs()).unwrap_or(u32::MAX));
                tracing::warn!(
                    "Attempting to reconnect to the database in {} seconds...",
                    delay.as_secs()
                );
                tokio::select! {
                    event = events.recv() => event,
                    () = tokio::time::sleep(delay) => Some(Reload::SchemaCache),
                }
            }
        };
        match event.map(|event| merged(event, &mut events)) {
            None => return,
            Some(Reload::Config) => {
                config(&state).await;
                legacy::keep::refresh(&state).await;
            }
            Some(Reload::SchemaCache) => match everything(&state).await {
                Ok(()) => retries = None,
                Err(error) if is_hopeless(&state, &error) => return state.give_up.notify_one(),
                Err(_) => {
                    retries.get_or_insert_with(delays);
                }
            },
        }
    }
}

/// One event for those that wait: the schema cache is never loaded without the configuration, and a load
/// that starts after several changes shows them all.
fn merged(first: Reload, events: &mut UnboundedReceiver<Reload>) -> Reload {
    let mut all = vec![first];
    while let Ok(event) = events.try_recv() {
        all.push(event);
    }
    match all.contains(&Reload::SchemaCache) {
        true => Reload::SchemaCache,
        false => Reload::Config,
    }
}

fn delays() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(MAX_DELAY)
        .without_max_times()
        .build()
}

/// Whether another attempt is pointless: recovery is off, the password is wrong, the server too old.
fn is_hopeless(state: &AppState, error: &anyhow::Error) -> bool {
    if !state.config().database.pool_automatic_recovery {
        tracing::error!("Automatic recovery disabled, exiting.");
        return true;
    }
    error.chain().any(|cause| {
        cause.is::<Hopeless>()
            || cause
                .downcast_ref::<tokio_postgres::Error>()
                .is_some_and(is_refused_log_in)
    })
}

fn is_refused_log_in(error: &tokio_postgres::Error) -> bool {
    use tokio_postgres::error::SqlState;
    let refused = [
        &SqlState::INVALID_PASSWORD,
        &SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
    ];
    let no_password = || {
        std::error::Error::source(error)
            .is_some_and(|source| source.to_string().contains("password missing"))
    };
    error.code().is_some_and(|code| refused.contains(&code)) || no_password()
}

/// Loads the configuration, then the schema cache, once.
///
/// # Errors
/// When the schema cache cannot be loaded; it is logged.
pub async fn everything(state: &web::Data<AppState>) -> anyhow::Result<()> {
    config(state).await;
    let result = schema_cache(state).await;
    legacy::keep::refresh(state).await;
    let status = if result.is_ok() { "SUCCESS" } else { "FAIL" };
    state
        .metrics
        .schema_cache_loads
        .with_label_values(&[status])
        .inc();
    if let Err(error) = &result {
        let loaded = &state.health.schema_cache_loaded;
        loaded.store(false, Ordering::Relaxed);
        let rest = &state.config().rest;
        tracing::error!(
            "Failed to load the schema cache using db-schemas={} and db-extra-search-path={}. {}",
            rest.schemas.join(","),
            rest.extra_search_path.join(","),
            describe(error)
        );
    }
    result
}

/// Reads the configuration again: file, environment, and the settings that the database holds (`pgrst.*`
/// of the connecting role, the settings of the roles that requests run as). A configuration that cannot
/// be used is logged and the old one stays; while the database cannot be asked, what it said last counts.
pub async fn config(state: &web::Data<AppState>) {
    match try_config(state).await {
        Ok(()) => tracing::info!("Config reloaded"),
        Err(error) => tracing::error!("Failed reloading config: {error:#}"),
    }
    if state.config().profile == Profile::Crm
        && let Err(error) = maintenance(state).await
    {
        tracing::error!("Failed to ask whether writers are kept out. {error:#}");
    }
}

/// Whether a migration keeps writers out; the row is the migration engine's.
async fn maintenance(state: &web::Data<AppState>) -> anyhow::Result<()> {
    let session = state.pool.get().await?;
    let there = "select to_regclass('migration.maintenance') is not null \
                   and has_schema_privilege('migration', 'usage')";
    let there = session.client().query_typed(there, &[]).await?;
    let mut seconds = 0;
    if there.first().is_some_and(|row| row.get(0)) {
        let on = "select m.retry_after_s from migration.maintenance m where m.is_on";
        let rows = session.client().query_typed(on, &[]).await?;
        seconds = rows.first().map_or(0, |row| row.get::<_, i32>(0));
    }
    state.set_maintenance_s(u32::try_from(seconds).unwrap_or_default());
    Ok(())
}

async fn try_config(state: &web::Data<AppState>) -> anyhow::Result<()> {
    let mut config = state.read_config()?;
    if config.database.in_db_config {
        match database_settings(state, &config).await {
            Ok(settings) => state.set_database_settings(settings),
            Err(error) => tracing::error!(
                "Failed to query database settings for the config parameters. {}",
                describe(&error)
            ),
        }
        let settings = state.database_settings();
        load::apply_in_db(&mut config, &settings.options)?;
        config.rest.role_settings = settings.roles.settings.clone();
        config.rest.role_isolation = settings.roles.isolation.clone();
    }
    let authenticator = Authenticator::from_config(&config)?;
    if authenticator.role_claim_is_deprecated() {
        let path = &config.jwt.role_claim_key;
        tracing::warn!(
            "WARNING: jwt-role-claim-key={path} has the older syntax; write it as JSONPath ($.role)"
        );
    }
    state.set_config(config, authenticator);
    Ok(())
}

async fn database_settings(
    state: &web::Data<AppState>,
    config: &Config,
) -> anyhow::Result<DatabaseSettings> {
    let session = Lent(Some(state.pool.get().await?));
    let pre_config = config.database.pre_config.as_ref();
    let options = in_db::settings(session.client(), pre_config).await;
    let roles = in_db::role_settings(session.client()).await;
    session.give_back();
    Ok(DatabaseSettings {
        options: options?,
        roles: roles?,
    })
}

async fn schema_cache(state: &web::Data<AppState>) -> anyhow::Result<()> {
    let session = state
        .pool
        .get()
        .await
        .context("connecting to the database")?;
    let (found, full_name) = version::server_version(session.client()).await?;
    if found < version::MINIMUM {
        return Err(anyhow::Error::new(Hopeless(format!(
            "Cannot run in this PostgreSQL version ({}), at least {} is needed",
            found / 10_000,
            version::MINIMUM / 10_000
        ))));
    }
    if state.schema_cache().is_none() || !state.health.schema_cache_loaded.load(Ordering::Relaxed) {
        tracing::info!("Successfully connected to {full_name}");
        tracing::info!(
            "Connection Pool initialized with a maximum size of {} connections",
            state.config().database.pool_size
        );
    }
    state.set_pg_version(found);
    let timer = Instant::now();
    let (cache, is_unchanged) = uncrossed(state, session).await?;
    let elapsed = timer.elapsed();
    let query_time = &state.metrics.schema_cache_query_time;
    query_time.set(elapsed.as_secs_f64());
    tracing::info!(
        "Schema cache queried in {:.1} milliseconds",
        elapsed.as_secs_f64() * 1000.0
    );
    tracing::info!("Schema cache loaded {}", summary(&cache));
    replace(state, cache, is_unchanged).await
}

/// Loads the cache, again if changes of the schema crossed it. Whether nothing has changed since the last one.
async fn uncrossed(state: &AppState, session: Object) -> Result<(SchemaCache, bool), Error> {
    let options = LoadOptions::from_config(&state.config().rest);
    let session = Lent(Some(session));
    let mut loader = state.loader.lock().await;
    // The server may have crashed, and may have forgotten what was read of it.
    loader.trust(state.lost_connections());
    let mut result = loader.load(session.client(), &options).await;
    for delay in CROSSED_DELAYS {
        match &result {
            Err(error) if may_be_crossed(error.code()) => {
                tracing::info!(
                    "The schema cache is read again, because the schema changed meanwhile: {error}"
                );
            }
            _ => break,
        }
        tokio::time::sleep(delay).await;
        result = loader.load(session.client(), &options).await;
    }
    session.give_back();
    let is_unchanged = loader.is_unchanged();
    Ok((result?, is_unchanged))
}

/// Whether an error may come from looking at what was dropped since the load's snapshot was taken: the
/// snapshot holds for rows, not for the functions that print them. Internal errors ("cache lookup failed"),
/// names that are not there, features, data (a label of a type).
fn may_be_crossed(code: &str) -> bool {
    ["XX", "42", "0A", "22"]
        .iter()
        .any(|class| code.starts_with(class))
}

/// A session in use. If whoever uses it stops in the middle, it may be inside a transaction or a query: then
/// it is closed, and nobody else gets it.
struct Lent(Option<Object>);

type Object = deadpool::managed::Object<SessionManager>;

impl Lent {
    fn client(&self) -> &Client {
        let session: &Session = self
            .0
            .as_ref()
            .expect("taken when it is given back or dropped");
        session.client()
    }

    /// To the pool, as it was.
    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(session) = self.0.take() {
            drop(Object::take(session));
        }
    }
}

/// Puts the cache in the place of the one before. A big one takes milliseconds to compare and to free,
/// which no request should spend that was its last user.
async fn replace(
    state: &web::Data<AppState>,
    cache: SchemaCache,
    is_unchanged: bool,
) -> anyhow::Result<()> {
    let own = state.clone();
    let before = low_priority::run(move || own.set_schema_cache(cache, is_unchanged)).await?;
    tokio::spawn(async move {
        tokio::time::sleep(FREE_AFTER).await;
        // Refused only when there can be no further thread: then it was freed here.
        let _ = low_priority::run(move || drop(before)).await;
    });
    Ok(())
}

fn summary(cache: &SchemaCache) -> String {
    format!(
        "{} Relations, {} Relationships, {} RPCs, {} Domain Representations, {} Media Type Handlers",
        cache.tables.len(),
        cache.relationships.len(),
        cache.routines.len(),
        cache.representations.len(),
        cache.media_handlers.len(),
    )
}

/// An error of ours as its JSON body, any other as text on one line.
fn describe(error: &anyhow::Error) -> String {
    match error.downcast_ref::<Error>() {
        Some(error) => {
            String::from_utf8_lossy(&body::payload(error, ErrorVerbosity::Verbose)).into_owned()
        }
        None => format!("{error:#}").replace('\n', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_schema_or_database_is_no_crossing() {
        for code in ["XX000", "42883", "42704", "42P01", "22P02", "0A000"] {
            assert!(may_be_crossed(code), "{code}");
        }
        for code in ["3F000", "57014", "53300", "PGRST001", "PGRST002", "28P01"] {
            assert!(!may_be_crossed(code), "{code}");
        }
    }
}
