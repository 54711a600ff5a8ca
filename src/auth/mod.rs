//! Identity: who is asking. Verifies tokens and keys; the GoTrue-compatible routes live in `routes`.
//!
//! In: the `Authorization` and `apikey` headers and the clock. Out: the database role and the claims, or
//! an error with its challenge. Everything in [`Authenticator`] is synchronous and without I/O.
//!
//! ```text
//! header -> keys (opaque? bearer?) -> jwt_cache -> jwt (signature, jwks) -> claims -> role_claim -> AuthResult
//! /auth/v1 -> routes -> limits -> email, password -> user, user_write, session, refresh_token -> store -> token
//!                     -> otp, pkce, redirect -> one_time_token, mail_flow, verify -> store, crate::mail
//! ```
//!
//! Sources: <https://docs.postgrest.org/en/stable/references/auth.html>,
//! <https://supabase.com/docs/guides/api/api-keys>.

pub mod api_keys;
pub mod audit;
pub mod claims;
pub mod duration;
pub mod email;
pub mod error;
pub mod fault;
pub mod jwks;
pub mod jwt;
pub mod jwt_cache;
pub mod keys;
pub mod limits;
pub mod mail_flow;
pub mod one_time_token;
pub mod otp;
pub mod password;
pub mod pkce;
pub mod redirect;
pub mod refresh_token;
pub mod role_claim;
pub mod routes;
pub mod session;
mod signed_refresh_token;
pub mod state;
pub mod store;
pub mod token;
pub mod user;
pub mod user_write;
pub mod verify;

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::config::{Config, CrmConfig, JwtConfig, Profile, RestConfig};
use crate::error::Error;
use fault::TokenFault;
use jwks::KeySet;
use jwt_cache::{JwtCache, JwtCacheCounts};
use keys::OpaqueKeys;
use role_claim::RoleClaim;

pub use state::{AuthSettings, AuthState};

/// The database role and the claims of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthResult {
    pub role: String,
    /// Shared with the cache of verified tokens.
    pub claims: Arc<Map<String, Value>>,
}

/// A setting of identity that cannot be used; the server does not start with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigFault(String);

impl ConfigFault {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Decides who is asking. Made once per configuration; shared by all workers.
#[derive(Debug)]
pub struct Authenticator {
    keys: Option<KeySet>,
    audience: Option<String>,
    role_claim: RoleClaim,
    anon_role: Option<String>,
    /// `Some`: the gateway's rules of the CRM profile; `None`: PostgREST's, `Authorization` only.
    gateway: Option<OpaqueKeys>,
    cache: JwtCache,
}

impl Authenticator {
    /// Reads keys, audience, role path. With `crm`, the gateway's rules apply.
    ///
    /// # Errors
    /// A secret that is too short or no base64, signing keys that cannot sign, a role path that does not
    /// parse.
    pub fn new(
        jwt: &JwtConfig,
        rest: &RestConfig,
        crm: Option<&CrmConfig>,
    ) -> Result<Self, ConfigFault> {
        let keys = match &jwt.secret {
            Some(secret) => Some(KeySet::parse(secret, jwt.secret_is_base64)?),
            None => None,
        };
        let keys = match crm.and_then(|crm| crm.signing_keys.as_deref()) {
            Some(json) => {
                let keys = keys.unwrap_or_else(KeySet::empty);
                Some(keys.with_signing_keys(json)?)
            }
            None => keys,
        };
        let anon_role = match crm {
            Some(_) => Some(rest.anon_role.clone().unwrap_or_else(|| keys::ANON.into())),
            None => rest.anon_role.clone(),
        };
        Ok(Self {
            keys,
            audience: jwt.audience.clone().filter(|aud| !aud.is_empty()),
            role_claim: RoleClaim::parse(&jwt.role_claim_key)?,
            anon_role,
            gateway: crm.map(OpaqueKeys::new),
            cache: JwtCache::new(jwt.cache_max_entries),
        })
    }

    /// As [`Self::new`], with the rules of the configured profile.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn from_config(config: &Config) -> Result<Self, ConfigFault> {
        let crm = (config.profile == Profile::Crm).then_some(&config.crm);
        Self::new(&config.jwt, &config.rest, crm)
    }

    /// Takes over what `previous` counted, and what it verified unless the keys changed with `config`.
    #[must_use]
    pub fn following(mut self, previous: &Self, config: &JwtConfig, old: &JwtConfig) -> Self {
        let counters = previous.cache.counters();
        self.cache = if config == old {
            previous.cache.clone()
        } else {
            JwtCache::counting(config.cache_max_entries, counters)
        };
        self
    }

    /// Who is asking, from the two headers as they came.
    ///
    /// CRM profile, in this order: a bad `apikey` is refused whatever else was sent; a token in
    /// `Authorization` decides; then an opaque key in either header; then a token in `apikey`. Nothing
    /// at all is refused: see [`Self::authenticate_open`] for routes without a key.
    ///
    /// # Errors
    /// PGRST300 to PGRST303; in the CRM profile also 401 with `invalid_api_key` or `no_api_key`.
    pub fn authenticate(
        &self,
        authorization: Option<&str>,
        apikey: Option<&str>,
        now_s: i64,
    ) -> Result<AuthResult, Error> {
        let bearer = authorization.and_then(keys::bearer);
        let Some(opaque) = &self.gateway else {
            return self.postgrest(bearer, now_s);
        };
        let application = match apikey.filter(|key| !key.is_empty()) {
            Some(key) => Some(self.application(opaque, key, now_s)?),
            None => None,
        };
        match (bearer, application) {
            // Nobody is signed in: clients send the key in both headers. One look is enough.
            (Some(token), Some(application)) if Some(token) == apikey => Ok(application),
            (Some(token), _) if !token.starts_with(keys::OPAQUE_PREFIX) => {
                Ok(self.user(token, now_s)?)
            }
            (Some(key), None) => self.application(opaque, key, now_s),
            // The secret key wins over a publishable one, wherever it was sent.
            (Some(key), Some(application)) => {
                let other = self.application(opaque, key, now_s)?;
                Ok(if other.role == keys::SERVICE_ROLE {
                    other
                } else {
                    application
                })
            }
            (None, Some(application)) => Ok(application),
            (None, None) => Err(keys::missing_key()),
        }
    }

