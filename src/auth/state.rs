//! What the auth routes share: the pool of the owner role, the settings, keys, the hasher.

use std::net::IpAddr;
use std::sync::Arc;

use deadpool_postgres::Pool;

use super::error::{AuthError, Result, codes};
use super::jwks::SigningKey;
use super::limits::Limits;
use super::password::{self, Hasher};
use super::redirect::Redirects;
use super::{Authenticator, ConfigFault};
use crate::config::{Config, CrmConfig, MailConfig, RateLimits};
use crate::mail::{Letter, Mailer};

/// Lifetime of access tokens unless configured.
const DEFAULT_ACCESS_TOKEN_TTL_S: u64 = 3600;

/// Settings of the auth routes, with defaults filled in.
#[derive(Debug, Clone)]
pub struct AuthSettings {
    /// `<public URL>/auth/v1`: the issuer of tokens and the base of links.
    pub issuer: String,
    pub redirects: Redirects,
    pub access_token_ttl_s: i64,
    pub mailer_autoconfirm: bool,
    pub signup_disabled: bool,
    pub password_min_length: usize,
    pub refresh_token_reuse_interval_s: i64,
    /// Cost of new bcrypt hashes.
    pub bcrypt_cost: u32,
    pub otp_ttl_s: i64,
    pub otp_length: usize,
    pub secure_email_change: bool,
    pub secure_password_change: bool,
    /// Links in mails open a page with a button.
    pub verify_page: bool,
    pub trusted_proxies: Vec<IpAddr>,
    pub rate_limits: RateLimits,
    pub mail: MailConfig,
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
            redirects: Redirects::new(&crm.site_url, &crm.redirect_urls),
            access_token_ttl_s: seconds(ttl_s).min(i64::from(u32::MAX)),
            mailer_autoconfirm: crm.mailer_autoconfirm,
            signup_disabled: crm.signup_disabled,
            password_min_length: crm.password_min_length.max(password::MIN_LENGTH),
            refresh_token_reuse_interval_s: seconds(crm.refresh_token_reuse_interval_s),
            bcrypt_cost: password::DEFAULT_COST,
            otp_ttl_s: seconds(crm.otp_ttl_s),
            otp_length: crm.otp_length.clamp(6, 10),
            secure_email_change: crm.secure_email_change,
            secure_password_change: crm.secure_password_change,
            verify_page: crm.verify_page,
            trusted_proxies: crm.trusted_proxies.clone(),
            rate_limits: crm.rate_limits,
            mail: crm.mail.clone(),
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
    pub limits: Limits,
    mailer: Mailer,
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
    /// No configured key can sign, or mails cannot be sent as configured.
    pub fn new(
        pool: Pool,
        config: &Config,
        authenticator: Arc<Authenticator>,
    ) -> std::result::Result<Self, ConfigFault> {
        Self::with_settings(pool, AuthSettings::new(&config.crm), authenticator)
    }

    /// As [`Self::new`], with settings that are not in the configuration.
    ///
    /// # Errors
    /// No configured key can sign, or mails cannot be sent as configured.
    pub fn with_settings(
        pool: Pool,
        settings: AuthSettings,
        authenticator: Arc<Authenticator>,
    ) -> std::result::Result<Self, ConfigFault> {
        let signing = authenticator
            .keys()
            .and_then(|keys| keys.signing())
            .cloned()
            .ok_or_else(|| {
                ConfigFault::new(
                    "neither auth-signing-keys nor jwt-secret holds a key that can sign tokens",
                )
            })?;
        Ok(Self {
            pool,
            limits: Limits::new(settings.rate_limits, settings.mail.interval_s),
            mailer: Mailer::new(&settings.mail)
                .map_err(|fault| ConfigFault::new(fault.to_string()))?,
            hasher: Hasher::new(settings.bcrypt_cost),
            settings,
            authenticator,
            signing,
        })
    }

    /// Whether mails can be sent, before something is done that is in vain without one.
    ///
    /// # Errors
    /// 422 `email_provider_disabled`.
    pub fn require_mail(&self) -> Result<()> {
        if self.mailer.can_send() {
            return Ok(());
        }
        tracing::error!("auth: a mail is needed and smtp-host is not set");
        let text = "Mails cannot be sent: this server has no mail server configured";
        Err(AuthError::new(codes::EMAIL_PROVIDER_DISABLED, text))
    }

    /// Sends a mail.
    ///
    /// # Errors
    /// 500 when it cannot even be queued.
    pub async fn send(&self, letter: &Letter) -> Result<()> {
        self.mailer.send(letter).await.map_err(|fault| {
            tracing::error!(%fault, "auth: mail not sent");
            AuthError::unexpected("Error sending the mail")
        })
    }

    /// The key that signs access tokens.
    pub fn signing_key(&self) -> &SigningKey {
        &self.signing
    }
}
