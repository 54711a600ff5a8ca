//! Who is asking: tables of header pairs for both profiles.

use super::*;
use crate::auth::api_keys::{DEMO_EXPIRES_S, DEMO_ISSUER, LegacyKeys};

const SECRET: &str = "reallyreallyreallyreallyverysafe";
const NOW: i64 = 1_700_000_000;
const USER: &str = "0f4c6a3e-4a7e-4a3e-8f4c-6a3e4a7e4a3e";

fn jwt_config() -> JwtConfig {
    JwtConfig {
        secret: Some(SECRET.into()),
        ..JwtConfig::default()
    }
}

fn rest_config() -> RestConfig {
    RestConfig {
        anon_role: Some("anonymous".into()),
        ..RestConfig::default()
    }
}

fn postgrest() -> Authenticator {
    Authenticator::new(&jwt_config(), &rest_config(), None).unwrap()
}

fn crm() -> Authenticator {
    let crm = CrmConfig {
        publishable_keys: vec!["sb_publishable_k".into()],
        secret_keys: vec!["sb_secret_k".into()],
        ..CrmConfig::default()
    };
    Authenticator::new(&jwt_config(), &RestConfig::default(), Some(&crm)).unwrap()
}

fn token(payload: &str) -> String {
    let keys = KeySet::parse(SECRET, false).unwrap();
    jwt::sign(payload, keys.signing().unwrap()).unwrap()
}

fn user_token() -> String {
    token(&format!(
        r#"{{"sub":"{USER}","aud":"authenticated","role":"authenticated","exp":{}}}"#,
        NOW + 60
    ))
}

