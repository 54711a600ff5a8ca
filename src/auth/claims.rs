//! The checks on verified claims: time, audience, and which claims a user's token needs.
//!
//! In: the claims of a token whose signature holds, the configured audience, the clock. Out: the first
//! fault in the order `exp`, `nbf`, `iat`, `aud`. Pure; called on every request, also for cached tokens.
//! Source: <https://docs.postgrest.org/en/stable/references/auth.html#jwt-claims-validation>.

use serde_json::{Map, Value};

use super::fault::TokenFault;

/// Clocks may differ by this much.
pub const ALLOWED_SKEW_S: i64 = 30;

/// The audience of user tokens in the CRM profile.
pub const USER_AUDIENCE: &str = "authenticated";

/// Checks the claims that every token may carry.
///
/// # Errors
/// A [`TokenFault`] with code PGRST303.
pub fn check(
    claims: &Map<String, Value>,
    audience: Option<&str>,
    now_s: i64,
) -> Result<(), TokenFault> {
    if seconds(claims, "exp")?.is_some_and(|exp| now_s.saturating_sub(ALLOWED_SKEW_S) > exp) {
        return Err(TokenFault::Expired);
    }
    let latest = now_s.saturating_add(ALLOWED_SKEW_S);
    if seconds(claims, "nbf")?.is_some_and(|nbf| latest < nbf) {
        return Err(TokenFault::NotYetValid);
    }
    if seconds(claims, "iat")?.is_some_and(|iat| latest < iat) {
        return Err(TokenFault::IssuedAtFuture);
    }
    check_audience(claims.get("aud"), audience)
}

/// Checks what a user's token (one with a `sub`) needs in the CRM profile: the audience
/// `authenticated` and a UUID as subject. Legacy anon and service keys have neither and pass.
///
/// # Errors
/// [`TokenFault::NotInAudience`], [`TokenFault::Subject`].
pub fn check_user(claims: &Map<String, Value>) -> Result<(), TokenFault> {
    let Some(sub) = claims.get("sub").filter(|sub| !is_blank(sub)) else {
        return Ok(());
    };
    let meant_for_us = match claims.get("aud") {
        Some(Value::String(aud)) => aud == USER_AUDIENCE,
        Some(Value::Array(auds)) => auds.iter().any(|aud| aud == USER_AUDIENCE),
        _ => false,
    };
    if !meant_for_us {
        return Err(TokenFault::NotInAudience);
    }
    match sub.as_str().map(uuid::Uuid::try_parse) {
        Some(Ok(_)) => Ok(()),
        _ => Err(TokenFault::Subject),
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

/// A NumericDate claim in whole seconds. Fractions and numbers beyond 64 bits count as 0, as in
/// PostgREST: such an `exp` is long past, such an `nbf` never hinders.
fn seconds(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, TokenFault> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(whole(number))),
        Some(_) => Err(TokenFault::NotNumber(name)),
    }
}

fn whole(number: &serde_json::Number) -> i64 {
    /// Beyond this a double does not hold every integer; 2^53.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_i64().unwrap_or_else(|| match number.as_f64() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an exact integer below 2^53"
        )]
        Some(float) if float.fract() == 0.0 && float.abs() <= EXACT => float as i64,
        _ => 0,
    })
}

fn check_audience(aud: Option<&Value>, expected: Option<&str>) -> Result<(), TokenFault> {
    let matches = |aud: &str| expected.is_none_or(|expected| expected == aud);
    let accepted = match aud {
        None | Some(Value::Null) => true,
        Some(Value::String(aud)) => matches(aud),
        Some(Value::Array(auds)) => {
            let auds: Option<Vec<&str>> = auds.iter().map(Value::as_str).collect();
            let auds = auds.ok_or(TokenFault::AudienceType)?;
            auds.is_empty() || auds.into_iter().any(matches)
        }
        Some(_) => return Err(TokenFault::AudienceType),
    };
    if accepted {
        Ok(())
    } else {
        Err(TokenFault::NotInAudience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_000_000;

    fn verdict(claims: Value, audience: Option<&str>) -> Result<(), TokenFault> {
        check(claims.as_object().unwrap(), audience, NOW)
    }

    #[test]
    fn time_claims_have_thirty_seconds_of_grace() {
        for (claims, expected) in [
            (json!({}), Ok(())),
            (json!({"exp": null, "nbf": null, "iat": null}), Ok(())),
            (json!({"exp": NOW - 30}), Ok(())),
            (json!({"exp": NOW - 31}), Err(TokenFault::Expired)),
            (json!({"exp": 1.5}), Err(TokenFault::Expired)),
            (json!({"exp": 1e300}), Err(TokenFault::Expired)),
            (json!({"exp": 2e6}), Ok(())),
            (json!({"nbf": NOW + 30}), Ok(())),
            (json!({"nbf": NOW + 31}), Err(TokenFault::NotYetValid)),
            (json!({"iat": NOW + 30}), Ok(())),
            (json!({"iat": NOW + 31}), Err(TokenFault::IssuedAtFuture)),
            (json!({"exp": "1"}), Err(TokenFault::NotNumber("exp"))),
            (json!({"nbf": true}), Err(TokenFault::NotNumber("nbf"))),
            (json!({"iat": []}), Err(TokenFault::NotNumber("iat"))),
            (json!({"exp": 1, "iat": "x"}), Err(TokenFault::Expired)),
        ] {
            assert_eq!(verdict(claims.clone(), None), expected, "{claims}");
        }
    }

    #[test]
    fn audience_is_a_string_or_an_array_of_strings() {
        let us = Some("us");
        for (claims, audience, expected) in [
            (json!({"aud": "us"}), us, Ok(())),
            (json!({"aud": "them"}), us, Err(TokenFault::NotInAudience)),
            (json!({"aud": ""}), us, Err(TokenFault::NotInAudience)),
            (json!({"aud": ["them", "us"]}), us, Ok(())),
            (json!({"aud": ["them"]}), us, Err(TokenFault::NotInAudience)),
            (json!({"aud": []}), us, Ok(())),
            (json!({"aud": null}), us, Ok(())),
            (json!({}), us, Ok(())),
            (json!({"aud": "them"}), None, Ok(())),
            (json!({"aud": {}}), None, Err(TokenFault::AudienceType)),
            (
                json!({"aud": ["a", 1]}),
                None,
                Err(TokenFault::AudienceType),
            ),
        ] {
            assert_eq!(verdict(claims.clone(), audience), expected, "{claims}");
        }
    }

    #[test]
    fn user_tokens_need_our_audience_and_a_uuid() {
        let id = "0f4c6a3e-4a7e-4a3e-8f4c-6a3e4a7e4a3e";
        for (claims, expected) in [
            (json!({"role": "anon"}), Ok(())),
            (json!({"role": "anon", "sub": ""}), Ok(())),
            (json!({"sub": id, "aud": "authenticated"}), Ok(())),
            (json!({"sub": id, "aud": ["authenticated"]}), Ok(())),
            (json!({"sub": id}), Err(TokenFault::NotInAudience)),
            (
                json!({"sub": id, "aud": []}),
                Err(TokenFault::NotInAudience),
            ),
            (
                json!({"sub": "7", "aud": "authenticated"}),
                Err(TokenFault::Subject),
            ),
            (
                json!({"sub": 7, "aud": "authenticated"}),
                Err(TokenFault::Subject),
            ),
        ] {
            assert_eq!(
                check_user(claims.as_object().unwrap()),
                expected,
                "{claims}"
            );
        }
    }
}
