//! Loading and reloading what comes from the database: the schema cache and the in-database
//! configuration. A failed reload keeps the old value; the first load is retried with back-off until
//! it succeeds.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/schema_cache.html>.

use std::time::Duration;

use actix_web::web;
use backon::{BackoffBuilder, ExponentialBuilder};

use crate::pg::version;
use crate::schema_cache::load::{LoadOptions, load};
use crate::state::AppState;

/// Longest pause between two attempts to reach the database.
const MAX_DELAY: Duration = Duration::from_secs(32);

/// Loads the schema cache, trying again until it succeeds.
pub async fn schema_cache_until_loaded(state: &web::Data<AppState>) {
    let mut delays = ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(MAX_DELAY)
        .without_max_times()
        .build();
    while let Err(error) = schema_cache(state).await {
        let delay = delays.next().unwrap_or(MAX_DELAY);
        state.set_retry_after_s(u32::try_from(delay.as_secs()).unwrap_or(u32::MAX));
        tracing::error!(%error, "schema cache not loaded; next attempt in {} s", delay.as_secs());
        tokio::time::sleep(delay).await;
    }
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
    let session = state.pool.get().await.map_err(|e| anyhow::anyhow!("{e}"))?;
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
