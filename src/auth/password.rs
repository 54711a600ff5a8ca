//! Passwords: rules, hashing, checking.
//!
//! In: what a user typed, and the stored hash. Out: a new bcrypt hash, or whether they match. Hashing
//! runs on blocking threads behind a bounded queue, so that a flood of sign-ins slows down sign-ins and
//! nothing else. bcrypt and argon2 are read, bcrypt is written, so that GoTrue could take over again.
//! Source: <https://supabase.com/docs/guides/auth/passwords>.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::{Argon2, Params, PasswordHash as Phc, PasswordVerifier as _};
use tokio::sync::Semaphore;

use super::error::{AuthError, Result, codes};

/// Longest password, in bytes: bcrypt reads no further.
pub const MAX_BYTES: usize = 72;
/// Shortest minimum that can be configured, in characters.
pub const MIN_LENGTH: usize = 6;
/// Lowest cost of a bcrypt hash.
pub const MIN_COST: u32 = 4;
/// Cost of new bcrypt hashes.
pub const DEFAULT_COST: u32 = 10;
/// Highest cost of a bcrypt hash that is read, about two seconds.
pub const MAX_COST: u32 = 15;
/// Requests that may wait for a hashing thread; more are told to come back.
const MAX_WAITING: usize = 256;
/// Bounds of stored argon2 hashes: memory in KiB, passes, lanes.
const ARGON2_MAX: (u32, u32, u32) = (256 * 1024, 20, 16);

/// A password that may be stored.
#[derive(Clone)]
pub struct Password(String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(redacted)")
    }
}

impl Password {
    /// Checks a user's new password.
    ///
    /// # Errors
    /// 422 `weak_password` below `min_length` characters; 400 `validation_failed` above [`MAX_BYTES`]
    /// and for a NUL, where some implementations would stop reading.
    pub fn parse(text: &str, min_length: usize) -> Result<Self> {
        let password = Self::parse_any(text)?;
        let min_length = min_length.max(MIN_LENGTH);
        if text.chars().count() < min_length {
            let message = format!("Password should be at least {min_length} characters.");
            let mut weak = AuthError::new(codes::WEAK_PASSWORD, message);
            weak.weak_password = &["length"];
            return Err(weak);
        }
        Ok(password)
    }

    /// Checks a password that an administrator sets: any strength.
    ///
    /// # Errors
    /// 400 `validation_failed` as in [`Self::parse`].
    pub fn parse_any(text: &str) -> Result<Self> {
        if text.len() > MAX_BYTES {
            return Err(AuthError::validation(
                "Password cannot be longer than 72 characters",
            ));
        }
        if text.contains('\0') {
            return Err(AuthError::validation("Password cannot contain a NUL"));
        }
        Ok(Self(text.to_owned()))
    }

    /// A password that nobody knows.
    pub fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }
}

/// Hashes and checks passwords on blocking threads.
#[derive(Debug, Clone)]
pub struct Hasher {
    cost: u32,
    threads: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Hasher {
    /// A hasher that writes bcrypt hashes of this cost, on as many threads as there are processors.
    pub fn new(cost: u32) -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            cost: cost.clamp(MIN_COST, MAX_COST),
            threads: Arc::new(Semaphore::new(threads)),
            waiting: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// A new bcrypt hash.
    ///
    /// # Errors
    /// 429 when the queue is full.
    pub async fn hash(&self, password: Password) -> Result<String> {
        let cost = self.cost;
        self.run(move || bcrypt::hash(password.0, cost))
            .await?
            .map_err(|error| {
                tracing::error!(%error, "auth: hashing failed");
                AuthError::unexpected("Hashing the password failed")
            })
    }

    /// True when the password belongs to the stored hash. Without one (no such user, no password) and
    /// with one that cannot be read it takes as long and is false.
    ///
    /// # Errors
    /// 429 when the queue is full.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool> {
        let password = password.to_owned();
        let stored = stored.unwrap_or_default().to_owned();
        // Zeros in bcrypt's alphabet: a hash that no password has.
        let nobodys = format!("$2b${:02}${}", self.cost, ".".repeat(53));
        self.run(move || {
            verify_blocking(&password, &stored).unwrap_or_else(|| {
                let _takes_as_long = bcrypt::verify(&password, &nobodys);
                false
            })
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        /// Leaves the queue when the request is done or dropped.
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let overloaded =
            || AuthError::new(codes::OVER_REQUEST_RATE_LIMIT, "Too many sign-ins at once");
        let ahead = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if ahead >= MAX_WAITING {
            return Err(overloaded());
        }
        let permit = Arc::clone(&self.threads)
            .acquire_owned()
            .await
            .map_err(|_| overloaded())?;
        // The permit goes with the work: a dropped request does not free a thread that is still busy.
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        })
        .await
        .map_err(|_| AuthError::unexpected("Hashing the password failed"))
    }
}

/// `None`, at once, when there is no hash that can be read.
fn verify_blocking(password: &str, stored: &str) -> Option<bool> {
    if stored.is_empty() {
        return None;
    }
    let matches = if stored.starts_with("$argon2") {
        verify_argon2(password, stored)
    } else {
        verify_bcrypt(password, stored)
    };
    if matches.is_none() {
        tracing::warn!("auth: a user's password hash cannot be read, or asks for too much");
    }
    matches
}

