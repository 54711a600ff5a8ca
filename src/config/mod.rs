//! Configuration, grouped by topic. Later sources win: file, environment, database role settings.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/configuration.html>.

pub mod crm;
mod dotenv;
pub mod dump;
mod file;
pub mod in_db;
pub mod load;
pub mod local;
pub mod options;
mod reloadable;
pub mod renamed;
mod value;

use std::collections::HashMap;
use std::path::PathBuf;

use crate::pg::ident::QualifiedIdentifier;
use crate::schema_cache::routine::IsolationLevel;

pub use crm::{
    CrmConfig, MailConfig, MailTemplate, PostmarkConfig, RateLimits, SmtpTls, WebhookConfig,
};

/// Which product the server is: the CRM (all services, prefixes `/rest/v1`, …) or a PostgREST
/// replacement mounted at `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    #[default]
    Crm,
    Postgrest,
}

/// Everything the server was told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    pub profile: Profile,
    pub server: ServerConfig,
    pub database: DatabaseConfig,
    pub rest: RestConfig,
    pub jwt: JwtConfig,
    pub log: LogConfig,
    pub crm: CrmConfig,
    pub legacy: LegacyConfig,
    pub storage: StorageConfig,
}

/// How long the old names are served after the migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegacyConfig {
    /// Days from the recorded completion of the migration.
    pub grace_days: u32,
    /// Instead of the grace period: the end itself, in seconds since 1970.
    pub sunset_s: Option<i64>,
}

impl Default for LegacyConfig {
    fn default() -> Self {
        Self {
            grace_days: 30,
            sunset_s: None,
        }
    }
}

/// Listeners and HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerConfig {
    pub host: String,
    pub port: u16,
    pub unix_socket: Option<String>,
    pub unix_socket_mode: u32,
    pub admin_host: Option<String>,
    pub admin_port: Option<u16>,
    /// Instead of the admin port.
    pub admin_unix_socket: Option<String>,
    pub admin_unix_socket_mode: u32,
    /// `SO_REUSEPORT`: several processes on one port.
    pub reuse_port: bool,
    /// `None`: any origin.
    pub cors_allowed_origins: Option<Vec<String>>,
    /// Request header echoed in the answer.
    pub trace_header: Option<String>,
    /// `Server-Timing`.
    pub timing_enabled: bool,
    /// Largest request body.
    pub max_body_bytes: usize,
    /// Worker threads; `None`: one per core.
    pub workers: Option<usize>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 3000,
            unix_socket: None,
            unix_socket_mode: 0o660,
            admin_host: None,
            admin_port: None,
            admin_unix_socket: None,
            admin_unix_socket_mode: 0o660,
            reuse_port: false,
            cors_allowed_origins: None,
            trace_header: None,
            timing_enabled: false,
            max_body_bytes: 50 * 1024 * 1024,
            workers: None,
        }
    }
}

/// Connection and pool.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseConfig {
    /// Connection string of the `authenticator` role (URI or key=value).
    pub uri: String,
    /// Connection string of the owner role for what only the server may do (auth, bookkeeping).
    /// Empty in PostgREST mode.
    pub admin_uri: Option<String>,
    pub pool_size: usize,
    pub pool_acquisition_timeout_s: u64,
    pub pool_max_idletime_s: u64,
    pub pool_max_lifetime_s: u64,
    pub pool_automatic_recovery: bool,
    pub prepared_statements: bool,
    pub channel: String,
    pub channel_enabled: bool,
    /// Read `pgrst.*` settings of the role.
    pub in_db_config: bool,
    pub pre_config: Option<QualifiedIdentifier>,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            uri: "postgresql://".into(),
            admin_uri: None,
            pool_size: 10,
            pool_acquisition_timeout_s: 10,
            pool_max_idletime_s: 30,
            pool_max_lifetime_s: 1800,
            pool_automatic_recovery: true,
            prepared_statements: true,
            channel: "pgrst".into(),
            channel_enabled: true,
            in_db_config: true,
            pre_config: None,
        }
    }
}

/// `db-tx-end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TxEnd {
    /// Roll back by default.
    pub rollback: bool,
    /// `Prefer: tx=` may choose.
    pub allow_override: bool,
}

/// `openapi-mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenApiMode {
    #[default]
    FollowPrivileges,
    IgnorePrivileges,
    Disabled,
}

/// `client-error-verbosity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorVerbosity {
    #[default]
    Verbose,
    /// Only the code and the message.
    Minimal,
}

