//! Who uses the old names: counted in memory, written in batches. Bounded: past [`MOST`] callers between
//! two flushes, further ones are counted together.
//!
//! A caller is a signed-in user's id, or a short hash of the key that was sent. Keys and tokens are not
//! kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::auth::AuthResult;

/// Callers kept apart between two flushes.
const MOST: usize = 2000;
/// Longest user agent, in characters.
const LONGEST_AGENT: usize = 200;
/// In place of a caller who is not kept apart.
pub const OTHERS: &str = "(others)";

/// One caller of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    /// `user:<id>`, `<role> key:<hash>`, `refused`.
    pub consumer: String,
    pub user_agent: String,
    /// `GET /deals/{id}`.
    pub endpoint: String,
}

/// Calls of one caller; times in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calls {
    pub count: i64,
    pub first_s: i64,
    pub last_s: i64,
}

impl Calls {
    fn add(&mut self, other: Calls) {
        self.count = self.count.saturating_add(other.count);
        self.first_s = self.first_s.min(other.first_s);
        self.last_s = self.last_s.max(other.last_s);
    }
}

/// The counts since the last flush.
#[derive(Debug, Default)]
pub struct Usage(Mutex<HashMap<Caller, Calls>>);

impl Usage {
    /// Counts one call.
    pub fn note(&self, caller: Caller, now_s: i64) {
        let calls = Calls {
            count: 1,
            first_s: now_s,
            last_s: now_s,
        };
        self.add(caller, calls);
    }

    /// Adds calls that were counted before (a flush that failed gives them back).
    pub fn add(&self, mut caller: Caller, calls: Calls) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MOST && !counts.contains_key(&caller) {
            caller.consumer = OTHERS.into();
            caller.user_agent = OTHERS.into();
        }
        counts
            .entry(caller)
            .and_modify(|known| known.add(calls))
            .or_insert(calls);
    }

    /// Takes everything that was counted.
    pub fn take(&self) -> Vec<(Caller, Calls)> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *counts).into_iter().collect()
    }
}

/// Names a caller. `auth` is `None` for one who was refused.
pub fn consumer(
    auth: Option<&AuthResult>,
    authorization: Option<&str>,
    apikey: Option<&str>,
) -> String {
    let Some(auth) = auth else {
        return "refused".into();
    };
    if let Some(sub) = auth.claims.get("sub").and_then(serde_json::Value::as_str) {
        return format!("user:{}", sub.chars().take(64).collect::<String>());
    }
    let bearer = || authorization.and_then(|text| text.split_whitespace().nth(1));
    match apikey.filter(|key| !key.is_empty()).or_else(bearer) {
        Some(key) => format!("{} key:{}", auth.role, fingerprint(key)),
        None => auth.role.clone(),
    }
}

/// Twelve hexadecimal digits of the key's SHA-256.
pub fn fingerprint(key: &str) -> String {
    let digest = Sha256::digest(key.as_bytes());
    digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A user agent as it is kept: without control characters, cut.
pub fn agent(text: Option<&str>) -> String {
    text.unwrap_or("(none)")
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_AGENT)
        .collect()
}

/// The verb of an endpoint; unknown ones are not kept apart.
pub fn verb(method: &str) -> &str {
    match method {
        "GET" | "HEAD" | "POST" | "PATCH" | "PUT" | "DELETE" | "OPTIONS" => method,
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(consumer: &str) -> Caller {
        Caller {
            consumer: consumer.into(),
            user_agent: "curl".into(),
            endpoint: "GET /deals".into(),
        }
    }

    #[test]
    fn calls_of_one_caller_are_one_entry() {
        let usage = Usage::default();
        usage.note(caller("a"), 5);
        usage.note(caller("a"), 3);
        usage.note(caller("b"), 4);
        let mut counts = usage.take();
        counts.sort_by(|x, y| x.0.consumer.cmp(&y.0.consumer));
        let expected = Calls {
            count: 2,
            first_s: 3,
            last_s: 5,
        };
        assert_eq!((counts.len(), counts[0].1), (2, expected));
        assert_eq!(usage.take(), Vec::new());
    }

    #[test]
    fn memory_is_bounded_and_nothing_is_lost() {
        let usage = Usage::default();
        for n in 0..MOST + 500 {
            usage.note(caller(&n.to_string()), 1);
        }
        let counts = usage.take();
        assert_eq!(counts.len(), MOST + 1);
        let total: i64 = counts.iter().map(|(_, calls)| calls.count).sum();
        assert_eq!(usize::try_from(total), Ok(MOST + 500));
    }

    #[test]
    fn no_secret_is_kept() {
        let anon = AuthResult {
            role: "anon".into(),
            claims: std::sync::Arc::default(),
        };
        let key = "sb_publishable_secret";
        let named = consumer(Some(&anon), None, Some(key));
        assert_eq!(named, format!("anon key:{}", fingerprint(key)));
        assert!(!named.contains("secret"));
        assert_eq!(consumer(Some(&anon), Some("Bearer x"), None).len(), 21);
        let mut user = anon.clone();
        std::sync::Arc::make_mut(&mut user.claims).insert("sub".into(), "42".into());
        assert_eq!(
            consumer(Some(&user), Some("Bearer x"), Some(key)),
            "user:42"
        );
        assert_eq!(consumer(None, Some("Bearer stolen"), None), "refused");
    }

    #[test]
    fn user_agents_are_cut() {
        assert_eq!(agent(Some("a\u{1b}[31mb")), "a[31mb");
        assert_eq!(agent(Some(&"x".repeat(1000))).len(), LONGEST_AGENT);
        assert_eq!(agent(None), "(none)");
        assert_eq!(verb("BREW"), "OTHER");
    }
}
