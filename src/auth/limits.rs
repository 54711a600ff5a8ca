//! Rate limits: how often somebody may ask.
//!
//! In: a [`Bucket`] and a key (client address, user, e-mail address). Out: nothing, or 429 with the time
//! to wait. Buckets refill evenly (generic cell rate algorithm); they live in this process's memory and
//! are forgotten when they are full again. Keys are kept as digests.
//! Source: <https://supabase.com/docs/guides/auth/rate-limits>.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::sync::Cache;
use sha2::{Digest, Sha256};

use super::error::{AuthError, Result, codes};
use crate::config::RateLimits;

/// Buckets at one time; beyond this, those that were used least are forgotten.
const MAX_BUCKETS: u64 = 100_000;
const FIVE_MINUTES: Duration = Duration::from_secs(300);
const HOUR: Duration = Duration::from_secs(3600);
/// Wrong codes for one mailed token before it is void.
const OTP_ATTEMPTS: u32 = 5;
/// A client address may fail this many times as often as one user: an office shares an address.
const FAILURES_PER_ADDRESS: u32 = 4;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bucket {
    Token,
    Verify,
    SignUp,
    Recover,
    Resend,
    Otp,
    UpdateUser,
    /// Failed sign-ins from a client address.
    AddressFailures,
    /// Failed sign-ins of a user, whether there is one or not.
    UserFailures,
    /// Requests for a mail, from everybody together.
    Mails,
    /// Wrong codes for one token.
    OtpAttempts,
    /// A request for a mail that nobody gets, so that it looks like one that somebody gets.
    Unsent,
}

/// The buckets.
#[derive(Debug, Clone)]
pub struct Limits {
    config: RateLimits,
    mail_interval: Duration,
    started: Instant,
    /// When each bucket is full again, in nanoseconds since `started`.
    full_at: Cache<(Bucket, [u8; 16]), Arc<AtomicU64>>,
}

impl Limits {
    /// Full buckets. `mail_interval_s` is the time between two mails to one address.
    pub fn new(config: RateLimits, mail_interval_s: u64) -> Self {
        let mail_interval = Duration::from_secs(mail_interval_s);
        Self {
            config,
            mail_interval,
            started: Instant::now(),
            full_at: Cache::builder()
                .max_capacity(MAX_BUCKETS)
                .time_to_idle(HOUR.max(mail_interval))
                .build(),
        }
    }

    /// Takes one from the bucket.
    ///
    /// # Errors
    /// 429 when it is empty; nothing is taken then.
    pub fn take(&self, bucket: Bucket, key: &str) -> Result<()> {
        self.ask(bucket, key, true)
    }

    /// As [`Self::take`], without taking.
    ///
    /// # Errors
    /// 429 when the bucket is empty.
    pub fn check(&self, bucket: Bucket, key: &str) -> Result<()> {
        self.ask(bucket, key, false)
    }

    /// Gives back what [`Self::take`] took: it was no failure after all.
    pub fn give_back(&self, bucket: Bucket, key: &str) {
        let Some((size, period)) = self.quota(bucket) else {
            return;
        };
        let each_ns = nanoseconds(period) / u64::from(size);
        let full_at = self.full_at(bucket, key);
        let earlier = |full_at_ns: u64| Some(full_at_ns.saturating_sub(each_ns));
        // The closure never gives up.
        let _ = full_at.fetch_update(Ordering::AcqRel, Ordering::Acquire, earlier);
    }

    fn full_at(&self, bucket: Bucket, key: &str) -> Arc<AtomicU64> {
        let digest = Sha256::digest(key);
        let mut short = [0; 16];
        short.copy_from_slice(&digest[..16]);
        self.full_at
            .get_with((bucket, short), || Arc::new(AtomicU64::new(0)))
    }