fn verify_bcrypt(password: &str, stored: &str) -> Option<bool> {
    // Read as bcrypt's own parser does.
    let mut parts = stored.split('$').filter(|part| !part.is_empty());
    let cost: u32 = parts.nth(1)?.parse().ok()?;
    if cost > MAX_COST {
        return None;
    }
    bcrypt::verify(password, stored).ok()
}

fn verify_argon2(password: &str, stored: &str) -> Option<bool> {
    let hash = bounded_argon2(stored)?;
    let argon2 = Argon2::default();
    match argon2.verify_password(password.as_bytes(), &hash) {
        Ok(()) => Some(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Some(false),
        Err(_) => None,
    }
}

/// A whole argon2 hash that does not ask for too much memory or time.
fn bounded_argon2(stored: &str) -> Option<Phc> {
    let hash = Phc::new(stored).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let (memory, passes, lanes) = ARGON2_MAX;
    let is_bounded =
        params.m_cost() <= memory && params.t_cost() <= passes && params.p_cost() <= lanes;
    (is_bounded && hash.salt.is_some() && hash.hash.is_some()).then_some(hash)
}

/// True for a hash that [`Hasher::verify`] can read, as an administrator may bring one along.
pub fn is_readable_hash(hash: &str) -> bool {
    let bcrypt = hash.len() == 60
        && hash.is_ascii()
        && ["$2a$", "$2b$", "$2y$"].iter().any(|p| hash.starts_with(p))
        && hash[4..6]
            .parse()
            .is_ok_and(|cost: u32| (MIN_COST..=MAX_COST).contains(&cost));
    let argon2 = (hash.starts_with("$argon2id$") || hash.starts_with("$argon2i$"))
        && hash.len() <= 255
        && bounded_argon2(hash).is_some();
    bcrypt || argon2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_for_new_passwords() {
        assert_eq!(
            Password::parse("abc", 0).unwrap_err().weak_password,
            ["length"]
        );
        assert_eq!(
            Password::parse("sevenxx", 8).unwrap_err().code,
            "weak_password"
        );
        assert!(
            Password::parse("äöüäöü", 6).is_ok(),
            "characters, not bytes"
        );
        assert_eq!(
            Password::parse(&"x".repeat(73), 6).unwrap_err().code,
            "validation_failed"
        );
        assert!(Password::parse(&"x".repeat(72), 6).is_ok());
        assert_eq!(
            Password::parse("abcdef\0g", 6).unwrap_err().code,
            "validation_failed"
        );
        assert!(Password::parse_any("x").is_ok());
        assert!(!format!("{:?}", Password::parse("sesame1", 6)).contains("sesame"));
    }

    #[tokio::test]
    async fn what_was_hashed_verifies() {
        let hasher = Hasher::new(4);
        let hash = hasher
            .hash(Password::parse("right one", 6).unwrap())
            .await
            .unwrap();
        assert!(is_readable_hash(&hash), "{hash}");
        assert!(hasher.verify("right one", Some(&hash)).await.unwrap());
        assert!(!hasher.verify("wrong one", Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn other_writers_hashes_are_read() {
        let hasher = Hasher::new(4);
        let go = "$2a$04$".to_owned() + &bcrypt::hash("pw", 4).unwrap()[7..];
        let argon2id = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$";
        let computed = {
            let mut out = [0u8; 32];
            let params = Params::new(64, 1, 1, Some(32)).unwrap();
            Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
                .hash_password_into(b"pw", b"somesaltsomesalt", &mut out)
                .unwrap();
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD_NO_PAD, out)
        };
        let argon2id = format!("{argon2id}{computed}");
        for hash in [go, argon2id] {
            assert!(is_readable_hash(&hash), "{hash}");
            assert!(hasher.verify("pw", Some(&hash)).await.unwrap(), "{hash}");
            assert!(!hasher.verify("pW", Some(&hash)).await.unwrap(), "{hash}");
        }
    }

    #[tokio::test]
    async fn missing_and_odd_hashes_match_nothing() {
        let hasher = Hasher::new(4);
        let greedy =
            "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA";
        for stored in [
            None,
            Some(""),
            Some("x"),
            Some("{\"alg\":\"aes\"}"),
            Some("$2b$"),
            Some(greedy),
        ] {
            assert!(!hasher.verify("", stored).await.unwrap(), "{stored:?}");
            let now = verify_blocking("", stored.unwrap_or_default());
            assert_eq!(now, None, "{stored:?} would be answered at once");
            assert!(!is_readable_hash(stored.unwrap_or_default()), "{stored:?}");
        }
    }

    #[test]
    fn costs_of_bcrypt_have_a_limit() {
        let hash = |cost: &str| format!("$2b${cost}${}", ".".repeat(53));
        for (cost, is_read) in [("04", true), ("15", true), ("16", false), ("31", false)] {
            assert_eq!(is_readable_hash(&hash(cost)), is_read, "{cost}");
        }
        for cost in ["16", "18", "31", "$18", "x"] {
            assert_eq!(verify_blocking("pw", &hash(cost)), None, "{cost}");
        }
        assert_eq!(verify_blocking("pw", &hash("04")), Some(false));
    }
}
