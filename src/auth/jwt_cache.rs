//! Claims of tokens whose signature was verified before.
//!
//! Keyed by the whole token, bounded by entries; holds claims, not verdicts, so that time and audience
//! are checked on every hit. A change of keys makes a new [`super::Authenticator`] and with it a new
//! cache, which goes on counting where the one before it stopped.
//! Source: <https://docs.postgrest.org/en/stable/references/auth.html#jwt-cache>.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::notification::RemovalCause;
use moka::sync::Cache;
use serde_json::{Map, Value};

/// A bounded map from token to claims; a size of 0 switches it off. A clone is the same cache.
#[derive(Debug, Clone)]
pub struct JwtCache {
    entries: Option<Cache<String, Arc<Map<String, Value>>>>,
    counters: Arc<Counters>,
}

/// What is counted, across caches that follow one another.
#[derive(Debug, Default)]
pub struct Counters {
    requests: AtomicU64,
    hits: AtomicU64,
    evictions: AtomicU64,
}

/// Counts since the start, for `pgrst_jwt_cache_requests_total`, `…_hits_total`, `…_evictions_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JwtCacheCounts {
    pub requests: u64,
    pub hits: u64,
    /// Entries that had to go because the cache was full.
    pub evictions: u64,
}

impl JwtCache {
    /// Room for `max_entries` tokens.
    pub fn new(max_entries: u64) -> Self {
        Self::counting(max_entries, Arc::default())
    }

    /// Room for `max_entries` tokens; counts go on from those of another cache.
    pub fn counting(max_entries: u64, counters: Arc<Counters>) -> Self {
        let evicted = Arc::clone(&counters);
        let entries = (max_entries > 0).then(|| {
            Cache::builder()
                .max_capacity(max_entries)
                .eviction_listener(move |_, _, cause| {
                    if cause == RemovalCause::Size {
                        evicted.evictions.fetch_add(1, Ordering::Relaxed);
                    }
                })
                .build()
        });
        Self { entries, counters }
    }

    /// The counters, for the cache that comes after this one.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
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
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        if let Some(claims) = entries.get(token) {
            self.counters.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(claims);
        }
        let claims = Arc::new(verify()?);
        entries.insert(token.to_owned(), Arc::clone(&claims));
        Ok(claims)
    }

    /// Look-ups, hits and evictions so far.
    pub fn counts(&self) -> JwtCacheCounts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        JwtCacheCounts {
            requests: get(&self.counters.requests),
            hits: get(&self.counters.hits),
            evictions: get(&self.counters.evictions),
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
                hits: 1,
                evictions: 0
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
        assert_eq!(off.counts(), JwtCacheCounts::default());
    }

    #[test]
    fn a_full_cache_gives_up_entries_and_the_next_one_goes_on_counting() {
        let cache = JwtCache::new(2);
        for token in 0..10 {
            cache.get_or_verify(&token.to_string(), found).unwrap();
        }
        if let Some(entries) = &cache.entries {
            entries.run_pending_tasks();
        }
        assert_eq!(cache.counts().evictions, 8);
        let next = JwtCache::counting(2, cache.counters());
        next.get_or_verify("t", found).unwrap();
        assert_eq!(next.counts().requests, 11);
    }
}