    fn ask(&self, bucket: Bucket, key: &str, takes: bool) -> Result<()> {
        let Some((size, period)) = self.quota(bucket) else {
            return Ok(());
        };
        let full_at = self.full_at(bucket, key);
        let now_ns = nanoseconds(self.started.elapsed());
        let each_ns = nanoseconds(period) / u64::from(size);
        let whole_ns = nanoseconds(period);
        let next = |full_at_ns: u64| {
            let after = full_at_ns.max(now_ns).saturating_add(each_ns);
            (after <= now_ns.saturating_add(whole_ns)).then_some(after)
        };
        let outcome = if takes {
            full_at.fetch_update(Ordering::AcqRel, Ordering::Acquire, next)
        } else {
            let current = full_at.load(Ordering::Acquire);
            next(current).ok_or(current)
        };
        outcome.map(|_| ()).map_err(|full_at_ns| {
            let wait_ns = (full_at_ns + each_ns).saturating_sub(now_ns + whole_ns);
            let wait = Duration::from_nanos(wait_ns);
            refusal(bucket, wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
        })
    }

    /// Size and time to refill; `None`: no limit.
    fn quota(&self, bucket: Bucket) -> Option<(u32, Duration)> {
        let config = &self.config;
        let (size, period) = match bucket {
            Bucket::Token => (config.token, FIVE_MINUTES),
            Bucket::Verify => (config.verify, FIVE_MINUTES),
            Bucket::SignUp
            | Bucket::Recover
            | Bucket::Resend
            | Bucket::Otp
            | Bucket::UpdateUser => (config.sign_up, FIVE_MINUTES),
            Bucket::UserFailures => (config.failures, FIVE_MINUTES),
            Bucket::AddressFailures => (
                config.failures.saturating_mul(FAILURES_PER_ADDRESS),
                FIVE_MINUTES,
            ),
            Bucket::Mails => (config.mails, HOUR),
            Bucket::OtpAttempts => (OTP_ATTEMPTS, HOUR),
            Bucket::Unsent => (1, self.mail_interval),
        };
        (size > 0 && !period.is_zero()).then_some((size, period))
    }
}

fn refusal(bucket: Bucket, wait_s: u64) -> AuthError {
    let (code, text) = match bucket {
        Bucket::Mails => (
            codes::OVER_EMAIL_SEND_RATE_LIMIT,
            "Email rate limit exceeded".to_owned(),
        ),
        Bucket::Unsent => return too_soon(wait_s),
        _ => (
            codes::OVER_REQUEST_RATE_LIMIT,
            "Request rate limit reached".to_owned(),
        ),
    };
    AuthError::new(code, text).retry_after(wait_s)
}

/// 429: a mail of this kind was sent a moment ago.
pub fn too_soon(wait_s: u64) -> AuthError {
    let text = format!("For security purposes, you can only request this after {wait_s} seconds.");
    AuthError::new(codes::OVER_EMAIL_SEND_RATE_LIMIT, text).retry_after(wait_s)
}

/// The key of a client address: an IPv6 network is one client.
pub fn address_key(ip: Option<IpAddr>) -> String {
    match ip {
        None => String::new(),
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => match ip.to_ipv4_mapped() {
            Some(ip) => ip.to_string(),
            None => ip.segments()[..4]
                .iter()
                .map(|part| format!("{part:x}:"))
                .collect(),
        },
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(token: u32) -> Limits {
        let config = RateLimits {
            token,
            ..RateLimits::default()
        };
        Limits::new(config, 60)
    }

    #[test]
    fn a_bucket_empties_by_key_and_says_when_to_come_back() {
        let limits = limits(3);
        for _ in 0..3 {
            assert!(limits.take(Bucket::Token, "a").is_ok());
        }
        let refused = limits.take(Bucket::Token, "a").unwrap_err();
        assert_eq!(
            (refused.status, refused.code),
            (429, "over_request_rate_limit")
        );
        let wait_s = refused.retry_after_s.unwrap();
        assert!(
            (99..=100).contains(&wait_s),
            "a third of five minutes: {wait_s}"
        );
        assert!(limits.take(Bucket::Token, "b").is_ok());
        assert!(limits.take(Bucket::SignUp, "a").is_ok(), "another bucket");
    }

    #[test]
    fn checking_takes_nothing_and_zero_is_no_limit() {
        let one = limits(1);
        for _ in 0..5 {
            assert!(one.check(Bucket::Token, "a").is_ok());
        }
        assert!(one.take(Bucket::Token, "a").is_ok());
        assert!(one.check(Bucket::Token, "a").is_err());
        one.give_back(Bucket::Token, "a");
        assert!(one.take(Bucket::Token, "a").is_ok());
        let none = limits(0);
        assert!((0..1000).all(|_| none.take(Bucket::Token, "a").is_ok()));
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let key = |text: &str| address_key(text.parse().ok());
        assert_eq!(key("2001:db8:1:2:3::4"), key("2001:db8:1:2:ffff::1"));
        assert_ne!(key("2001:db8:1:2::4"), key("2001:db8:1:3::4"));
        assert_eq!(key("::ffff:10.0.0.1"), key("10.0.0.1"));
        assert_ne!(key("10.0.0.1"), key("10.0.0.2"));
    }
}
