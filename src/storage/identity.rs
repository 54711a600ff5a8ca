//! Who is asking, as PostgreSQL's policies see it.
//!
//! In: role and claims from [`crate::auth`], and what is known of the request. Out: the settings of one
//! transaction. Every one of them is transaction-local, so that nothing of a request outlives it on a
//! pooled connection.

use std::sync::Arc;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::auth::{AuthResult, keys};
use crate::config::RestConfig;
use crate::pg::ident::quote_ident;

/// Schemas that functions of policies and triggers may rely on.
const SEARCH_PATH: [&str; 3] = ["storage", "public", "extensions"];

/// Longest wait for a lock.
const LOCK_TIMEOUT: &str = "10s";

/// What policies may look at besides the claims.
#[derive(Debug, Clone, Default)]
pub struct RequestFacts {
    pub method: String,
    /// Below the service's prefix.
    pub path: String,
    /// Lower-case names; the last value of a repeated name.
    pub headers: Map<String, Value>,
}

/// The caller of one request.
#[derive(Debug, Clone)]
pub struct Identity {
    role: String,
    claims: Map<String, Value>,
    /// The token as it came; empty for an opaque key or nobody.
    token: String,
    facts: RequestFacts,
}

impl Identity {
    /// A caller whose key or token was verified.
    pub fn new(auth: AuthResult, token: Option<&str>, facts: RequestFacts) -> Self {
        let mut claims = Arc::unwrap_or_clone(auth.claims);
        claims.insert("role".into(), Value::from(auth.role.as_str()));
        Self {
            role: auth.role,
            claims,
            token: token.unwrap_or_default().to_owned(),
            facts,
        }
    }

    /// The server itself, for what no user may decide: the limits of a bucket, the files of public
    /// buckets, uploads whose permission was given when their URL was signed.
    pub fn server(facts: RequestFacts) -> Self {
        let auth = AuthResult {
            role: keys::SERVICE_ROLE.into(),
            claims: Arc::default(),
        };
        Self::new(auth, None, facts)
    }

    /// The same request as the server.
    #[must_use]
    pub fn as_server(&self) -> Self {
        Self::server(self.facts.clone())
    }

    /// The claim `sub`; goes into `owner_id`.
    pub fn user_id(&self) -> Option<&str> {
        self.claims.get("sub").and_then(Value::as_str)
    }

    /// Whether the caller has the secret key.
    pub fn is_service(&self) -> bool {
        self.role == keys::SERVICE_ROLE
    }

    /// Names and values for `set_config(…, true)`; the role comes after the settings that it could not
    /// make itself.
    pub fn settings(&self, operation: &str, config: &RestConfig) -> Vec<(String, String)> {
        let path: Vec<_> = SEARCH_PATH.into_iter().map(quote_ident).collect();
        let mut settings = vec![
            ("search_path".to_owned(), path.join(", ")),
            // Writers of one name wait for one another, but not for ever.
            ("lock_timeout".to_owned(), LOCK_TIMEOUT.to_owned()),
        ];
        if let Some(of_role) = config.role_settings.get(&self.role) {
            settings.extend(of_role.iter().cloned());
        }
        let claims = Value::Object(self.claims.clone()).to_string();
        let headers = Value::Object(self.facts.headers.clone()).to_string();
        let named = [
            ("role", self.role.as_str()),
            ("request.jwt.claims", &claims),
            ("request.jwt", &self.token),
            ("request.jwt.claim.sub", self.user_id().unwrap_or_default()),
            ("request.jwt.claim.role", &self.role),
            ("request.method", &self.facts.method),
            ("request.path", &self.facts.path),
            ("request.headers", &headers),
            ("storage.operation", operation),
            // Newer databases refuse a DELETE that would leave the file behind; ours does not.
            ("storage.allow_delete_query", "true"),
        ];
        settings.extend(named.map(|(name, value)| (name.to_owned(), value.to_owned())));
        settings
    }
}

/// `owner` is a UUID column; other subjects go into `owner_id` alone.
pub fn owner_uuid(user_id: Option<&str>) -> Option<Uuid> {
    user_id.and_then(|id| Uuid::try_parse(id).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn setting(settings: &[(String, String)], name: &str) -> String {
        let found: Vec<_> = settings.iter().filter(|(n, _)| n == name).collect();
        assert_eq!(found.len(), 1, "{name}");
        found[0].1.clone()
    }

    #[test]
    fn the_settings_say_who_and_what() {
        let Value::Object(claims) = json!({"sub": "u", "role": "forged"}) else {
            unreachable!()
        };
        let auth = AuthResult {
            role: "authenticated".into(),
            claims: Arc::new(claims),
        };
        let identity = Identity::new(auth, Some("t"), RequestFacts::default());
        let settings = identity.settings("storage.object.upload", &RestConfig::default());
        assert_eq!(setting(&settings, "role"), "authenticated");
        assert_eq!(setting(&settings, "request.jwt.claim.sub"), "u");
        assert_eq!(
            setting(&settings, "storage.operation"),
            "storage.object.upload"
        );
        let claims: Value =
            serde_json::from_str(&setting(&settings, "request.jwt.claims")).expect("JSON");
        assert_eq!(claims, json!({"sub": "u", "role": "authenticated"}));
    }

    #[test]
    fn settings_of_the_role_come_before_the_role() {
        let mut config = RestConfig::default();
        config.role_settings.insert(
            "service_role".into(),
            vec![("statement_timeout".into(), "8s".into())],
        );
        let names: Vec<_> = Identity::server(RequestFacts::default())
            .settings("x", &config)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let position = |name: &str| names.iter().position(|n| n == name);
        assert!(position("statement_timeout") < position("role"));
    }

    #[test]
    fn owners_are_uuids_or_nothing() {
        assert!(owner_uuid(Some("auth0|1")).is_none() && owner_uuid(None).is_none());
        assert!(owner_uuid(Some("00000000-0000-0000-0000-000000000001")).is_some());
    }
}
