//! [`AppState`]: what every request shares. Configuration and schema cache are immutable values behind
//! atomic pointers, replaced whole on reload, so that a request never sees half of a change.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use deadpool::Status;

use crate::auth::Authenticator;
use crate::config::Config;
use crate::observe::Metrics;
use crate::pg::session::{SessionManager, SessionPool};
use crate::schema_cache::SchemaCache;

/// A schema cache with the number of its load.
#[derive(Debug)]
pub struct LoadedSchemaCache {
    pub cache: SchemaCache,
    /// 1 for the first load, then counting up; prepared statements of earlier loads are dropped.
    pub generation: u64,
}

/// State shared by all workers.
pub struct AppState {
    /// What file, environment and arguments said, before the database's own settings.
    start_config: Config,
    config: ArcSwap<Config>,
    authenticator: ArcSwap<Authenticator>,
    schema_cache: ArcSwapOption<LoadedSchemaCache>,
    generations: AtomicU64,
    pg_version: AtomicU32,
    /// Seconds a client should wait after a 503: the current delay between attempts to reconnect.
    retry_after_s: AtomicU32,
    /// A session of the `authenticator` role for background work; requests use their worker's pool.
    pub pool: SessionPool,
    /// The pools of the workers, for the metrics.
    worker_pools: Mutex<Vec<SessionPool>>,
    /// Connections of the owner role; absent in PostgREST mode.
    pub admin_pool: Option<deadpool_postgres::Pool>,
    pub metrics: Metrics,
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState")
            .field("config", &self.config())
            .finish_non_exhaustive()
    }
}

impl AppState {
    /// A state without a schema cache yet.
    pub fn new(
        config: Config,
        authenticator: Authenticator,
        sessions: &SessionManager,
        admin_pool: Option<deadpool_postgres::Pool>,
    ) -> Self {
        Self {
            start_config: config.clone(),
            config: ArcSwap::from_pointee(config),
            authenticator: ArcSwap::from_pointee(authenticator),
            schema_cache: ArcSwapOption::empty(),
            generations: AtomicU64::new(0),
            pg_version: AtomicU32::new(crate::pg::version::MINIMUM),
            retry_after_s: AtomicU32::new(1),
            pool: sessions.pool(1),
            worker_pools: Mutex::default(),
            admin_pool,
            metrics: Metrics::new(),
        }
    }

    /// The configuration without what the database says.
    pub fn start_config(&self) -> &Config {
        &self.start_config
    }

    /// The current configuration.
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// Replaces the configuration and what derives from it.
    pub fn set_config(&self, config: Config, authenticator: Authenticator) {
        self.authenticator.store(Arc::new(authenticator));
        self.config.store(Arc::new(config));
    }

    /// A pool for one worker.
    pub fn open_worker_pool(&self, size: usize) -> SessionPool {
        let pool = self.pool.manager().pool(size);
        self.worker_pools
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(pool.clone());
        pool
    }

    /// Sums over the pools of all workers.
    pub fn pool_status(&self) -> Status {
        let pools = self
            .worker_pools
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let zero = Status {
            max_size: 0,
            size: 0,
            available: 0,
            waiting: 0,
        };
        pools
            .iter()
            .map(SessionPool::status)
            .fold(zero, |sum, pool| Status {
                max_size: sum.max_size + pool.max_size,
                size: sum.size + pool.size,
                available: sum.available + pool.available,
                waiting: sum.waiting + pool.waiting,
            })
    }

    /// The current verifier of tokens and keys.
    pub fn authenticator(&self) -> Arc<Authenticator> {
        self.authenticator.load_full()
    }

    /// The current schema cache; `None` until the first load succeeded.
    pub fn schema_cache(&self) -> Option<Arc<LoadedSchemaCache>> {
        self.schema_cache.load_full()
    }

    /// Replaces the schema cache.
    pub fn set_schema_cache(&self, cache: SchemaCache) {
        let generation = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
        self.schema_cache
            .store(Some(Arc::new(LoadedSchemaCache { cache, generation })));
    }

    /// `server_version_num` as last seen.
    pub fn pg_version(&self) -> u32 {
        self.pg_version.load(Ordering::Relaxed)
    }

    /// Notes the server's version.
    pub fn set_pg_version(&self, version: u32) {
        self.pg_version.store(version, Ordering::Relaxed);
    }

    /// For the `Retry-After` header, in seconds.
    pub fn retry_after_s(&self) -> u32 {
        self.retry_after_s.load(Ordering::Relaxed)
    }

    /// Notes the delay until the next attempt to reach the database, in seconds.
    pub fn set_retry_after_s(&self, seconds: u32) {
        self.retry_after_s.store(seconds, Ordering::Relaxed);
    }
}
