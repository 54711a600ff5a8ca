//! The gateway's rules for API keys (CRM profile): which application is asking.
//!
//! In: the `apikey` and `Authorization` headers. Out: nothing, a database role of an opaque key, or a
//! refusal in the gateway's shape (`{"message": …}`). Opaque keys (`sb_publishable_…`, `sb_secret_…`)
//! are compared in constant time and never reach the token parser; legacy keys are tokens.
//! Source: <https://supabase.com/docs/guides/api/api-keys>.

use subtle::ConstantTimeEq as _;

use crate::config::CrmConfig;
use crate::error::{Error, ErrorCode};

/// Prefix of all opaque keys.
pub const OPAQUE_PREFIX: &str = "sb_";

/// Database roles that the CRM's API serves. None of them may log in.
pub const API_ROLES: [&str; 3] = [ANON, AUTHENTICATED, SERVICE_ROLE];
/// Role of a request with a publishable key only.
pub const ANON: &str = "anon";
/// Role of a signed-in user.
pub const AUTHENTICATED: &str = "authenticated";
/// Role of a secret key.
pub const SERVICE_ROLE: &str = "service_role";

static INVALID_KEY: ErrorCode = ErrorCode {
    code: "invalid_api_key",
    status: 401,
    name: "InvalidApiKey",
    meaning: "The API key is not one of this server's keys.",
};
static MISSING_KEY: ErrorCode = ErrorCode {
    code: "no_api_key",
    status: 401,
    name: "NoApiKey",
    meaning: "No API key was sent.",
};

/// The configured opaque keys.
#[derive(Clone, Default)]
pub struct OpaqueKeys {
    publishable: Vec<String>,
    secret: Vec<String>,
}

impl std::fmt::Debug for OpaqueKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpaqueKeys")
            .field("publishable", &self.publishable.len())
            .field("secret", &self.secret.len())
            .finish()
    }
}

impl OpaqueKeys {
    /// The keys of the configuration; empty strings never match anything.
    pub fn new(config: &CrmConfig) -> Self {
        let usable = |keys: &[String]| keys.iter().filter(|k| !k.is_empty()).cloned().collect();
        Self {
            publishable: usable(&config.publishable_keys),
            secret: usable(&config.secret_keys),
        }
    }

    /// The role of a configured key. Every key is compared, whatever the earlier ones gave.
    pub fn role(&self, given: &str) -> Option<&'static str> {
        let secret = any_equal(&self.secret, given);
        let publishable = any_equal(&self.publishable, given);
        if secret {
            Some(SERVICE_ROLE)
        } else {
            publishable.then_some(ANON)
        }
    }
}

fn any_equal(keys: &[String], given: &str) -> bool {
    keys.iter()
        .fold(subtle::Choice::from(0), |found, key| {
            found | key.as_bytes().ct_eq(given.as_bytes())
        })
        .into()
}

/// 401: the key is unknown or badly signed.
pub fn invalid_key() -> Error {
    Error::new(&INVALID_KEY, "Invalid API key")
        .hint("Check that the `apikey` header holds this server's publishable, anon or secret key.")
}

/// 401: nothing was sent.
pub fn missing_key() -> Error {
    Error::new(&MISSING_KEY, "No API key found in request")
        .hint("Send this server's publishable or anon key in the `apikey` header.")
}

/// The token of an `Authorization` header: what follows `Bearer` and blanks, in any case.
///
/// `None` for another scheme. `Bearer` alone is the empty token.
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, rest) = match authorization.split_once(|c: char| c.is_ascii_whitespace()) {
        Some((scheme, rest)) => (scheme, rest.trim_start()),
        None => (authorization, ""),
    };
    scheme.eq_ignore_ascii_case("bearer").then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opaque_keys_have_roles_and_empty_ones_never_match() {
        let keys = OpaqueKeys::new(&CrmConfig {
            publishable_keys: vec!["sb_publishable_a".into(), String::new()],
            secret_keys: vec!["sb_secret_a".into(), "sb_secret_b".into()],
            ..CrmConfig::default()
        });
        assert_eq!(keys.role("sb_publishable_a"), Some(ANON));
        assert_eq!(keys.role("sb_secret_b"), Some(SERVICE_ROLE));
        assert_eq!(keys.role("sb_secret_"), None);
        assert_eq!(keys.role(""), None);
        assert!(!format!("{keys:?}").contains("sb_"));
    }

    #[test]
    fn bearer_tokens_are_read_like_http_says() {
        for (header, expected) in [
            ("Bearer abc", Some("abc")),
            ("bearer   abc", Some("abc")),
            ("BEARER\tabc", Some("abc")),
            ("Bearer", Some("")),
            ("Bearer ", Some("")),
            ("Basic abc", None),
            ("Bearerabc", None),
            ("", None),
        ] {
            assert_eq!(bearer(header), expected, "{header}");
        }
    }
}
