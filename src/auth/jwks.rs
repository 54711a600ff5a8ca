//! Keys: from the configured secret (text, base64, JWK or JWK set) to what verifies and what signs.
//!
//! In: `jwt-secret` as configured. Out: a [`KeySet`]: verification keys, each bound to the algorithms it
//! may be used with (that binding is what makes RS/HS confusion impossible), and the HMAC signing key.
//! Sources: <https://docs.postgrest.org/en/stable/references/configuration.html#jwt-secret>, RFC 7517.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::Value;

use super::ConfigFault;

/// Shortest plain secret; RFC 7518 asks for as many bytes as the hash has.
pub const MIN_SECRET_BYTES: usize = 32;

const HMAC: &[Algorithm] = &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// The configured keys.
#[derive(Clone)]
pub struct KeySet {
    keys: Vec<VerificationKey>,
    signing: Option<SigningKey>,
    /// Public members of the asymmetric keys, for the JWKS route.
    public: Vec<Value>,
}

/// A key that verifies, with what it may verify.
#[derive(Clone)]
pub struct VerificationKey {
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// The key that signs our own tokens (HS256, ES256 or EdDSA).
#[derive(Clone)]
pub struct SigningKey {
    /// Goes into the token's header when present.
    pub kid: Option<String>,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.keys).finish()
    }
}

impl std::fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerificationKey")
            .field("kid", &self.kid)
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl KeySet {
    /// Reads `jwt-secret`: a JWK set, a JWK, else the bytes of an HS256 secret.
    ///
    /// # Errors
    /// Base64 that is none, and plain secrets below [`MIN_SECRET_BYTES`].
    pub fn parse(secret: &str, is_base64: bool) -> Result<Self, ConfigFault> {
        let bytes = if is_base64 {
            decode_base64(secret)?
        } else {
            secret.as_bytes().to_vec()
        };
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(Value::Object(set)) if set.get("keys").is_some_and(Value::is_array) => {
                let keys = set["keys"].as_array().map_or(&[][..], Vec::as_slice);
                return Ok(Self::from_jwks(keys));
            }
            Ok(jwk @ Value::Object(_)) if jwk.get("kty").is_some() => {
                return Ok(Self::from_jwks(&[jwk]));
            }
            _ => {}
        }
        if bytes.len() < MIN_SECRET_BYTES {
            return Err(ConfigFault::new(format!(
                "The JWT secret must be at least {MIN_SECRET_BYTES} characters long."
            )));
        }
        Ok(Self::from_secret(&bytes))
    }

    /// One HS256 key without a `kid`.
    pub fn from_secret(secret: &[u8]) -> Self {
        Self {
            keys: vec![VerificationKey {
                kid: None,
                algorithms: vec![Algorithm::HS256],
                key: DecodingKey::from_secret(secret),
            }],
            signing: Some(SigningKey {
                kid: None,
                algorithm: Algorithm::HS256,
                key: EncodingKey::from_secret(secret),
            }),
            public: Vec::new(),
        }
    }

    /// Adds keys that verify besides those that are there. The first private one signs from now on;
    /// those with `key_ops` without `sign` do not.
    ///
    /// # Errors
    /// No JSON array, no private key in it, or one that does not belong to its public part.
    pub fn with_signing_keys(mut self, json: &str) -> Result<Self, ConfigFault> {
        let jwks: Vec<Value> = serde_json::from_str(json).map_err(|error| {
            ConfigFault::new(format!("auth-signing-keys is no JSON array: {error}"))
        })?;
        let added = Self::from_jwks(&jwks);
        let signing = jwks
            .iter()
            .filter(|jwk| may_sign(jwk))
            .find_map(SigningKey::from_private)
            .ok_or_else(|| ConfigFault::new("auth-signing-keys holds no private key"))?;
        let probe = b"probe";
        let verifies = signing.sign(probe).is_ok_and(|signature| {
            added
                .candidates(signing.algorithm, signing.kid.as_deref(), false)
                .any(|key| {
                    jsonwebtoken::crypto::verify(&signature, probe, key, signing.algorithm)
                        .unwrap_or(false)
                })
        });
        if !verifies {
            return Err(ConfigFault::new(
                "auth-signing-keys: the private part of the first key does not belong to its public part",
            ));
        }
        self.keys.extend(added.keys);
        self.public.extend(added.public);
        self.signing = Some(signing);
        Ok(self)
    }

    /// No keys.
    pub fn empty() -> Self {
        Self {
            keys: Vec::new(),
            signing: None,
            public: Vec::new(),
        }
    }

    /// Keys of unknown kind, and those meant for encryption, are left out.
    fn from_jwks(values: &[Value]) -> Self {
        let jwks: Vec<Jwk> = values
            .iter()
            .filter_map(|jwk| serde_json::from_value(jwk.clone()).ok())
            .collect();
        Self {
            signing: jwks
                .iter()
                .find_map(SigningKey::from_jwk)
                .or_else(|| values.iter().find_map(SigningKey::from_private)),
            keys: jwks.iter().filter_map(VerificationKey::from_jwk).collect(),
            public: jwks.iter().filter_map(public_members).collect(),
        }
    }

    /// The keys that may verify a token with this header.
    ///
    /// A `kid` selects the keys that have it. With `lenient_kid`, keys without one fit as well: hosted
    /// projects put a `kid` into tokens signed with their plain secret.
    pub fn candidates<'a>(
        &'a self,
        algorithm: Algorithm,
        kid: Option<&'a str>,
        lenient_kid: bool,
    ) -> impl Iterator<Item = &'a DecodingKey> {
        self.keys
            .iter()
            .filter(move |key| {
                let kid_fits = kid.is_none()
                    || key.kid.as_deref() == kid
                    || (lenient_kid && key.kid.is_none());
                kid_fits && key.algorithms.contains(&algorithm)
            })
            .map(|key| &key.key)
    }

    /// The asymmetric keys as JWKs, private members left out.
    pub fn public_jwks(&self) -> &[Value] {
        &self.public
    }

    /// The key that signs our tokens; `None` when only public keys are configured.
    pub fn signing(&self) -> Option<&SigningKey> {
        self.signing.as_ref()
    }
}

