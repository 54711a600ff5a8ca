//! What becomes of a delivery after an attempt: done, again later, or given up.
//!
//! In: the receiver's answer and how often it was tried. Out: a [`Verdict`]. Delays grow threefold with
//! jitter; a `Retry-After` that asks for more is respected (RFC 9110 §10.2.3). Pure.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::config::WebhookConfig;

/// How much longer each delay is than the one before.
const FACTOR: f32 = 3.0;
/// Longest `Retry-After` that is respected.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status; `None`: there was no answer.
    pub status: Option<u16>,
    /// Why there was none, without the address.
    pub error: Option<String>,
    /// What the receiver asked for.
    pub retry_after: Option<Duration>,
}

/// When a delivery is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The first attempt included.
    pub max_attempts: u16,
    pub first_delay: Duration,
    /// Before jitter.
    pub longest_delay: Duration,
}

impl From<&WebhookConfig> for Schedule {
    fn from(config: &WebhookConfig) -> Self {
        Self {
            max_attempts: config.max_attempts,
            first_delay: Duration::from_millis(config.first_delay_ms),
            longest_delay: Duration::from_secs(config.longest_delay_s),
        }
    }
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Delivered,
    /// Not before this time has passed.
    Again(Duration),
    /// Given up; may be replayed.
    Dead,
}

impl Answer {
    /// Whether the receiver took it.
    pub fn is_success(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether the receiver says that it is gone for good (410).
    pub fn is_gone(&self) -> bool {
        self.status == Some(410)
    }

    /// How long the whole endpoint asks to be left alone: 429 or 503 with `Retry-After`.
    pub fn pause(&self) -> Option<Duration> {
        self.retry_after
            .filter(|_| matches!(self.status, Some(429 | 503)))
    }

    /// A sentence for the log.
    pub fn reason(&self) -> Option<String> {
        match (&self.error, self.status) {
            (Some(error), _) => Some(error.clone()),
            (None, Some(status)) if !self.is_success() => Some(format!("status {status}")),
            _ => None,
        }
    }
}

impl Schedule {
    /// Judges an attempt; `earlier` ones were made before it.
    pub fn judge(&self, answer: &Answer, earlier: u16) -> Verdict {
        if answer.is_success() {
            return Verdict::Delivered;
        }
        if answer.is_gone() || earlier.saturating_add(1) >= self.max_attempts {
            return Verdict::Dead;
        }
        Verdict::Again(
            self.delay(earlier)
                .max(answer.retry_after.unwrap_or_default()),
        )
    }

    /// The pause after a failure that came after `earlier` others; up to twice as long by jitter.
    fn delay(&self, earlier: u16) -> Duration {
        let mut delays = ExponentialBuilder::default()
            .with_factor(FACTOR)
            .with_min_delay(self.first_delay)
            .with_max_delay(self.longest_delay.max(self.first_delay))
            .without_max_times()
            .with_jitter()
            .build();
        delays.nth(earlier.into()).unwrap_or(self.longest_delay)
    }
}

/// Reads `Retry-After`: seconds or a date. Longer than an hour is an hour.
pub fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let text = header.trim();
    let wanted = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = httpdate::parse_http_date(text).ok()?;
            at.duration_since(now).unwrap_or_default()
        }
    };
    Some(wanted.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schedule() -> Schedule {
        Schedule::from(&WebhookConfig::default())
    }

    fn status(status: u16) -> Answer {
        Answer {
            status: Some(status),
            error: None,
            retry_after: None,
        }
    }

    #[test]
    fn only_2xx_is_a_success() {
        for code in [200, 201, 204, 299] {
            assert_eq!(schedule().judge(&status(code), 0), Verdict::Delivered);
        }
        for code in [301, 302, 400, 404, 429, 500, 503] {
            let verdict = schedule().judge(&status(code), 0);
            assert!(matches!(verdict, Verdict::Again(_)), "{code}");
            assert_eq!(status(code).reason(), Some(format!("status {code}")));
        }
        assert_eq!(schedule().judge(&status(410), 0), Verdict::Dead);
    }

    #[test]
    fn attempts_are_bounded() {
        assert!(matches!(
            schedule().judge(&status(500), 10),
            Verdict::Again(_)
        ));
        assert_eq!(schedule().judge(&status(500), 11), Verdict::Dead);
        assert_eq!(schedule().judge(&status(200), 11), Verdict::Delivered);
        assert_eq!(schedule().judge(&status(500), u16::MAX), Verdict::Dead);
    }

    #[test]
    fn retry_after_is_a_number_or_a_date_and_bounded() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (text, expected) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("999999", Some(3600)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
        ] {
            let got = retry_after(text, now).map(|wait| wait.as_secs());
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn a_pause_is_only_taken_from_answers_that_mean_it() {
        for (code, pauses) in [(429, true), (503, true), (500, false), (301, false)] {
            let answer = Answer {
                retry_after: Some(Duration::from_secs(9)),
                ..status(code)
            };
            assert_eq!(answer.pause().is_some(), pauses, "{code}");
        }
    }

    proptest! {
        #[test]
        fn delays_lie_between_the_threefold_and_its_double(earlier in 0u16..40, first_ms in 1u64..5000) {
            let schedule = Schedule {
                max_attempts: u16::MAX,
                first_delay: Duration::from_millis(first_ms),
                longest_delay: Duration::from_secs(3600),
            };
            let Verdict::Again(delay) = schedule.judge(&status(500), earlier) else {
                panic!("tried again");
            };
            let wanted = first_ms as f64 * 3f64.powi(earlier.into());
            let wanted = wanted.min(3_600_000.0);
            let delay = delay.as_secs_f64() * 1000.0;
            prop_assert!(delay >= wanted * 0.99 - 1.0, "{delay} {wanted}");
            prop_assert!(delay <= wanted * 2.01 + 1.0, "{delay} {wanted}");
        }

        #[test]
        fn nobody_is_called_before_it_wants_to_be(seconds in 0u64..4000, earlier in 0u16..10) {
            let answer = Answer {
                retry_after: retry_after(&seconds.to_string(), SystemTime::UNIX_EPOCH),
                ..status(503)
            };
            let Verdict::Again(delay) = schedule().judge(&answer, earlier) else {
                panic!("tried again");
            };
            prop_assert!(delay >= Duration::from_secs(seconds.min(3600)));
        }
    }
}
