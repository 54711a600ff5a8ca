//! One token: from its text to verified claims, and from claims to a signed text.
//!
//! In: the token and the [`KeySet`]. Out: the claims, or the reason why not. Only the signature is
//! checked here; [`super::claims`] checks time and audience. The header's `jku`, `x5u` and `jwk` are
//! never looked at; `crit` extensions are refused.
//! Sources: <https://docs.postgrest.org/en/stable/references/auth.html#jwt-signature-verification>,
//! RFC 7515, RFC 8725.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::fault::TokenFault;
use super::jwks::{KeySet, SigningKey};

/// Larger tokens are refused unread.
pub const MAX_TOKEN_BYTES: usize = 32 * 1024;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// Verifies the signature and returns the claims.
///
/// # Errors
/// A [`TokenFault`] with code PGRST301, or [`TokenFault::ClaimsNotObject`].
pub fn verify(
    token: &str,
    keys: &KeySet,
    lenient_kid: bool,
) -> Result<Map<String, Value>, TokenFault> {
    let (message, header, payload, signature) = split(token)?;
    let header: Header = json(header)?;
    if header.alg == "none" {
        return Err(TokenFault::Algorithm(
            "JWT is unsecured but expected 'alg' was not 'none'",
        ));
    }
    if header.crit.is_some() {
        return Err(TokenFault::Algorithm("'crit' extensions are not supported"));
    }
    let algorithm = header.alg.parse().map_err(|_| TokenFault::Crypto)?;
    let claims = decode(payload)?;
    decode(signature)?;

    let mut candidates = keys
        .candidates(algorithm, header.kid.as_deref(), lenient_kid)
        .peekable();
    if candidates.peek().is_none() {
        return Err(TokenFault::Key(
            "No suitable key was found to decode the JWT",
        ));
    }
    let verified = candidates.any(|key| {
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, algorithm).unwrap_or(false)
    });
    if !verified {
        return Err(TokenFault::Key(
            "None of the keys was able to decode the JWT",
        ));
    }
    serde_json::from_slice(&claims).map_err(|_| TokenFault::ClaimsNotObject)
}

/// Signs a payload (JSON text). Header members and their order are those of GoTrue's tokens:
/// `{"alg":"HS256","typ":"JWT"}`, with `kid` between when the key has one.
///
/// # Errors
/// As [`SigningKey::sign`].
pub fn sign(payload: &str, key: &SigningKey) -> Result<String, jsonwebtoken::errors::Error> {
    let algorithm = key.algorithm();
    let header = match &key.kid {
        None => format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#),
        Some(kid) => format!(
            r#"{{"alg":"{algorithm}","kid":{},"typ":"JWT"}}"#,
            Value::String(kid.clone())
        ),
    };
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    token.push_str(&signature);
    Ok(token)
}

/// `(header.payload, header, payload, signature)`.
fn split(token: &str) -> Result<(&str, &str, &str, &str), TokenFault> {
    if token.is_empty() {
        return Err(TokenFault::Empty);
    }
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenFault::TooLong);
    }
    let parts = token.split('.').count();
    match token.rsplit_once('.') {
        Some((message, signature)) if parts == 3 => {
            let (header, payload) = message.split_once('.').ok_or(TokenFault::Parts(parts))?;
            Ok((message, header, payload, signature))
        }
        _ => Err(TokenFault::Parts(parts)),
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Crypto)
}

