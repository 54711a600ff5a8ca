//! Claims of tokens whose signature was verified before.
//!
//! Keyed by the whole token, bounded by entries; holds claims, not verdicts, so that time and audience
//! are checked on every hit. A change of keys makes a new [`super::Authenticator`] and with it a new
//! cache. Source: <https://docs.postgrest.org/en/stable/references/auth.html#jwt-cache>.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;
use serde_json::{Map, Value};

/// A bounded map from token to claims; a size of 0 switches it off.
#[derive(Debug)]
pub struct JwtCache {
    entries: Option<Cache<String, Arc<Map<String, Value>>>>,
    requests: AtomicU64,
    hits: AtomicU64,
}

/// Counts since the start, for `pgrst_jwt_cache_requests_total` and `…_hits_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JwtCacheCounts {
    pub requests: u64,
    pub hits: u64,
}

impl JwtCache {
    /// Room for `max_entries` tokens.
    pub fn new(max_entries: u64) -> Self {
        Self {
            entries: (max_entries > 0).then(|| Cache::new(max_entries)),
            requests: AtomicU64::new(0),
            hits: AtomicU64::new(0),
        }
    }

    /// The cached claims, else those that `verify` finds, which are then kept. Failures are not kept.
    ///
    /// # Errors
    /// Whatever `verify` says.
    pub fn get_or_verify<E>(
        &self,
        token: &str,
        verify: impl FnOnce() -> Result<Map<String, Value>, E>,
    ) -> Result<Arc<Map<String, Value>>, E> {
        let Some(entries) = &self.entries else {
            return verify().map(Arc::new);
        };
        self.requests.fetch_add(1, Ordering::Relaxed);
        if let Some(claims) = entries.get(token) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(claims);
        }
        let claims = Arc::new(verify()?);
        entries.insert(token.to_owned(), Arc::clone(&claims));
        Ok(claims)
    }

    /// Look-ups and hits so far.
    pub fn counts(&self) -> JwtCacheCounts {
        JwtCacheCounts {
            requests: self.requests.load(Ordering::Relaxed),
            hits: self.hits.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Result<Map<String, Value>, ()> {
        Ok(Map::from_iter([("a".to_owned(), Value::from(1))]))
    }

    #[test]
    fn the_second_look_up_is_a_hit() {
        let cache = JwtCache::new(10);
        cache.get_or_verify("t", found).unwrap();
        let again = cache.get_or_verify::<()>("t", || Err(())).unwrap();
        assert_eq!(again["a"], 1);
        assert_eq!(
            cache.counts(),
            JwtCacheCounts {
                requests: 2,
                hits: 1
            }
        );
        assert!(
            cache.get_or_verify("T", || Err(())).is_err(),
            "another token"
        );
    }

    #[test]
    fn failures_are_not_kept_and_zero_switches_it_off() {
        let cache = JwtCache::new(10);
        assert!(cache.get_or_verify("t", || Err(())).is_err());
        assert!(cache.get_or_verify("t", found).is_ok());

        let off = JwtCache::new(0);
        off.get_or_verify("t", found).unwrap();
        assert!(off.get_or_verify("t", || Err(())).is_err());
        assert_eq!(
            off.counts(),
            JwtCacheCounts {
                requests: 0,
                hits: 0
            }
        );
    }
}
