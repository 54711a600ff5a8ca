//! Turns a burst of notifications into two reloads: one at once, so that a single change shows
//! immediately, and one after the burst, so that the last change is never missed.
//!
//! Pure: the caller passes the time.

use std::time::{Duration, Instant};

/// Quiet time that ends a burst.
pub const QUIET: Duration = Duration::from_millis(100);

/// A burst that does not end still reloads this often.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// State of one kind of notification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Debouncer {
    burst: Option<Burst>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Burst {
    /// Last reload.
    fired: Instant,
    /// Last notification.
    last: Instant,
    /// Notifications came after the last reload.
    pending: bool,
}

impl Burst {
    fn end(&self) -> Instant {
        (self.last + QUIET).min(self.fired + MAX_WAIT)
    }
}

impl Debouncer {
    /// A notification came; true: reload now.
    pub fn notified(&mut self, now: Instant) -> bool {
        match &mut self.burst {
            Some(burst) if now < burst.end() => {
                burst.last = now;
                burst.pending = true;
                false
            }
            // The burst is over although its end was not announced yet: this reload stands for both.
            _ => {
                self.burst = Some(Burst {
                    fired: now,
                    last: now,
                    pending: false,
                });
                true
            }
        }
    }

    /// When [`Self::elapsed`] has something to reload, if no notification comes before.
    pub fn deadline(&self) -> Option<Instant> {
        self.burst.filter(|burst| burst.pending).map(|b| b.end())
    }

    /// Time has passed; true: reload now.
    pub fn elapsed(&mut self, now: Instant) -> bool {
        match &mut self.burst {
            Some(burst) if burst.pending && now >= burst.end() => {
                *burst = Burst {
                    fired: now,
                    last: now,
                    pending: false,
                };
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Replays notifications at these milliseconds; answers when reloads happen.
    fn reloads(notifications: &[u64]) -> Vec<u64> {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut debouncer = Debouncer::default();
        let mut fired = Vec::new();
        let mut advance = |debouncer: &mut Debouncer, until: Option<Instant>| {
            while let Some(deadline) = debouncer.deadline()
                && until.is_none_or(|until| deadline <= until)
            {
                assert!(debouncer.elapsed(deadline));
                fired.push(deadline.duration_since(start).as_millis() as u64);
            }
        };
        let mut immediate = Vec::new();
        for ms in notifications {
            advance(&mut debouncer, Some(at(*ms)));
            if debouncer.notified(at(*ms)) {
                immediate.push(*ms);
            }
        }
        advance(&mut debouncer, None);
        fired.extend(immediate);
        fired.sort_unstable();
        fired
    }

    #[test]
    fn one_notification_reloads_once_and_at_once() {
        assert_eq!(reloads(&[5]), [5]);
        assert_eq!(reloads(&[0, 500, 1000]), [0, 500, 1000]);
    }

    #[test]
    fn a_burst_reloads_at_its_start_and_after_its_end() {
        assert_eq!(reloads(&[0, 1, 20, 60, 110]), [0, 210]);
    }

    #[test]
    fn an_endless_burst_reloads_now_and_then() {
        let burst: Vec<u64> = (0..5000).step_by(50).collect();
        assert_eq!(reloads(&burst), [0, 2000, 4000, 5050]);
    }

    proptest! {
        #[test]
        fn a_reload_follows_every_notification_and_few_reload(mut times in prop::collection::vec(0..10_000_u64, 1..60)) {
            times.sort_unstable();
            let fired = reloads(&times);
            let last = fired.last().copied().unwrap_or_default();
            prop_assert!(last >= times[times.len() - 1]);
            prop_assert!(fired.len() <= times.len());
            prop_assert!(fired.windows(2).all(|w| w[1] - w[0] >= 100));
        }
    }
}
