//! Everything that can be wrong with a token, and the error a client reads.
//!
//! In: a [`TokenFault`] of the verification stages. Out: an [`Error`] with code, message, details and
//! `WWW-Authenticate`. Codes and texts are PostgREST's:
//! <https://docs.postgrest.org/en/stable/references/errors.html#group-3-jwt>.

use crate::error::{Error, ErrorCode, codes};

/// One reason to refuse a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenFault {
    /// No key is configured, so nothing can be verified.
    SecretMissing,
    /// Anonymous access is off and nothing was sent.
    TokenRequired,
    /// `Authorization: Bearer` without a token.
    Empty,
    /// Not three dot-separated parts; the number found.
    Parts(usize),
    /// Larger than [`super::jwt::MAX_TOKEN_BYTES`].
    TooLong,
    /// No configured key fits, or none verifies.
    Key(&'static str),
    /// The header names an algorithm that is never accepted.
    Algorithm(&'static str),
    /// Not base64url, not JSON, or an algorithm nobody knows.
    Crypto,
    /// The payload is not a JSON object.
    ClaimsNotObject,
    /// `exp` has passed.
    Expired,
    /// `nbf` lies ahead.
    NotYetValid,
    /// `iat` lies ahead.
    IssuedAtFuture,
    /// `aud` names somebody else.
    NotInAudience,
    /// `exp`, `nbf` or `iat` is not a number.
    NotNumber(&'static str),
    /// `aud` is neither a string nor an array of strings.
    AudienceType,
    /// A user's token whose `sub` is not a UUID (CRM profile).
    Subject,
    /// A role that the API does not serve, or none at all (CRM profile).
    Role,
}

impl TokenFault {
    fn code(&self) -> &'static ErrorCode {
        match self {
            Self::SecretMissing => &codes::PGRST300,
            Self::TokenRequired => &codes::PGRST302,
            Self::Empty
            | Self::Parts(_)
            | Self::TooLong
            | Self::Key(_)
            | Self::Algorithm(_)
            | Self::Crypto => &codes::PGRST301,
            _ => &codes::PGRST303,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::SecretMissing => "Server lacks JWT secret".into(),
            Self::TokenRequired => "Anonymous access is disabled".into(),
            Self::Empty => "Empty JWT is sent in Authorization header".into(),
            Self::Parts(n) => format!("Expected 3 parts in JWT; got {n}"),
            Self::TooLong => "The JWT is too long".into(),
            Self::Key(_) => "No suitable key or wrong key type".into(),
            Self::Algorithm(_) => "Wrong or unsupported encoding algorithm".into(),
            Self::Crypto => "JWT cryptographic operation failed".into(),
            Self::ClaimsNotObject => "Parsing claims failed".into(),
            Self::Expired => "JWT expired".into(),
            Self::NotYetValid => "JWT not yet valid".into(),
            Self::IssuedAtFuture => "JWT issued at future".into(),
            Self::NotInAudience => "JWT not in audience".into(),
            Self::NotNumber(claim) => format!("The JWT '{claim}' claim must be a number"),
            Self::AudienceType => {
                "The JWT 'aud' claim must be a string or an array of strings".into()
            }
            Self::Subject => "The JWT 'sub' claim must be a UUID".into(),
            Self::Role => "The JWT 'role' claim is missing or not allowed".into(),
        }
    }
}

impl From<TokenFault> for Error {
    fn from(fault: TokenFault) -> Self {
        let message = fault.message();
        let challenge = match fault {
            TokenFault::SecretMissing => None,
            TokenFault::TokenRequired => Some("Bearer".to_owned()),
            _ => Some(format!(
                "Bearer error=\"invalid_token\", error_description=\"{message}\""
            )),
        };
        let mut error = Self::new(fault.code(), message);
        if let TokenFault::Key(details) | TokenFault::Algorithm(details) = fault {
            error = error.details(details);
        }
        match challenge {
            Some(value) => error.header("WWW-Authenticate", value),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_has_its_code_status_and_challenge() {
        let missing = Error::from(TokenFault::SecretMissing);
        assert_eq!((missing.code(), missing.status()), ("PGRST300", 500));
        assert!(missing.fault().headers.is_empty());

        let required = Error::from(TokenFault::TokenRequired);
        assert_eq!((required.code(), required.status()), ("PGRST302", 401));
        assert_eq!(required.fault().headers[0].1, "Bearer");

        let expired = Error::from(TokenFault::Expired);
        assert_eq!((expired.code(), expired.status()), ("PGRST303", 401));
        assert_eq!(
            expired.fault().headers[0].1,
            "Bearer error=\"invalid_token\", error_description=\"JWT expired\""
        );

        let key = Error::from(TokenFault::Key("none fits"));
        assert_eq!(key.code(), "PGRST301");
        assert_eq!(key.fault().details, Some("none fits".into()));
    }
}