    /// As [`Self::authenticate`] for routes that need no key: nothing sent means the anonymous role.
    ///
    /// # Errors
    /// As [`Self::authenticate`], without `no_api_key`.
    pub fn authenticate_open(
        &self,
        authorization: Option<&str>,
        apikey: Option<&str>,
        now_s: i64,
    ) -> Result<AuthResult, Error> {
        let bearer = authorization.and_then(keys::bearer);
        if bearer.is_none() && apikey.is_none_or(str::is_empty) {
            return Ok(self.anonymous(Arc::default())?);
        }
        self.authenticate(authorization, apikey, now_s)
    }

    /// The gateway's check in front of `/auth/v1`: the application must be known; who the user is, the
    /// routes decide themselves. `Authorization` stands in when there is no `apikey`.
    ///
    /// # Errors
    /// 401 with `invalid_api_key` or `no_api_key`.
    pub fn check_application(
        &self,
        authorization: Option<&str>,
        apikey: Option<&str>,
        now_s: i64,
    ) -> Result<(), Error> {
        let Some(opaque) = &self.gateway else {
            return Ok(());
        };
        let key = apikey
            .or_else(|| authorization.and_then(keys::bearer))
            .filter(|key| !key.is_empty())
            .ok_or_else(keys::missing_key)?;
        self.application(opaque, key, now_s).map(|_| ())
    }

    /// Role and claims of a bearer token by the profile's rules, without a look at API keys.
    ///
    /// # Errors
    /// The fault of the token.
    pub fn verify_token(&self, token: &str, now_s: i64) -> Result<AuthResult, TokenFault> {
        if self.gateway.is_some() {
            self.user(token, now_s)
        } else {
            self.token(token, now_s)
        }
    }

    /// The role of an opaque key.
    pub fn opaque_role(&self, key: &str) -> Option<&'static str> {
        self.gateway.as_ref()?.role(key)
    }

    /// The configured keys.
    pub fn keys(&self) -> Option<&KeySet> {
        self.keys.as_ref()
    }

    /// True when `jwt-role-claim-key` has the older syntax, which deserves a warning.
    pub fn role_claim_is_deprecated(&self) -> bool {
        matches!(self.role_claim, RoleClaim::Deprecated(_))
    }

    /// Look-ups, hits and evictions of the token cache.
    pub fn cache_counts(&self) -> JwtCacheCounts {
        self.cache.counts()
    }

    fn postgrest(&self, bearer: Option<&str>, now_s: i64) -> Result<AuthResult, Error> {
        Ok(match bearer {
            Some(token) => self.token(token, now_s)?,
            None => self.anonymous(Arc::default())?,
        })
    }

    fn anonymous(&self, claims: Arc<Map<String, Value>>) -> Result<AuthResult, TokenFault> {
        let role = self.anon_role.clone().ok_or(TokenFault::TokenRequired)?;
        Ok(AuthResult { role, claims })
    }

    /// A token by PostgREST's rules.
    fn token(&self, token: &str, now_s: i64) -> Result<AuthResult, TokenFault> {
        let claims = self.claims(token, now_s)?;
        match self.role_claim.find(&claims) {
            Some(role) => Ok(AuthResult { role, claims }),
            None => self.anonymous(claims),
        }
    }

    /// A token by the gateway's rules: it names one of the API's roles, and a user's token is complete.
    /// Signed storage URLs have neither role nor subject, so they are no API tokens.
    fn user(&self, token: &str, now_s: i64) -> Result<AuthResult, TokenFault> {
        let claims = self.claims(token, now_s)?;
        claims::check_user(&claims)?;
        let role = self.role_claim.find(&claims).ok_or(TokenFault::Role)?;
        let served = keys::API_ROLES.contains(&role.as_str())
            || self.anon_role.as_deref() == Some(role.as_str());
        if !served {
            return Err(TokenFault::Role);
        }
        Ok(AuthResult { role, claims })
    }

    /// An API key: opaque, or a token. Any fault is the same 401, so that nothing can be probed.
    fn application(&self, opaque: &OpaqueKeys, key: &str, now_s: i64) -> Result<AuthResult, Error> {
        if key.starts_with(keys::OPAQUE_PREFIX) {
            let role = opaque.role(key).ok_or_else(keys::invalid_key)?;
            let claims = Map::from_iter([("role".to_owned(), Value::from(role))]);
            return Ok(AuthResult {
                role: role.to_owned(),
                claims: Arc::new(claims),
            });
        }
        self.user(key, now_s).map_err(|_| keys::invalid_key())
    }

    fn claims(&self, token: &str, now_s: i64) -> Result<Arc<Map<String, Value>>, TokenFault> {
        let keys = self.keys.as_ref().ok_or(TokenFault::SecretMissing)?;
        let lenient_kid = self.gateway.is_some();
        let claims = self
            .cache
            .get_or_verify(token, || jwt::verify(token, keys, lenient_kid))?;
        claims::check(&claims, self.audience.as_deref(), now_s)?;
        Ok(claims)
    }
}

#[cfg(test)]
mod tests;
