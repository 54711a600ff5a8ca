//! One-time passwords: the code in a mail, and the hash that its link carries and the database keeps.
//!
//! In: an address. Out: a uniformly random code and hex SHA-224 of address and code, with the prefix
//! `pkce_` when the flow is PKCE's. Source: <https://supabase.com/docs/guides/auth/auth-email-passwordless>.

use sha2::{Digest, Sha224};

/// Prefix of the hash when the link answers with a code instead of tokens.
pub const PKCE_PREFIX: &str = "pkce_";

/// A code and its hash.
#[derive(Clone)]
pub struct Otp {
    /// Digits.
    pub code: String,
    /// What is stored and mailed in links.
    pub hash: String,
}

impl std::fmt::Debug for Otp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Otp(redacted)")
    }
}

impl Otp {
    /// A new code of this many digits.
    pub fn generate(email: &str, digits: usize, is_pkce: bool) -> Self {
        let code: String = (0..digits)
            .map(|_| char::from(b'0' + rand::random_range(0..10u8)))
            .collect();
        let prefix = if is_pkce { PKCE_PREFIX } else { "" };
        Self {
            hash: format!("{prefix}{}", hash(email, &code)),
            code,
        }
    }
}

/// Hex SHA-224 of the lower-case address followed by the code.
pub fn hash(email: &str, code: &str) -> String {
    let digest = Sha224::digest(format!("{}{code}", email.to_lowercase()));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a stored hash belongs to this address and code.
pub fn matches(stored: &str, email: &str, code: &str) -> bool {
    let stored = stored.strip_prefix(PKCE_PREFIX).unwrap_or(stored);
    !stored.is_empty() && stored == hash(email, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_sha224_of_address_and_code() {
        // sha224("a@example.com123456")
        assert_eq!(
            hash("A@example.com", "123456"),
            hash("a@example.com", "123456")
        );
        assert_eq!(hash("", "").len(), 56);
        assert_eq!(
            hash("", ""),
            "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f"
        );
    }

    #[test]
    fn codes_match_their_own_hash_only() {
        for is_pkce in [false, true] {
            let otp = Otp::generate("a@example.com", 6, is_pkce);
            assert_eq!(otp.code.len(), 6);
            assert!(otp.code.bytes().all(|b| b.is_ascii_digit()));
            assert_eq!(otp.hash.starts_with(PKCE_PREFIX), is_pkce);
            assert!(matches(&otp.hash, "a@example.com", &otp.code));
            assert!(!matches(&otp.hash, "b@example.com", &otp.code));
            assert!(!matches("", "a@example.com", &otp.code));
        }
    }
}