impl VerificationKey {
    fn from_jwk(jwk: &Jwk) -> Option<Self> {
        if jwk.common.public_key_use == Some(PublicKeyUse::Encryption) {
            return None;
        }
        let family: &[Algorithm] = match &jwk.algorithm {
            AlgorithmParameters::OctetKey(_) => HMAC,
            AlgorithmParameters::RSA(_) => RSA,
            AlgorithmParameters::EllipticCurve(key) => match key.curve {
                EllipticCurve::P256 => &[Algorithm::ES256],
                EllipticCurve::P384 => &[Algorithm::ES384],
                _ => return None,
            },
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                &[Algorithm::EdDSA]
            }
            _ => return None,
        };
        let algorithms = match jwk.common.key_algorithm {
            None => family.to_vec(),
            Some(named) => {
                let named: Algorithm = named.to_string().parse().ok()?;
                family.iter().copied().filter(|a| *a == named).collect()
            }
        };
        Some(Self {
            kid: jwk.common.key_id.clone(),
            algorithms,
            key: DecodingKey::from_jwk(jwk).ok()?,
        })
    }
}

impl SigningKey {
    fn from_jwk(jwk: &Jwk) -> Option<Self> {
        let AlgorithmParameters::OctetKey(octets) = &jwk.algorithm else {
            return None;
        };
        let fits = jwk
            .common
            .key_algorithm
            .is_none_or(|named| named.to_string() == "HS256");
        let secret = URL_SAFE_NO_PAD.decode(&octets.value).ok()?;
        fits.then(|| Self {
            kid: jwk.common.key_id.clone(),
            algorithm: Algorithm::HS256,
            key: EncodingKey::from_secret(&secret),
        })
    }

