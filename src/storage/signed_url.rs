//! Tokens of signed URLs: permission to read or to write one object until a moment.
//!
//! In: bucket, name, lifetime. Out: a JWT with the claims `{"url": "bucket/path", "scope": "download",
//! "iat": …, "exp": …}`, for uploads also `owner` and `upsert`, signed with the project's key as
//! Supabase does. It has neither `role` nor `sub`, so it is no API token; and no API token has a `url`,
//! so none is a signed URL.
//! Source: <https://supabase.com/docs/guides/storage/serving/downloads#signing-urls>.

use serde_json::{Map, Value, json};

use super::error::{Result, StorageError, codes};
use crate::auth::jwks::KeySet;
use crate::auth::jwt;

/// What a token permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Download,
    Upload,
}

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Upload => "upload",
        }
    }
}

/// A token's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    pub bucket: String,
    pub name: String,
    pub scope: Scope,
    /// Seconds since 1970.
    pub expires_at_s: i64,
    /// Uploads: the object will belong to this user.
    pub owner: Option<String>,
    /// Uploads: an object that is there is replaced.
    pub upsert: bool,
}

impl Permit {
    /// The token.
    ///
    /// # Errors
    /// InternalError when no configured key can sign.
    pub fn sign(&self, keys: Option<&KeySet>, now_s: i64) -> Result<String> {
        let mut claims = json!({
            "url": format!("{}/{}", self.bucket, self.name),
            "scope": self.scope.as_str(),
            "iat": now_s,
            "exp": self.expires_at_s,
        });
        if self.scope == Scope::Upload {
            claims["owner"] = json!(self.owner);
            claims["upsert"] = json!(self.upsert);
        }
        let key = keys
            .and_then(KeySet::signing)
            .ok_or_else(|| StorageError::internal("signing a URL", &"no key can sign"))?;
        jwt::sign(&claims.to_string(), key)
            .map_err(|error| StorageError::internal("signing a URL", &error))
    }

    /// Verifies a token for one object and one scope.
    ///
    /// # Errors
    /// InvalidJWT for a token of another key or shape, ExpiredToken, InvalidSignature for a token that
    /// permits something else.
    pub fn verify(
        token: &str,
        keys: Option<&KeySet>,
        (bucket, name): (&str, &str),
        scope: Scope,
        now_s: i64,
    ) -> Result<Self> {
        let bad = || StorageError::new(&codes::INVALID_JWT, "The token is not valid");
        let keys = keys.ok_or_else(bad)?;
        let claims = jwt::verify(token, keys, true).map_err(|_| bad())?;
        if claims.contains_key("role") || claims.contains_key("sub") {
            return Err(bad());
        }
        let url = claims.get("url").and_then(Value::as_str).ok_or_else(bad)?;
        let expires_at_s = seconds(claims.get("exp")).ok_or_else(bad)?;
        if expires_at_s <= now_s {
            return Err(StorageError::new(
                &codes::EXPIRED_TOKEN,
                "The signed URL has expired",
            ));
        }
        if url != format!("{bucket}/{name}") || scope_of(&claims) != Some(scope) {
            return Err(StorageError::new(
                &codes::INVALID_SIGNATURE,
                "The token is for something else",
            ));
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            name: name.to_owned(),
            scope,
            expires_at_s,
            owner: claims
                .get("owner")
                .and_then(Value::as_str)
                .map(str::to_owned),
            upsert: claims.get("upsert").and_then(Value::as_bool) == Some(true),
        })
    }
}

/// Tokens of older servers have no scope: those that mention `upsert` are for uploads.
fn scope_of(claims: &Map<String, Value>) -> Option<Scope> {
    match claims.get("scope") {
        None if claims.contains_key("upsert") => Some(Scope::Upload),
        None => Some(Scope::Download),
        Some(scope) => match scope.as_str()? {
            "download" => Some(Scope::Download),
            "upload" => Some(Scope::Upload),
            _ => None,
        },
    }
}

fn seconds(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    #[allow(
        clippy::cast_possible_truncation,
        reason = "saturates, which is what is wanted"
    )]
    value.as_i64().or_else(|| value.as_f64().map(|s| s as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn keys() -> KeySet {
        KeySet::from_secret(b"a secret of thirty-two characters")
    }

    fn permit(scope: Scope) -> Permit {
        Permit {
            bucket: "b".into(),
            name: "dir/ä.txt".into(),
            scope,
            expires_at_s: NOW + 60,
            owner: (scope == Scope::Upload).then(|| "me".to_owned()),
            upsert: scope == Scope::Upload,
        }
    }

    fn check(token: &str, name: &str, scope: Scope, now_s: i64) -> Result<Permit, &'static str> {
        Permit::verify(token, Some(&keys()), ("b", name), scope, now_s).map_err(|e| e.code.code)
    }

    #[test]
    fn a_token_permits_one_thing_until_it_expires() {
        for (scope, other) in [
            (Scope::Download, Scope::Upload),
            (Scope::Upload, Scope::Download),
        ] {
            let token = permit(scope).sign(Some(&keys()), NOW).expect("signed");
            assert_eq!(check(&token, "dir/ä.txt", scope, NOW), Ok(permit(scope)));
            assert_eq!(
                check(&token, "dir/ä.txt", other, NOW),
                Err("InvalidSignature")
            );
            assert_eq!(
                check(&token, "dir/b.txt", scope, NOW),
                Err("InvalidSignature")
            );
            assert_eq!(
                check(&token, "dir/ä.txt", scope, NOW + 60),
                Err("ExpiredToken")
            );
            assert_eq!(
                check(&token[..token.len() - 1], "dir/ä.txt", scope, NOW),
                Err("InvalidJWT")
            );
        }
    }

    #[test]
    fn other_tokens_of_the_same_key_are_refused() {
        let keys = keys();
        let sign = |claims: Value| {
            jwt::sign(&claims.to_string(), keys.signing().expect("a key")).expect("signed")
        };
        let exp = NOW + 60;
        for claims in [
            json!({"role": "service_role", "exp": exp}),
            json!({"role": "anon", "url": "b/x", "exp": exp}),
            json!({"sub": "me", "url": "b/x", "exp": exp}),
            json!({"url": "b/x"}),
            json!({"url": 1, "exp": exp}),
        ] {
            assert_eq!(
                check(&sign(claims.clone()), "x", Scope::Download, NOW),
                Err("InvalidJWT"),
                "{claims}"
            );
        }
        for claims in [
            json!({"url": "b/x", "exp": exp, "scope": "render"}),
            json!({"url": "b/x", "exp": exp, "scope": null}),
            json!({"url": "b/xy", "exp": exp}),
        ] {
            assert_eq!(
                check(&sign(claims), "x", Scope::Download, NOW),
                Err("InvalidSignature")
            );
        }
    }

    #[test]
    fn tokens_without_scope_are_read_as_older_servers_wrote_them() {
        let keys = keys();
        let sign = |claims: Value| {
            jwt::sign(&claims.to_string(), keys.signing().expect("a key")).expect("signed")
        };
        let read = sign(json!({"url": "b/x", "exp": NOW + 60}));
        let write = sign(json!({"url": "b/x", "exp": NOW + 60, "upsert": false, "owner": "me"}));
        assert!(check(&read, "x", Scope::Download, NOW).is_ok());
        assert!(check(&read, "x", Scope::Upload, NOW).is_err());
        assert!(check(&write, "x", Scope::Upload, NOW).is_ok());
        assert!(check(&write, "x", Scope::Download, NOW).is_err());
    }
}