fn json<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, TokenFault> {
    serde_json::from_slice(&decode(part)?).map_err(|_| TokenFault::Crypto)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "reallyreallyreallyreallyverysafe";
    /// An RSA public key and a token signed with its private part, from RFC 7515 appendix A.2.
    const RSA_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const RSA_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    fn keys() -> KeySet {
        KeySet::parse(SECRET, false).unwrap()
    }

    fn signed(payload: &str) -> String {
        sign(payload, keys().signing().unwrap()).unwrap()
    }

    fn b64(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    #[test]
    fn what_we_sign_we_verify() {
        let claims = verify(&signed(r#"{"role":"a","n":1}"#), &keys(), false).unwrap();
        assert_eq!(Value::Object(claims), serde_json::json!({"role":"a","n":1}));
    }

    #[test]
    fn shapes_that_are_no_token() {
        let none = format!("{}.{}.", b64(r#"{"alg":"none"}"#), b64("{}"));
        let crit = format!("{}.{}.x", b64(r#"{"alg":"HS256","crit":["b"]}"#), b64("{}"));
        let unknown = format!("{}.{}.AA", b64(r#"{"alg":"XX1"}"#), b64("{}"));
        for (token, expected) in [
            ("", TokenFault::Empty),
            ("abc", TokenFault::Parts(1)),
            ("a.b", TokenFault::Parts(2)),
            ("a.b.c.d.e", TokenFault::Parts(5)),
            ("abc.def.ghi", TokenFault::Crypto),
            ("é.é.é", TokenFault::Crypto),
            (
                &none,
                TokenFault::Algorithm("JWT is unsecured but expected 'alg' was not 'none'"),
            ),
            (
                &crit,
                TokenFault::Algorithm("'crit' extensions are not supported"),
            ),
            (&unknown, TokenFault::Crypto),
            (&"x".repeat(MAX_TOKEN_BYTES + 1), TokenFault::TooLong),
        ] {
            assert_eq!(verify(token, &keys(), false), Err(expected), "{token:.40}");
        }
    }

    #[test]
    fn wrong_secret_changed_payload_and_empty_signature_are_refused() {
        let other = KeySet::from_secret(b"not the secret, not the secret, no");
        let forged = sign("{}", other.signing().unwrap()).unwrap();
        let good = signed(r#"{"role":"a"}"#);
        let (head, rest) = good.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let changed = format!("{head}.{}.{signature}", b64(r#"{"role":"b"}"#));
        let unsigned = format!("{head}.{}.", b64("{}"));
        for token in [forged, changed, unsigned] {
            assert_eq!(
                verify(&token, &keys(), false),
                Err(TokenFault::Key(
                    "None of the keys was able to decode the JWT"
                ))
            );
        }
    }

    #[test]
    fn payloads_that_are_no_object_are_refused() {
        for payload in ["1", "[]", "null", "\"x\"", "not json"] {
            assert_eq!(
                verify(&signed(payload), &keys(), false),
                Err(TokenFault::ClaimsNotObject),
                "{payload}"
            );
        }
    }

    #[test]
    fn rsa_tokens_verify_and_a_public_key_is_no_hmac_secret() {
        let jwk = format!(r#"{{"kty":"RSA","n":"{RSA_N}","e":"AQAB"}}"#);
        let rsa = KeySet::parse(&jwk, false).unwrap();
        assert_eq!(verify(RSA_TOKEN, &rsa, false).unwrap()["iss"], "joe");

        // Algorithm confusion: the attacker knows the public key and signs with its bytes as a secret.
        for bytes in [jwk.into_bytes(), URL_SAFE_NO_PAD.decode(RSA_N).unwrap()] {
            let attacker = KeySet::from_secret(&bytes);
            let token = sign(r#"{"role":"service_role"}"#, attacker.signing().unwrap()).unwrap();
            assert_eq!(
                verify(&token, &rsa, false),
                Err(TokenFault::Key(
                    "No suitable key was found to decode the JWT"
                ))
            );
        }
        // And the other way round: an RS256 header does not reach the secret.
        let token = signed("{}").split_once('.').unwrap().1.to_owned();
        let token = format!("{}.{token}", b64(r#"{"alg":"RS256"}"#));
        assert_eq!(
            verify(&token, &keys(), false),
            Err(TokenFault::Key(
                "No suitable key was found to decode the JWT"
            ))
        );
    }

    #[test]
    fn a_kid_that_nobody_has_is_refused_unless_lenient() {
        let message = format!("{}.{}", b64(r#"{"alg":"HS256","kid":"k"}"#), b64("{}"));
        let signature = keys().signing().unwrap().sign(message.as_bytes()).unwrap();
        let token = format!("{message}.{signature}");
        assert!(matches!(
            verify(&token, &keys(), false),
            Err(TokenFault::Key(_))
        ));
        assert!(verify(&token, &keys(), true).is_ok());
    }

    proptest! {
        #[test]
        fn garbage_never_verifies_and_never_panics(token in "[A-Za-z0-9_.=\\-]{0,200}|\\PC{0,60}") {
            prop_assert!(verify(&token, &keys(), true).is_err());
        }

        #[test]
        fn one_changed_character_breaks_a_token(at in 0usize..90, with in "[A-Za-z0-9_-]") {
            let good = signed(r#"{"role":"a","sub":"somebody"}"#);
            let at = at % good.len();
            prop_assume!(good.as_bytes()[at] != b'.' && &good[at..=at] != with.as_str());
            let bad = format!("{}{with}{}", &good[..at], &good[at + 1..]);
            prop_assert!(verify(&bad, &keys(), false).is_err());
        }
    }
}
