//! The loader's promises: precedence, empty texts, the profile's rule, one-line errors.

use std::io::Write;

use super::*;
use crate::config::{LogLevel, TxEnd};

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn from_env(pairs: &[(&str, &str)]) -> Config {
    load(None, env(pairs)).expect("a valid configuration")
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("temporary file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = file("db-pool = 3\ndb-schemas = \"one, two\"\nlog-level = \"warn\"\n");
    let config = load(Some(file.path()), env(&[("PGRST_DB_POOL", "7")])).expect("valid");
    assert_eq!(config.database.pool_size, 7);
    assert_eq!(config.rest.schemas, ["one", "two"]);
    assert_eq!(config.log.level, LogLevel::Warn);
}

#[test]
fn our_own_names_win_over_postgrests() {
    let config = from_env(&[("PGRST_DB_POOL", "7"), ("OPPBASE_DB_POOL", "8")]);
    assert_eq!(config.database.pool_size, 8);
}

#[test]
fn older_names_still_work_and_yield_to_the_new_ones() {
    assert_eq!(from_env(&[("PGRST_MAX_ROWS", "5")]).rest.max_rows, Some(5));
    let both = from_env(&[("PGRST_MAX_ROWS", "5"), ("PGRST_DB_MAX_ROWS", "6")]);
    assert_eq!(both.rest.max_rows, Some(6));
}

#[test]
fn an_empty_text_is_the_default_except_for_the_search_path() {
    let config = from_env(&[
        ("PGRST_DB_URI", "postgresql://x"),
        ("PGRST_DB_EXTRA_SEARCH_PATH", ""),
        ("PGRST_DB_SCHEMAS", ""),
        ("PGRST_DB_MAX_ROWS", ""),
        ("PGRST_SERVER_CORS_ALLOWED_ORIGINS", ""),
    ]);
    assert!(config.rest.extra_search_path.is_empty());
    assert_eq!(config.rest.schemas, ["public"]);
    assert_eq!(config.rest.max_rows, None);
    assert_eq!(config.server.cors_allowed_origins, None);
}

#[test]
fn postgrests_names_alone_make_a_postgrest() {
    let config = from_env(&[("PGRST_DB_URI", "postgresql://x"), ("HOME", "/")]);
    assert_eq!(config.profile, Profile::Postgrest);
    assert_eq!(config.server.port, 3000);
    assert_eq!(config.rest.anon_role, None);
    assert_eq!(config.rest.extra_search_path, ["public"]);
}

#[test]
fn any_name_of_ours_makes_a_crm_and_unknown_names_are_nobodys() {
    let mixed = [("PGRST_DB_POOL", "4"), ("OPPBASE_DB_URI", "postgresql://x")];
    assert_eq!(from_env(&mixed).profile, Profile::Crm);
    assert_eq!(from_env(&[]).profile, Profile::Crm);
    let foreign = [("PGRST_DB_POOL", "4"), ("OPPBASE_SERVICE_HOST", "10.0.0.1")];
    assert_eq!(from_env(&foreign).profile, Profile::Postgrest);
    let asked = [("PGRST_DB_POOL", "4"), ("OPPBASE_PROFILE", "crm")];
    assert_eq!(from_env(&asked).profile, Profile::Crm);
    let asked = [("OPPBASE_DB_POOL", "4"), ("OPPBASE_PROFILE", "postgrest")];
    assert_eq!(from_env(&asked).profile, Profile::Postgrest);
}

#[test]
fn the_crm_has_defaults_of_its_own() {
    let config = from_env(&[]);
    assert_eq!(config.server.host, "127.0.0.1");
    assert_eq!(config.server.port, 54321);
    assert_eq!(config.rest.anon_role.as_deref(), Some("anon"));
}

#[test]
fn app_settings_come_from_both_sources_with_their_whole_names() {
    let file =
        file("app.settings.one = \"1\"\napp.settings.two = 2\n[app.settings.deep]\nx = \"y\"\n");
    let config = load(
        Some(file.path()),
        env(&[("PGRST_APP_SETTINGS_TWO", "{\"not\": \"parsed\"}")]),
    )
    .expect("valid");
    let expected = [
        ("app.settings.deep.x", "y"),
        ("app.settings.one", "1"),
        ("app.settings.two", "{\"not\": \"parsed\"}"),
    ];
    assert_eq!(config.rest.app_settings, env(&expected));
}

#[test]
fn a_key_in_the_environment_stays_a_text() {
    let key = r#"{"kty":"oct","k":"cmVhbGx5","alg":"HS256"}"#;
    let config = from_env(&[("PGRST_JWT_SECRET", key)]);
    assert_eq!(config.jwt.secret.as_deref(), Some(key));
}

#[test]
fn a_secret_may_live_in_a_file() {
    let secret = file("a-secret-with-at-least-32-characters\n");
    let name = format!("@{}", secret.path().display());
    let config = from_env(&[("PGRST_JWT_SECRET", &name)]);
    assert_eq!(
        config.jwt.secret.as_deref(),
        Some("a-secret-with-at-least-32-characters")
    );
    let error = load(None, env(&[("PGRST_JWT_SECRET", "@/does/not/exist")])).expect_err("missing");
    assert!(
        error
            .to_string()
            .starts_with("option jwt-secret (from PGRST_JWT_SECRET) names a file"),
        "{error}"
    );
}

#[test]
fn dollars_in_a_file_name_variables() {
    let file = file("db-uri = \"postgres://u:$(PGRST_TEST_WORD)$$@h/d\"\n");
    let config = load(Some(file.path()), env(&[("PGRST_TEST_WORD", "w")])).expect("valid");
    assert_eq!(config.database.uri, "postgres://u:w$@h/d");
}

#[test]
fn errors_are_one_line_that_names_option_and_source() {
    let error = load(None, env(&[("PGRST_DB_POOL", "ten")])).expect_err("no number");
    assert_eq!(
        error.to_string(),
        "option db-pool (from PGRST_DB_POOL) must be a whole number in range, not `ten`"
    );
    let file = file("db-tx-end = \"maybe\"\n");
    let error = load(Some(file.path()), [])
        .expect_err("no such word")
        .to_string();
    assert!(error.starts_with("option db-tx-end (from /"), "{error}");
    assert!(!error.contains('\n'));
}

#[test]
fn a_broken_or_missing_file_is_one_line_too() {
    let broken = file("db-pool = = 3\n");
    let error = load(Some(broken.path()), [])
        .expect_err("broken")
        .to_string();
    assert!(
        error.starts_with("configuration file /") && !error.contains('\n'),
        "{error}"
    );
    assert!(load(Some(Path::new("/does/not/exist")), []).is_err());
}

#[test]
fn the_admin_server_has_a_port_of_its_own() {
    let same = env(&[
        ("PGRST_SERVER_PORT", "3000"),
        ("PGRST_ADMIN_SERVER_PORT", "3000"),
    ]);
    let error = load(None, same).expect_err("same port");
    assert_eq!(
        error.to_string(),
        "admin-server-port cannot be the same as server-port"
    );
}

#[test]
fn a_secret_never_appears_in_an_error() {
    let error = load(None, env(&[("PGRST_JWT_SECRET", "hunter2")])).expect_err("too short");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn transaction_ends_have_two_switches() {
    let end = from_env(&[("PGRST_DB_TX_END", "rollback-allow-override")])
        .rest
        .tx_end;
    let expected = TxEnd {
        rollback: true,
        allow_override: true,
    };
    assert_eq!(end, expected);
}
