//! The legacy API keys (long-lived tokens for `anon` and `service_role`) and the published development
//! defaults.
//!
//! In: the project's secret. Out: the two keys, and whether a given value is one that everybody knows:
//! a server that is reachable from outside must refuse to start with those.
//! Source: <https://supabase.com/docs/guides/self-hosting/docker#generate-api-keys>.

use super::jwks::{KeySet, SigningKey};
use super::{jwt, keys};
use crate::config::local;

/// Issuer of the development keys.
pub const DEMO_ISSUER: &str = "supabase-demo";
/// Expiry of the development keys (2032), in seconds since 1970.
pub const DEMO_EXPIRES_S: i64 = 1_983_812_996;

/// The two legacy keys.
#[derive(Clone, PartialEq, Eq)]
pub struct LegacyKeys {
    pub anon: String,
    pub service_role: String,
}

impl std::fmt::Debug for LegacyKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LegacyKeys(redacted)")
    }
}

impl LegacyKeys {
    /// Signs both keys. The payload is `{"iss":…,"role":…,"exp":…}` in this order and without blanks,
    /// so that the development secret gives the published keys, byte for byte.
    ///
    /// # Errors
    /// None for an HMAC key; the library's type has the case.
    pub fn sign(
        key: &SigningKey,
        issuer: &str,
        expires_s: i64,
    ) -> Result<Self, jsonwebtoken::errors::Error> {
        let issuer = serde_json::Value::from(issuer);
        let sign = |role: &str| {
            let payload = format!(r#"{{"iss":{issuer},"role":"{role}","exp":{expires_s}}}"#);
            jwt::sign(&payload, key)
        };
        Ok(Self {
            anon: sign(keys::ANON)?,
            service_role: sign(keys::SERVICE_ROLE)?,
        })
    }
}

/// True for a secret or key that is published: the development secret, its opaque keys, and any legacy
/// key signed with it.
pub fn is_well_known(value: &str) -> bool {
    let demo = KeySet::from_secret(local::JWT_SECRET.as_bytes());
    [local::JWT_SECRET, local::PUBLISHABLE_KEY, local::SECRET_KEY].contains(&value)
        || jwt::verify(value, &demo, true).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo() -> LegacyKeys {
        let set = KeySet::parse(local::JWT_SECRET, false).unwrap();
        LegacyKeys::sign(set.signing().unwrap(), DEMO_ISSUER, DEMO_EXPIRES_S).unwrap()
    }

    #[test]
    fn the_development_keys_equal_the_published_ones() {
        let keys = demo();
        assert_eq!(keys.anon, local::anon_key());
        assert_eq!(keys.service_role, local::service_role_key());
        assert!(keys.anon.ends_with("nWNReilDMblYTn_I0"), "{}", keys.anon);
        assert!(
            keys.service_role.ends_with("p7fsn3W0YpN81IU"),
            "{}",
            keys.service_role
        );
    }

    #[test]
    fn published_values_are_recognised() {
        let keys = demo();
        for value in [
            local::JWT_SECRET,
            local::PUBLISHABLE_KEY,
            local::SECRET_KEY,
            &keys.anon,
            &keys.service_role,
        ] {
            assert!(is_well_known(value), "{value}");
        }
        assert!(!is_well_known("another-secret-of-more-than-32-characters"));
        assert!(!format!("{keys:?}").contains("eyJ"));
    }
}
