//! [`AppState`]: what every request shares. Configuration and schema cache are immutable values behind
//! atomic pointers, replaced whole on reload, so that a request never sees half of a change.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use deadpool::Status;
use tokio::sync::Notify;

use crate::auth::Authenticator;
use crate::config::Config;
use crate::config::in_db::DatabaseSettings;
use crate::config::load::{ConfigError, Sources};
use crate::observe::Metrics;
use crate::pg::session::{SessionManager, SessionPool};
use crate::schema_cache::SchemaCache;
use crate::schema_cache::load::Loader;

/// A schema cache with the number of its load.
#[derive(Debug)]
pub struct LoadedSchemaCache {
    pub cache: SchemaCache,
    /// 1 for the first load, one more with each that differs; prepared statements of earlier ones are
    /// dropped.
    pub generation: u64,
}

/// How the server is doing, as flags that the admin server shows.
#[derive(Debug, Default)]
pub struct Health {
    /// The last load of the schema cache succeeded.
    pub schema_cache_loaded: AtomicBool,
    /// The listener's connection stands.
    pub listening: AtomicBool,
    /// The API's socket accepts connections.
    pub serving: AtomicBool,
}

/// State shared by all workers.
pub struct AppState {
    /// Where the configuration is read again from.
    sources: Sources,
    /// What file, environment and arguments said at the start, before the database's own settings.
    start_config: Config,
    /// What the database said last.
    database_settings: ArcSwap<DatabaseSettings>,
    config: ArcSwap<Config>,
    authenticator: ArcSwap<Authenticator>,
    schema_cache: ArcSwapOption<LoadedSchemaCache>,
    generations: AtomicU64,
    /// Loads the schema cache, and knows what it found last.
    pub loader: tokio::sync::Mutex<Loader>,
    pg_version: AtomicU32,
    /// Seconds a client should wait after a 503: the current delay between attempts to reconnect.
    retry_after_s: AtomicU32,
    /// Seconds a writer should wait while a migration keeps writers out; 0 when none does.
    maintenance_s: AtomicU32,
    /// A session of the `authenticator` role for background work; requests use their worker's pool.
    pub pool: SessionPool,
    /// The pools of the workers, for the metrics.
    worker_pools: Mutex<Vec<SessionPool>>,
    /// Connections of the owner role; absent in PostgREST mode.
    pub admin_pool: Option<deadpool_postgres::Pool>,
    pub metrics: Metrics,
    /// The old names: since when they are deprecated, and who still uses them.
    pub legacy: crate::rest::legacy::Surface,
    pub health: Health,
    /// Told after every change of the configuration.
    pub config_changed: Notify,
    /// Told when the process is to end because it cannot recover.
    pub give_up: Notify,
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState")
            .field("config", &self.config())
            .finish_non_exhaustive()
    }
}

impl AppState {
    /// A state without a schema cache yet. `config` was read from `sources`.
    pub fn new(
        sources: Sources,
        config: Config,
        authenticator: Authenticator,
        sessions: &SessionManager,
        admin_pool: Option<deadpool_postgres::Pool>,
    ) -> Self {
        Self {
            sources,
            start_config: config.clone(),
            database_settings: ArcSwap::default(),
            config: ArcSwap::from_pointee(config),
            authenticator: ArcSwap::from_pointee(authenticator),
            schema_cache: ArcSwapOption::empty(),
            generations: AtomicU64::new(0),
            loader: tokio::sync::Mutex::default(),
            pg_version: AtomicU32::new(crate::pg::version::MINIMUM),
            retry_after_s: AtomicU32::new(1),
            maintenance_s: AtomicU32::new(0),
            pool: sessions.pool(1),
            worker_pools: Mutex::default(),
            admin_pool,
            metrics: Metrics::new(),
            legacy: crate::rest::legacy::Surface::default(),
            health: Health::default(),
            config_changed: Notify::new(),
            give_up: Notify::new(),
        }
    }

    /// Reads file and environment again, without what the database says. Options that need a restart
    /// keep the values of the start.
    ///
    /// # Errors
    /// When the file cannot be read or an option's text does not fit.
    pub fn read_config(&self) -> Result<Config, ConfigError> {
        let fresh = self.sources.read()?;
        Ok(fresh.keeping_fixed_of(&self.start_config))
    }

    /// What the database said last about the configuration.
    pub fn database_settings(&self) -> Arc<DatabaseSettings> {
        self.database_settings.load_full()
    }

    /// Keeps what the database said.
    pub fn set_database_settings(&self, settings: DatabaseSettings) {
        self.database_settings.store(Arc::new(settings));
    }

    /// The current configuration.
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// Replaces the configuration and what derives from it.
    pub fn set_config(&self, config: Config, authenticator: Authenticator) {
        let authenticator =
            authenticator.following(&self.authenticator(), &config.jwt, &self.config().jwt);
        self.authenticator.store(Arc::new(authenticator));
        self.config.store(Arc::new(config));
        self.config_changed.notify_one();
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

    /// Replaces the schema cache and returns the one before. Where nothing at all has changed in the catalogue,
    /// the present one stays, and sessions keep their prepared statements: those depend on more than the cache
    /// shows, on tables of other schemas under a function, on types made again under the same name.
    pub fn set_schema_cache(
        &self,
        cache: SchemaCache,
        is_unchanged: bool,
    ) -> Option<Arc<LoadedSchemaCache>> {
        let before = self.schema_cache();
        // A load whose result got lost on its way here leaves another one behind.
        let is_kept = |before: &Arc<LoadedSchemaCache>| is_unchanged && before.cache == cache;
        if !before.as_ref().is_some_and(is_kept) {
            let generation = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
            self.schema_cache
                .store(Some(Arc::new(LoadedSchemaCache { cache, generation })));
        }
        self.health
            .schema_cache_loaded
            .store(true, Ordering::Relaxed);
        before
    }

    /// How many connections the server has ended so far.
    pub fn lost_connections(&self) -> u64 {
        self.pool.manager().lost_connections()
    }

    /// `server_version_num` as last seen.
    pub fn pg_version(&self) -> u32 {
        self.pg_version.load(Ordering::Relaxed)
    }

    /// Notes the server's version.
    pub fn set_pg_version(&self, version: u32) {
        self.pg_version.store(version, Ordering::Relaxed);
    }

    /// Seconds a writer should wait while a migration keeps writers out; 0 when none does.
    pub fn maintenance_s(&self) -> u32 {
        self.maintenance_s.load(Ordering::Relaxed)
    }

    /// Notes whether writers are kept out.
    pub fn set_maintenance_s(&self, seconds: u32) {
        self.maintenance_s.store(seconds, Ordering::Relaxed);
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