/// What the engine's stages need.
#[derive(Debug, Clone, PartialEq)]
pub struct RestConfig {
    /// Exposed schemas, default first; never empty.
    pub schemas: Vec<String>,
    pub extra_search_path: Vec<String>,
    /// `None`: anonymous access is off.
    pub anon_role: Option<String>,
    pub max_rows: Option<u64>,
    pub plan_enabled: bool,
    pub aggregates_enabled: bool,
    pub pre_request: Option<QualifiedIdentifier>,
    pub root_spec: Option<QualifiedIdentifier>,
    pub tx_end: TxEnd,
    pub hoisted_tx_settings: Vec<String>,
    pub openapi_mode: OpenApiMode,
    pub openapi_security_active: bool,
    pub openapi_server_proxy_uri: Option<String>,
    pub error_verbosity: ErrorVerbosity,
    /// Filters may address an aliased embed by its target's name.
    pub use_legacy_target_names: bool,
    /// What the real frontends get wrong is read as they meant it.
    pub frontend_tolerance: bool,
    /// `app.settings.*` with their whole names, set in every transaction.
    pub app_settings: Vec<(String, String)>,
    /// Settings of each impersonated role (`ALTER ROLE … SET`), applied per transaction.
    pub role_settings: HashMap<String, Vec<(String, String)>>,
    /// `default_transaction_isolation` of each impersonated role.
    pub role_isolation: HashMap<String, IsolationLevel>,
}

impl Default for RestConfig {
    fn default() -> Self {
        Self {
            schemas: vec!["public".into()],
            extra_search_path: vec!["public".into()],
            anon_role: None,
            max_rows: None,
            plan_enabled: false,
            aggregates_enabled: false,
            pre_request: None,
            root_spec: None,
            tx_end: TxEnd::default(),
            hoisted_tx_settings: vec![
                "statement_timeout".into(),
                "plan_filter.statement_cost_limit".into(),
                "default_transaction_isolation".into(),
            ],
            openapi_mode: OpenApiMode::default(),
            openapi_security_active: false,
            openapi_server_proxy_uri: None,
            error_verbosity: ErrorVerbosity::default(),
            use_legacy_target_names: true,
            frontend_tolerance: false,
            app_settings: Vec::new(),
            role_settings: HashMap::new(),
            role_isolation: HashMap::new(),
        }
    }
}

/// Token verification.
#[derive(Clone, PartialEq)]
pub struct JwtConfig {
    /// HS256 secret, a JWK or a JWK set (JSON text), as configured; `None`: tokens are refused.
    pub secret: Option<String>,
    pub secret_is_base64: bool,
    pub audience: Option<String>,
    /// `jwt-role-claim-key`.
    pub role_claim_key: String,
    pub cache_max_entries: u64,
}

impl std::fmt::Debug for JwtConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JwtConfig")
            .field("secret", &self.secret.as_ref().map(|_| "redacted"))
            .field("audience", &self.audience)
            .field("role_claim_key", &self.role_claim_key)
            .finish_non_exhaustive()
    }
}

impl Default for JwtConfig {
    fn default() -> Self {
        Self {
            secret: None,
            secret_is_base64: false,
            audience: None,
            role_claim_key: "$.role".into(),
            cache_max_entries: 1000,
        }
    }
}

/// `log-level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LogLevel {
    Crit,
    #[default]
    Error,
    Warn,
    Info,
    Debug,
}

/// Logging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogConfig {
    pub level: LogLevel,
    /// Log the main statement.
    pub query: bool,
}
/// Largest file that an upload may have unless configured: 50 MiB.
pub const DEFAULT_FILE_SIZE_LIMIT_BYTES: u64 = 50 * 1024 * 1024;

/// Where the files of `/storage/v1` are. Neither folder nor S3 bucket: the service is not enabled.
#[derive(Debug, Clone, PartialEq)]
pub struct StorageConfig {
    /// Folder of this machine.
    pub dir: Option<PathBuf>,
    /// Instead of a folder.
    pub s3: S3Config,
    /// Put before every key, without slashes at its ends; `stub/stub` for a self-hosted Supabase's folder.
    pub key_prefix: String,
    /// Largest file of any bucket.
    pub file_size_limit_bytes: u64,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            dir: None,
            s3: S3Config::default(),
            key_prefix: String::new(),
            file_size_limit_bytes: DEFAULT_FILE_SIZE_LIMIT_BYTES,
        }
    }
}

/// An S3-compatible store. What is not given comes from the `AWS_*` environment.
#[derive(Clone, PartialEq, Default)]
pub struct S3Config {
    /// Name of the S3 bucket that holds the files of all our buckets.
    pub bucket: Option<String>,
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
}

impl std::fmt::Debug for S3Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Config")
            .field("bucket", &self.bucket)
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}
