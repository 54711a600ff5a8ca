//! Beside the requests: learns when the old names end, and writes down who used them.
//!
//! What is known is read again after every reload of the schema cache or the configuration, and every
//! half minute, because a migration may be completed by another process. Counts are written every two
//! seconds when there are any; a flush that fails gives them back.

use std::time::Duration;

use super::retirement::Retirement;
use super::store;
use crate::config::Profile;
use crate::pg::ident::QualifiedIdentifier;
use crate::state::AppState;

const PAUSE: Duration = Duration::from_secs(2);
/// Pauses between two looks at the database.
const LOOK_EVERY: u32 = 15;

/// Runs until it is aborted.
pub async fn run(state: std::sync::Arc<AppState>) {
    if state.config().profile != Profile::Crm {
        return;
    }
    let mut pauses = 0_u32;
    loop {
        tokio::time::sleep(PAUSE).await;
        flush(&state).await;
        pauses = (pauses + 1) % LOOK_EVERY;
        if pauses == 0 {
            refresh(&state).await;
        }
    }
}

/// Reads again when the old names end.
pub async fn refresh(state: &AppState) {
    let config = state.config();
    if config.profile != Profile::Crm {
        return;
    }
    let Some(is_removed) = old_face(state) else {
        return state.legacy.set_retirement(Retirement::default());
    };
    match completed(state).await {
        Ok(completed) => {
            let mut retirement = Retirement::new(completed, config.legacy);
            if is_removed {
                retirement = retirement.removed(chrono::Utc::now().timestamp());
            }
            state.legacy.set_retirement(retirement);
        }
        // What was known before counts on.
        Err(error) => {
            tracing::warn!("cannot read when the migration was completed: {error}");
            if !state.legacy.retirement().is_old_face {
                let retirement = Retirement::new(None, config.legacy);
                state.legacy.set_retirement(retirement);
            }
        }
    }
}

/// Where the new tables are there and the old name is no table of its own: whether its view was removed, by
/// `oppbase migrate cleanup --retire-legacy`.
fn old_face(state: &AppState) -> Option<bool> {
    let loaded = state.schema_cache()?;
    let table = |name: &str| {
        let name = QualifiedIdentifier::new("public", name);
        loaded.cache.tables.get(&name)
    };
    table("opportunities").filter(|table| !table.is_view)?;
    match table("deals") {
        None => Some(true),
        Some(deals) => deals.is_view.then_some(false),
    }
}

async fn completed(state: &AppState) -> anyhow::Result<Option<i64>> {
    match &state.admin_pool {
        Some(pool) => Ok(store::completed(&*pool.get().await?).await?),
        None => Ok(None),
    }
}

/// Writes down what was counted.
pub async fn flush(state: &AppState) {
    let Some(pool) = &state.admin_pool else {
        state.legacy.usage.take();
        return;
    };
    let calls = state.legacy.usage.take();
    if calls.is_empty() {
        return;
    }
    let written: anyhow::Result<()> = async {
        let client = pool.get().await?;
        if store::has_usage(&client).await? {
            store::flush(&client, &calls).await?;
            // Too many rows do no harm until the next time.
            if let Err(error) = store::bound(&client).await {
                tracing::warn!("cannot sum up who used the old names: {error}");
            }
        }
        Ok(())
    }
    .await;
    if let Err(error) = written {
        tracing::warn!("cannot write down who used the old names: {error}");
        for (caller, calls) in calls {
            state.legacy.usage.add(caller, calls);
        }
    }
}
