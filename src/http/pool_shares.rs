//! How many sessions each worker may hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::config::Config;

/// Divides `db-pool` among the workers. There are never more workers than sessions.
#[derive(Clone)]
pub(super) struct PoolShares {
    sessions: usize,
    pub(super) workers: usize,
    opened: Arc<AtomicUsize>,
}

impl PoolShares {
    pub(super) fn new(config: &Config) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let sessions = config.database.pool_size.max(1);
        let workers = config.server.workers.unwrap_or(cores).clamp(1, sessions);
        Self {
            sessions,
            workers,
            opened: Arc::default(),
        }
    }

    /// Sessions of the next worker.
    pub(super) fn next(&self) -> usize {
        let number = self.opened.fetch_add(1, Ordering::Relaxed) % self.workers;
        self.sessions / self.workers + usize::from(number < self.sessions % self.workers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(pool_size: usize, workers: usize) -> Vec<usize> {
        let mut config = Config::default();
        config.database.pool_size = pool_size;
        config.server.workers = Some(workers);
        let shares = PoolShares::new(&config);
        (0..shares.workers).map(|_| shares.next()).collect()
    }

    #[test]
    fn workers_share_the_pool_and_none_goes_without() {
        assert_eq!(shares(10, 2), [5, 5]);
        assert_eq!(shares(10, 4), [3, 3, 2, 2]);
        assert_eq!(shares(1, 4), [1]);
        assert_eq!(shares(0, 4), [1]);
    }
}
