//! What the auth routes share: the pool of the owner role, the settings, keys, the hasher.

use std::sync::Arc;

use deadpool_postgres::Pool;

use super::jwks::SigningKey;
use super::password::{self, Hasher};
use super::{Authenticator, ConfigFault};
use crate::config::{Config, CrmConfig};

/// Lifetime of access tokens unless configured.
const DEFAULT_ACCESS_TOKEN_TTL_S: u64 = 3600;

/// Settings of the auth routes, with defaults filled in.
#[derive(Debug, Clone)]
pub struct AuthSettings {
    /// `<public URL>/auth/v1`: the issuer of tokens and the base of links.
    pub issuer: String,
    pub site_url: String,
    pub access_token_ttl_s: i64,
    pub mailer_autoconfirm: bool,
    pub signup_disabled: bool,
    pub password_min_length: usize,
    pub refresh_token_reuse_interval_s: i64,
    /// Cost of new bcrypt hashes.
    pub bcrypt_cost: u32,
}

impl AuthSettings {
    /// From the configuration; zero means the default for lifetime and length.
    pub fn new(crm: &CrmConfig) -> Self {
        let ttl_s = match crm.access_token_ttl_s {
            0 => DEFAULT_ACCESS_TOKEN_TTL_S,
            configured => configured,
        };
        let seconds = |s: u64| i64::try_from(s).unwrap_or(i64::MAX);
        Self {
            issuer: format!("{}/auth/v1", crm.public_url.trim_end_matches('/')),
            site_url: crm.site_url.clone(),
            access_token_ttl_s: seconds(ttl_s).min(i64::from(u32::MAX)),
            mailer_autoconfirm: crm.mailer_autoconfirm,
            signup_disabled: crm.signup_disabled,
            password_min_length: crm.password_min_length.max(password::MIN_LENGTH),
            refresh_token_reuse_interval_s: seconds(crm.refresh_token_reuse_interval_s),
            bcrypt_cost: password::DEFAULT_COST,
        }
    }
}

/// State of the auth routes (`web::Data<AuthState>`).
#[derive(Clone)]
pub struct AuthState {
    /// Connections of the role that owns the auth tables.
    pub pool: Pool,
    pub settings: AuthSettings,
    pub authenticator: Arc<Authenticator>,
    pub hasher: Hasher,
    signing: SigningKey,
}

impl std::fmt::Debug for AuthState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthState")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl AuthState {
    /// Puts the parts together.
    ///
    /// # Errors
    /// No configured key can sign.
    pub fn new(
        pool: Pool,
        config: &Config,
        authenticator: Arc<Authenticator>,
    ) -> Result<Self, ConfigFault> {
        Self::with_settings(pool, AuthSettings::new(&config.crm), authenticator)
    }

    /// As [`Self::new`], with settings that are not in the configuration.
    ///
    /// # Errors
    /// No configured key can sign.
    pub fn with_settings(
        pool: Pool,
        settings: AuthSettings,
        authenticator: Arc<Authenticator>,
    ) -> Result<Self, ConfigFault> {
        let signing = authenticator
            .keys()
            .and_then(|keys| keys.signing())
            .cloned()
            .ok_or_else(|| ConfigFault::new("jwt-secret holds no key that can sign tokens"))?;
        Ok(Self {
            pool,
            hasher: Hasher::new(settings.bcrypt_cost),
            settings,
            authenticator,
            signing,
        })
    }

    /// The key that signs access tokens.
    pub fn signing_key(&self) -> &SigningKey {
        &self.signing
    }
}
