//! E-mail addresses as users sign up with them.
//!
//! In: text. Out: an [`Email`]: lower case, of valid form, at most 255 bytes. The form is the one of
//! HTML's `input type=email`: <https://html.spec.whatwg.org/#valid-e-mail-address>.

use super::error::{AuthError, Result};

/// Longest address, in bytes: the width of the column.
const MAX_BYTES: usize = 255;

/// A lower-case address of valid form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Checks and lower-cases; blanks are not trimmed.
    ///
    /// # Errors
    /// 400 `validation_failed`.
    pub fn parse(text: &str) -> Result<Self> {
        let valid = text.len() <= MAX_BYTES
            && text
                .rsplit_once('@')
                .is_some_and(|(local, domain)| is_local(local) && is_domain(domain));
        if valid {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(AuthError::validation(
                "Unable to validate email address: invalid format",
            ))
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, owned.
    pub fn into_string(self) -> String {
        self.0
    }
}

fn is_local(local: &str) -> bool {
    !local.is_empty()
        && local
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c))
}

fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_addresses_are_lower_cased() {
        assert_eq!(
            Email::parse("Ann.B+x@Example.COM").unwrap().as_str(),
            "ann.b+x@example.com"
        );
        assert!(Email::parse("root@localhost").is_ok());
    }

    #[test]
    fn invalid_addresses_are_refused() {
        let long = format!("{}@example.com", "a".repeat(255));
        for text in [
            "", "a", "@", "a@", "@b.c", "a b@c.d", " a@b.c", "a@b..c", "a@-b.c", "a@b-.c",
            "a@b.c\0", "a\0@b.c", "é@b.c", "a@b@c", "a@b.c\n", &long,
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }
}