    /// A private key on P-256 or Ed25519, wrapped as PKCS #8 (RFC 5958, RFC 5915, RFC 8410).
    fn from_private(jwk: &Value) -> Option<Self> {
        let bytes = |name: &str| -> Option<[u8; 32]> {
            let bytes = URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok()?;
            bytes.try_into().ok()
        };
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let (algorithm, key) = match (member("kty"), member("crv")) {
            (Some("EC"), Some("P-256")) => {
                let der = [
                    P256_HEADER,
                    &bytes("d")?,
                    P256_PUBLIC_HEADER,
                    &bytes("x")?,
                    &bytes("y")?,
                ]
                .concat();
                (Algorithm::ES256, EncodingKey::from_ec_der(&der))
            }
            (Some("OKP"), Some("Ed25519")) => {
                let der = [ED25519_HEADER, &bytes("d")?].concat();
                (Algorithm::EdDSA, EncodingKey::from_ed_der(&der))
            }
            _ => return None,
        };
        Some(Self {
            kid: member("kid").map(str::to_owned),
            algorithm,
            key,
        })
    }

    /// `alg` of its tokens.
    pub fn algorithm(&self) -> &'static str {
        match self.algorithm {
            Algorithm::ES256 => "ES256",
            Algorithm::EdDSA => "EdDSA",
            _ => "HS256",
        }
    }

    /// The signature part (base64url) over `message`.
    ///
    /// # Errors
    /// A private key that the library does not take; [`KeySet::with_signing_keys`] finds out at the start.
    pub fn sign(&self, message: &[u8]) -> Result<String, jsonwebtoken::errors::Error> {
        jsonwebtoken::crypto::sign(message, &self.key, self.algorithm)
    }
}

/// PKCS #8 before the 32 bytes of a private key on P-256.
const P256_HEADER: &[u8] = &[
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
    0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02,
    0x01, 0x01, 0x04, 0x20,
];
/// Between those and the 64 bytes of the public key.
const P256_PUBLIC_HEADER: &[u8] = &[0xa1, 0x44, 0x03, 0x42, 0x00, 0x04];
/// PKCS #8 before the 32 bytes of a private key on Ed25519.
const ED25519_HEADER: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

fn may_sign(jwk: &Value) -> bool {
    match jwk.get("key_ops").and_then(Value::as_array) {
        Some(operations) => operations.iter().any(|operation| operation == "sign"),
        None => true,
    }
}

/// Members that RFC 7518 calls public; anything else in a JWK may be private.
const PUBLIC_MEMBERS: &[&str] = &["kty", "kid", "use", "alg", "crv", "x", "y", "n", "e"];

fn public_members(jwk: &Jwk) -> Option<Value> {
    if matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_)) {
        return None;
    }
    VerificationKey::from_jwk(jwk)?;
    let Ok(Value::Object(mut members)) = serde_json::to_value(jwk) else {
        return None;
    };
    members.retain(|name, _| PUBLIC_MEMBERS.contains(&name.as_str()));
    Some(Value::Object(members))
}

