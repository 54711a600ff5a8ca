//! Files: the service of `/storage/v1`.
//!
//! In: requests of storage-js and its siblings. Out: bytes, or JSON in storage's shapes. Two things are
//! kept in step: rows of `storage.objects`, which row security guards, and files of an object store,
//! which only the server can reach.
//!
//! ```text
//! routes -> identity (who, as settings of a transaction) -> bucket, object, list (rows, as the caller)
//!        -> upload, transfer (rows and bytes in step)    -> backend (bytes)
//!        -> signed_url (permission in a link), media_type, range, serve (safe answers)
//! ```
//!
//! **Row and file.** Bytes are written under a new version first, then the row names that version, then
//! the bytes of the version before are deleted. A crash leaves at worst a file that no row names, which
//! [`gc`] finds; never a row without its file.
//!
//! Source: <https://supabase.com/docs/guides/storage>, <https://github.com/supabase/storage>.

pub mod backend;
pub mod bucket;
pub mod error;
pub mod gc;
pub mod identity;
pub mod list;
pub mod media_type;
pub mod name;
pub mod object;
pub mod range;
pub mod routes;
mod row;
pub mod serve;
pub mod signed_url;
pub mod transaction;
pub mod transfer;
pub mod upload;

use std::sync::Arc;

use crate::auth::Authenticator;
use crate::config::StorageConfig;
use crate::pg::session::SessionPool;
use crate::state::AppState;
use backend::{Backend, BackendError};
use transaction::Database;

/// What the routes share.
#[derive(Debug, Clone)]
pub struct StorageState {
    app: Arc<AppState>,
    /// The worker's own.
    pool: SessionPool,
    pub backend: Backend,
    /// Largest file of any bucket.
    pub file_size_limit_bytes: u64,
}

impl StorageState {
    /// Opens the store; `None` when none is configured.
    ///
    /// # Errors
    /// A store that cannot be used as configured.
    pub fn new(app: Arc<AppState>, config: &StorageConfig) -> Result<Option<Self>, BackendError> {
        Ok(Backend::new(config)?.map(|backend| Self {
            pool: app.pool.clone(),
            app,
            backend,
            file_size_limit_bytes: config.file_size_limit_bytes,
        }))
    }

    /// The same for a worker, on its own sessions.
    #[must_use]
    pub fn with_pool(&self, pool: SessionPool) -> Self {
        Self {
            pool,
            ..self.clone()
        }
    }

    /// The database, with the configuration of this moment.
    pub fn database(&self) -> Database {
        Database {
            pool: self.pool.clone(),
            config: self.app.config(),
        }
    }

    /// The verifier of tokens, with the configuration of this moment.
    pub fn authenticator(&self) -> Arc<Authenticator> {
        self.app.authenticator()
    }
}