fn legacy() -> LegacyKeys {
    let keys = KeySet::parse(SECRET, false).unwrap();
    LegacyKeys::sign(keys.signing().unwrap(), DEMO_ISSUER, DEMO_EXPIRES_S).unwrap()
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[test]
fn postgrest_reads_authorization_only() {
    let auth = postgrest();
    let of = |authorization: Option<&str>| {
        auth.authenticate(authorization, Some("whatever"), NOW)
            .map(|found| found.role)
            .map_err(|error| error.code().to_owned())
    };
    assert_eq!(of(None).unwrap(), "anonymous");
    assert_eq!(of(Some("Basic x")).unwrap(), "anonymous");
    assert_eq!(
        of(Some(&bearer(&token(r#"{"role":"author"}"#)))).unwrap(),
        "author"
    );
    assert_eq!(of(Some(&bearer(&token("{}")))).unwrap(), "anonymous");
    assert_eq!(of(Some("Bearer ")).unwrap_err(), "PGRST301");
    assert_eq!(of(Some("Bearer x")).unwrap_err(), "PGRST301");
    assert_eq!(
        of(Some(&bearer(&token(r#"{"exp":1}"#)))).unwrap_err(),
        "PGRST303"
    );
}

#[test]
fn anonymous_access_can_be_off_and_the_secret_can_lack() {
    let closed = Authenticator::new(&jwt_config(), &RestConfig::default(), None).unwrap();
    let error = closed.authenticate(None, None, NOW).unwrap_err();
    assert_eq!((error.code(), error.status()), ("PGRST302", 401));
    let error = closed
        .authenticate(Some(&bearer(&token("{}"))), None, NOW)
        .unwrap_err();
    assert_eq!(
        error.code(),
        "PGRST302",
        "a token without a role is anonymous too"
    );

    let keyless = Authenticator::new(&JwtConfig::default(), &rest_config(), None).unwrap();
    assert!(keyless.authenticate(None, None, NOW).is_ok());
    let error = keyless
        .authenticate(Some("Bearer a.b.c"), None, NOW)
        .unwrap_err();
    assert_eq!((error.code(), error.status()), ("PGRST300", 500));
}

#[test]
fn expiry_is_checked_on_cached_tokens_too() {
    let auth = postgrest();
    let header = bearer(&token(&format!(r#"{{"role":"a","exp":{NOW}}}"#)));
    assert!(auth.authenticate(Some(&header), None, NOW).is_ok());
    assert!(auth.authenticate(Some(&header), None, NOW + 30).is_ok());
    let error = auth
        .authenticate(Some(&header), None, NOW + 31)
        .unwrap_err();
    assert_eq!(error.code(), "PGRST303");
    assert_eq!(
        auth.cache_counts(),
        JwtCacheCounts {
            requests: 3,
            hits: 2,
            evictions: 0,
        }
    );
}

#[test]
fn the_gateway_resolves_keys_and_tokens_in_order() {
    let auth = crm();
    let legacy = legacy();
    let user = bearer(&user_token());
    let publishable = bearer("sb_publishable_k");
    let secret = bearer("sb_secret_k");
    let (anon, service) = (bearer(&legacy.anon), bearer(&legacy.service_role));
    type Case<'a> = (Option<&'a str>, Option<&'a str>, Result<&'a str, &'a str>);
    let cases: &[Case] = &[
        (None, None, Err("no_api_key")),
        (Some(&user), Some("sb_publishable_k"), Ok("authenticated")),
        (Some(&user), Some(&legacy.anon), Ok("authenticated")),
        (Some(&user), None, Ok("authenticated")),
        (
            Some(&user),
            Some("sb_publishable_x"),
            Err("invalid_api_key"),
        ),
        (Some(&user), Some("wrong"), Err("invalid_api_key")),
        (
            Some("Bearer wrong"),
            Some("sb_publishable_k"),
            Err("PGRST301"),
        ),
        (Some("Bearer wrong"), Some("sb_secret_k"), Err("PGRST301")),
        (Some("Bearer"), Some("sb_secret_k"), Err("PGRST301")),
        (Some(&publishable), Some("sb_publishable_k"), Ok("anon")),
        (Some(&secret), Some("sb_secret_k"), Ok("service_role")),
        (Some(&secret), Some("sb_publishable_k"), Ok("service_role")),
        (Some(&publishable), Some("sb_secret_k"), Ok("service_role")),
        (Some(&secret), None, Ok("service_role")),
        (
            Some("Bearer sb_secret_x"),
            Some("sb_secret_k"),
            Err("invalid_api_key"),
        ),
        (None, Some("sb_publishable_k"), Ok("anon")),
        (None, Some(&legacy.anon), Ok("anon")),
        (None, Some(&legacy.service_role), Ok("service_role")),
        (Some(&anon), Some(&legacy.anon), Ok("anon")),
        (
            Some(&service),
            Some(&legacy.service_role),
            Ok("service_role"),
        ),
        (None, Some(""), Err("no_api_key")),
    ];
    for (authorization, apikey, expected) in cases {
        let found = auth.authenticate(*authorization, *apikey, NOW);
        let found = found
            .as_ref()
            .map(|found| found.role.as_str())
            .map_err(|error| error.code());
        assert_eq!(found, *expected, "{authorization:?} {apikey:?}");
    }
}

#[test]
fn the_gateway_serves_its_roles_only() {
    let auth = crm();
    for (payload, code) in [
        (r#"{"role":"postgres"}"#.to_owned(), "PGRST303"),
        (r#"{"role":"supabase_admin"}"#.to_owned(), "PGRST303"),
        (r#"{"role":["anon"]}"#.to_owned(), "PGRST303"),
        (r#"{"url":"bucket/file","iat":1}"#.to_owned(), "PGRST303"),
        (
            format!(r#"{{"role":"authenticated","sub":"{USER}"}}"#),
            "PGRST303",
        ),
        (
            r#"{"role":"authenticated","sub":"x","aud":"authenticated"}"#.to_owned(),
            "PGRST303",
        ),
    ] {
        let error = auth
            .authenticate(
                Some(&bearer(&token(&payload))),
                Some("sb_publishable_k"),
                NOW,
            )
            .unwrap_err();
        assert_eq!((error.code(), error.status()), (code, 401), "{payload}");
    }
}

#[test]
fn open_routes_need_nothing_but_refuse_what_is_wrong() {
    let auth = crm();
    assert_eq!(
        auth.authenticate_open(None, None, NOW).unwrap().role,
        "anon"
    );
    assert!(auth.authenticate_open(Some("Bearer x"), None, NOW).is_err());
    assert!(auth.authenticate_open(None, Some("x"), NOW).is_err());
}

#[test]
fn the_application_check_looks_at_the_key_not_at_the_user() {
    let auth = crm();
    let expired = token(&format!(
        r#"{{"sub":"{USER}","aud":"authenticated","role":"authenticated","exp":1}}"#
    ));
    let check = |authorization: Option<&str>, apikey: Option<&str>| {
        auth.check_application(authorization, apikey, NOW)
            .map_err(|error| error.code().to_owned())
    };
    assert_eq!(
        check(Some(&bearer(&expired)), Some("sb_publishable_k")),
        Ok(())
    );
    assert_eq!(check(Some("Bearer sb_publishable_k"), None), Ok(()));
    assert_eq!(check(None, None), Err("no_api_key".into()));
    assert_eq!(check(None, Some("wrong")), Err("invalid_api_key".into()));
    assert_eq!(
        check(Some(&bearer(&expired)), None),
        Err("invalid_api_key".into())
    );
    assert!(postgrest().check_application(None, None, NOW).is_ok());
}