/// Base64 as PostgREST takes it: both alphabets, `.` for padding, blanks around it.
fn decode_base64(text: &str) -> Result<Vec<u8>, ConfigFault> {
    let standard: String = text
        .trim()
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            '.' => '=',
            other => other,
        })
        .collect();
    STANDARD
        .decode(standard)
        .map_err(|error| ConfigFault::new(format!("The JWT secret is not valid base64: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(set: &KeySet, algorithm: Algorithm, kid: Option<&str>) -> usize {
        set.candidates(algorithm, kid, false).count()
    }

    #[test]
    fn a_plain_secret_is_for_hs256_only_and_has_a_minimum_length() {
        let set = KeySet::parse("reallyreallyreallyreallyverysafe", false).unwrap();
        assert_eq!(count(&set, Algorithm::HS256, None), 1);
        assert_eq!(count(&set, Algorithm::HS512, None), 0);
        assert_eq!(count(&set, Algorithm::RS256, None), 0);
        assert_eq!(count(&set, Algorithm::HS256, Some("k")), 0);
        assert_eq!(set.candidates(Algorithm::HS256, Some("k"), true).count(), 1);
        assert!(KeySet::parse("short", false).is_err());
    }

    #[test]
    fn base64_secrets_take_both_alphabets() {
        let raw = [0xfbu8; 32];
        let standard = STANDARD.encode(raw);
        let url_safe = standard
            .replace('+', "-")
            .replace('/', "_")
            .replace('=', ".");
        for text in [standard, url_safe] {
            assert!(KeySet::parse(&text, true).is_ok(), "{text}");
        }
        assert!(KeySet::parse("###", true).is_err());
    }

    #[test]
    fn jwk_sets_bind_keys_to_algorithm_and_kid() {
        let k = URL_SAFE_NO_PAD.encode([7u8; 64]);
        let set = format!(
            r#"{{"keys":[{{"kty":"oct","k":"{k}","kid":"a","alg":"HS512"}},
                         {{"kty":"oct","k":"{k}","kid":"b"}},
                         {{"kty":"oct","k":"{k}","kid":"c","use":"enc"}},
                         {{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}},
                         {{"kty":"XYZ"}}]}}"#
        );
        let set = KeySet::parse(&set, false).unwrap();
        assert_eq!(count(&set, Algorithm::HS512, Some("a")), 1);
        assert_eq!(count(&set, Algorithm::HS256, Some("a")), 0);
        assert_eq!(count(&set, Algorithm::HS384, Some("b")), 1);
        assert_eq!(count(&set, Algorithm::HS512, None), 2);
        assert_eq!(count(&set, Algorithm::HS256, Some("c")), 0);
        assert_eq!(count(&set, Algorithm::EdDSA, None), 1);
        assert_eq!(set.signing().unwrap().kid.as_deref(), Some("b"));
    }

    #[test]
    fn only_public_members_are_published() {
        let set = r#"{"keys":[
            {"kty":"EC","crv":"P-256","kid":"e","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
             "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
             "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"},
            {"kty":"oct","k":"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlYw"}]}"#;
        let set = KeySet::parse(set, false).unwrap();
        let text = serde_json::to_string(set.public_jwks()).unwrap();
        assert_eq!(set.public_jwks().len(), 1);
        assert!(
            text.contains("MKBCTN") && !text.contains("870MB6") && !text.contains("c2Vj"),
            "{text}"
        );
    }

    /// RFC 7515, appendix A.3.
    const EC: &str = r#"{"kty":"EC","crv":"P-256","kid":"new","alg":"ES256",
        "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    /// RFC 8037, appendix A.1.
    const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"old",
        "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    fn plain() -> KeySet {
        KeySet::parse("reallyreallyreallyreallyverysafe", false).unwrap()
    }

    #[test]
    fn the_first_private_key_signs_and_all_verify() {
        let set = plain().with_signing_keys(&format!("[{EC},{ED}]")).unwrap();
        let signing = set.signing().unwrap();
        assert_eq!(
            (signing.algorithm(), signing.kid.as_deref()),
            ("ES256", Some("new"))
        );
        assert_eq!(count(&set, Algorithm::HS256, None), 1);
        assert_eq!(count(&set, Algorithm::ES256, Some("new")), 1);
        assert_eq!(count(&set, Algorithm::EdDSA, Some("old")), 1);
        let published = serde_json::to_string(set.public_jwks()).unwrap();
        assert!(
            published.contains("f83OJ3") && !published.contains("jpsQnn"),
            "{published}"
        );

        let rotated = plain().with_signing_keys(&format!("[{ED},{EC}]")).unwrap();
        assert_eq!(rotated.signing().unwrap().algorithm(), "EdDSA");
    }

    #[test]
    fn keys_that_cannot_sign_are_no_signing_keys() {
        let verify_only = EC.replace("\"alg\"", "\"key_ops\":[\"verify\"],\"alg\"");
        let wrong_pair = EC.replace("x_FEzR", "x_FEzS");
        let public = r#"{"kty":"EC","crv":"P-256","x":"a","y":"b"}"#;
        for keys in [
            "[]",
            "{}",
            "x",
            public,
            &format!("[{verify_only}]"),
            &format!("[{wrong_pair}]"),
        ] {
            assert!(plain().with_signing_keys(keys).is_err(), "{keys}");
        }
        assert!(
            plain()
                .with_signing_keys(&format!("[{verify_only},{ED}]"))
                .is_ok()
        );
    }

    #[test]
    fn keys_never_print() {
        let set = KeySet::parse("reallyreallyreallyreallyverysafe", false).unwrap();
        assert!(!format!("{set:?}").contains("really"));
        assert!(!format!("{:?}", set.signing()).contains("really"));
    }
}
