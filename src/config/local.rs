//! The well-known values of local development: those of the Supabase CLI, so that a frontend's
//! settings work unchanged. They are public and protect nothing; a server that other machines can
//! reach refuses them ([`refuse_well_known`]).
//!
//! Source: <https://supabase.com/docs/guides/local-development/cli/getting-started>.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Config, Profile};

/// Port of the API.
pub const API_PORT: u16 = 54321;
/// Port of the database.
pub const DB_PORT: u16 = 54322;
/// Port of the admin server.
pub const ADMIN_PORT: u16 = 54325;
/// Password of the database's superuser and of `authenticator`.
pub const DB_PASSWORD: &str = "postgres";
/// Signs the two keys below and every access token.
pub const JWT_SECRET: &str = "super-secret-jwt-token-with-at-least-32-characters-long";
/// Opaque key of the role `anon`.
pub const PUBLISHABLE_KEY: &str = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH";
/// Opaque key of the role `service_role`.
pub const SECRET_KEY: &str = "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz";

/// A user of the demo data.
pub const DEMO_EMAIL: &str = "admin@example.com";
/// That user's password.
pub const DEMO_PASSWORD: &str = "Passw0rd!";

/// When the well-known tokens expire (2032-11-12, UTC, in seconds).
const EXPIRES_AT: i64 = 1_983_812_996;

/// The published token of the role `anon`.
pub fn anon_key() -> String {
    demo_token("anon")
}

/// The published token of the role `service_role`.
pub fn service_role_key() -> String {
    demo_token("service_role")
}

/// Signed by hand, because the bytes must equal the published ones: the order of the keys counts.
fn demo_token(role: &str) -> String {
    let header = r#"{"alg":"HS256","typ":"JWT"}"#;
    let payload = format!(r#"{{"iss":"supabase-demo","role":"{role}","exp":{EXPIRES_AT}}}"#);
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let mut mac =
        Hmac::<Sha256>::new_from_slice(JWT_SECRET.as_bytes()).expect("HMAC takes any key length");
    mac.update(signed.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{signed}.{signature}")
}

/// Whether only this machine can reach the address.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// What a reachable server of the CRM profile must not be configured with.
///
/// # Errors
/// The name of the first option that holds a well-known value.
pub fn refuse_well_known(config: &Config) -> Result<(), &'static str> {
    let socket_only = config.server.unix_socket.is_some();
    if config.profile != Profile::Crm || socket_only || is_loopback(&config.server.host) {
        return Ok(());
    }
    if config.jwt.secret.as_deref() == Some(JWT_SECRET) {
        return Err("jwt-secret");
    }
    if config.crm.secret_keys.iter().any(|key| key == SECRET_KEY) {
        return Err("api-secret-keys");
    }
    if config
        .crm
        .publishable_keys
        .iter()
        .any(|key| key == PUBLISHABLE_KEY)
    {
        return Err("api-publishable-keys");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tokens_equal_the_published_ones() {
        assert_eq!(
            anon_key(),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
             eyJpc3MiOiJzdXBhYmFzZS1kZW1vIiwicm9sZSI6ImFub24iLCJleHAiOjE5ODM4MTI5OTZ9.\
             CRXP1A7WOeoJeXxjNni43kdQwgnWNReilDMblYTn_I0"
        );
        let service = service_role_key();
        assert!(service.ends_with("p7fsn3W0YpN81IU"), "{service}");
    }

    #[test]
    fn loopback_is_ipv4_ipv6_and_the_name() {
        for host in ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["0.0.0.0", "::", "*", "!4", "*6", "10.0.0.1", "example.com"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_reachable_crm_refuses_each_well_known_value() {
        let reachable = |change: fn(&mut Config)| {
            let mut config = Config::default();
            config.server.host = "0.0.0.0".into();
            change(&mut config);
            refuse_well_known(&config)
        };
        assert_eq!(reachable(|_| {}), Ok(()));
        assert_eq!(
            reachable(|c| c.jwt.secret = Some(JWT_SECRET.into())),
            Err("jwt-secret")
        );
        assert_eq!(
            reachable(|c| c.crm.secret_keys = vec![SECRET_KEY.into()]),
            Err("api-secret-keys")
        );
        assert_eq!(
            reachable(|c| c.crm.publishable_keys = vec![PUBLISHABLE_KEY.into()]),
            Err("api-publishable-keys")
        );
    }
}
