//! Loading and reloading what comes from the database: the schema cache and the in-database
//! configuration. A failed reload keeps the old value; the first load is retried with back-off until
//! it succeeds.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/schema_cache.html>.

use std::time::Duration;

use actix_web::web;
use anyhow::Context;
use backon::{BackoffBuilder, ExponentialBuilder};

use crate::auth::Authenticator;
use crate::config::in_db;
use crate::pg::version;
use crate::schema_cache::listener::Reload;
use crate::schema_cache::load::{LoadOptions, load};
use crate::state::AppState;

/// Longest pause between two attempts to reach the database.
const MAX_DELAY: Duration = Duration::from_secs(32);

/// Loads configuration and schema cache, trying again until it succeeds.
pub async fn until_loaded(state: &web::Data<AppState>) {
    let mut delays = ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(MAX_DELAY)
        .without_max_times()
        .build();
    while let Err(error) = everything(state).await {
        let delay = delays.next().unwrap_or(MAX_DELAY);
        state.set_retry_after_s(u32::try_from(delay.as_secs()).unwrap_or(u32::MAX));
        tracing::error!(
            "schema cache not loaded: {error:#}; next attempt in {} s",
            delay.as_secs()
        );
        tokio::time::sleep(delay).await;
    }
}

/// Loads the configuration, then the schema cache, once.
///
/// # Errors
/// As [`config`] and [`schema_cache`].
pub async fn everything(state: &web::Data<AppState>) -> anyhow::Result<()> {
    config(state).await?;
    schema_cache(state).await
}

/// Handles a notification. A failure is logged and what was loaded before stays.
pub async fn handle(state: &web::Data<AppState>, event: Reload) {
    let (what, result) = match event {
        Reload::SchemaCache => ("schema cache", schema_cache(state).await),
        Reload::Config => ("configuration", config(state).await),
    };
    if let Err(error) = result {
        tracing::error!("{what} not reloaded, the old one stays: {error:#}");
    }
}

/// Applies the settings that the database holds to the configuration that the server started with:
/// `pgrst.*` of the connecting role, and the settings of the roles that requests run as.
///
/// # Errors
/// When no connection can be had, a query fails or a setting's text does not fit its option.
pub async fn config(state: &web::Data<AppState>) -> anyhow::Result<()> {
    let session = state
        .pool
        .get()
        .await
        .context("connecting to the database")?;
    let mut config = state.start_config().clone();
    if config.database.in_db_config {
        let pre_config = config.database.pre_config.clone();
        let settings = in_db::settings(session.client(), pre_config.as_ref()).await?;
        crate::config::load::apply_in_db(&mut config, &settings)?;
    }
    let roles = in_db::role_settings(session.client()).await?;
    config.rest.role_settings = roles.settings;
    config.rest.role_isolation = roles.isolation;
    let authenticator = Authenticator::from_config(&config)?;
    state.set_config(config, authenticator);
    Ok(())
}

/// Loads the schema cache once.
///
/// # Errors
/// When no connection can be had or a catalogue query fails. The old cache stays.
pub async fn schema_cache(state: &web::Data<AppState>) -> anyhow::Result<()> {
    let result = try_schema_cache(state).await;
    let status = if result.is_ok() { "SUCCESS" } else { "FAIL" };
    state
        .metrics
        .schema_cache_loads
        .with_label_values(&[status])
        .inc();
    result
}

async fn try_schema_cache(state: &web::Data<AppState>) -> anyhow::Result<()> {
    let timer = std::time::Instant::now();
    let session = state
        .pool
        .get()
        .await
        .context("connecting to the database")?;
    let found = version::server_version_num(session.client()).await?;
    anyhow::ensure!(
        found >= version::MINIMUM,
        "PostgreSQL {} or newer is needed, the server is {}",
        version::MINIMUM / 10_000,
        found / 10_000
    );
    state.set_pg_version(found);
    let config = state.config();
    let cache = load(session.client(), &LoadOptions::from_config(&config.rest)).await?;
    state
        .metrics
        .schema_cache_query_time
        .observe(timer.elapsed().as_secs_f64());
    tracing::info!(
        relations = cache.tables.len(),
        relationships = cache.relationships.values().map(Vec::len).sum::<usize>(),
        routines = cache.routines.values().map(Vec::len).sum::<usize>(),
        "schema cache loaded in {:.1} ms",
        timer.elapsed().as_secs_f64() * 1000.0
    );
    state.set_schema_cache(cache);
    Ok(())
}
