//! The configuration as a file: what `postgrest --dump-config` prints, and what the admin server shows.
//!
//! In: a configuration. Out: `name = value` lines, sorted, that [`super::load`] reads back to the same
//! configuration. Only PostgREST's own options; those of ours have no place in its format. Pure.
//! Source: <https://docs.postgrest.org/en/stable/references/cli.html#dump-config>.

use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Config, ErrorVerbosity, LogLevel, OpenApiMode, TxEnd};
use crate::pg::ident::QualifiedIdentifier;

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// Whether secrets are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// For whoever may read the configuration anyway (`--dump-config`).
    Shown,
    /// For the admin server: `jwt-secret`, `db-uri` and `app.settings.*` are three stars when set.
    Hidden,
}

/// A value as a file writes it.
enum Written {
    /// In quotes.
    Text(String),
    /// As it is.
    Plain(String),
}

impl Written {
    fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn plain(value: impl Display) -> Self {
        Self::Plain(value.to_string())
    }

    /// A number that may be missing.
    fn number(value: Option<impl Display>) -> Self {
        value.map_or_else(|| Self::text(""), Self::plain)
    }

    fn list(items: &[String]) -> Self {
        Self::text(items.join(","))
    }

    fn optional(text: Option<&String>) -> Self {
        Self::text(text.cloned().unwrap_or_default())
    }

    fn identifier(name: Option<&QualifiedIdentifier>) -> Self {
        Self::text(
            name.map_or_else(String::new, |name| match name.schema.as_str() {
                "" => name.name.clone(),
                schema => format!("{schema}.{}", name.name),
            }),
        )
    }

    fn mode(mode: u32) -> Self {
        Self::text(format!("{mode:o}"))
    }

    fn hidden(self) -> Self {
        match self {
            Self::Text(text) if !text.is_empty() => Self::text(HIDDEN),
            other => other,
        }
    }
}

impl Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{}\"", text.replace('"', "\\\"")),
            Self::Plain(text) => f.write_str(text),
        }
    }
}

/// The configuration as sorted lines, each with its line break.
pub fn dump(config: &Config, secrets: Secrets) -> String {
    let hide = |name: &str| {
        secrets == Secrets::Hidden
            && (["db-uri", "jwt-secret"].contains(&name) || name.starts_with("app.settings."))
    };
    let app_settings = config
        .rest
        .app_settings
        .iter()
        .map(|(name, value)| (name.as_str(), Written::text(value)));
    let mut lines: Vec<String> = rows(config)
        .into_iter()
        .chain(app_settings)
        .map(|(name, value)| match hide(name) {
            true => format!("{name} = {}\n", value.hidden()),
            false => format!("{name} = {value}\n"),
        })
        .collect();
    lines.sort();
    lines.concat()
}

fn rows(config: &Config) -> Vec<(&'static str, Written)> {
    let mut rows = database_rows(config);
    rows.extend(rest_rows(config));
    rows.extend(server_rows(config));
    rows.extend(jwt_rows(config));
    rows
}

fn database_rows(config: &Config) -> Vec<(&'static str, Written)> {
    let database = &config.database;
    vec![
        ("db-channel", Written::text(&database.channel)),
        (
            "db-channel-enabled",
            Written::plain(database.channel_enabled),
        ),
        ("db-config", Written::plain(database.in_db_config)),
        ("db-pool", Written::plain(database.pool_size)),
        (
            "db-pool-acquisition-timeout",
            Written::plain(database.pool_acquisition_timeout_s),
        ),
        (
            "db-pool-automatic-recovery",
            Written::plain(database.pool_automatic_recovery),
        ),
        (
            "db-pool-max-idletime",
            Written::plain(database.pool_max_idletime_s),
        ),
        (
            "db-pool-max-lifetime",
            Written::plain(database.pool_max_lifetime_s),
        ),
        (
            "db-pre-config",
            Written::identifier(database.pre_config.as_ref()),
        ),
        (
            "db-prepared-statements",
            Written::plain(database.prepared_statements),
        ),
        ("db-uri", Written::text(&database.uri)),
    ]
}

fn rest_rows(config: &Config) -> Vec<(&'static str, Written)> {
    let rest = &config.rest;
    vec![
        (
            "client-error-verbosity",
            Written::text(match rest.error_verbosity {
                ErrorVerbosity::Verbose => "verbose",
                ErrorVerbosity::Minimal => "minimal",
            }),
        ),
        (
            "db-aggregates-enabled",
            Written::plain(rest.aggregates_enabled),
        ),
        ("db-anon-role", Written::optional(rest.anon_role.as_ref())),
        (
            "db-extra-search-path",
            Written::list(&rest.extra_search_path),
        ),
        (
            "db-hoisted-tx-settings",
            Written::list(&rest.hoisted_tx_settings),
        ),
        ("db-max-rows", Written::number(rest.max_rows)),
        ("db-plan-enabled", Written::plain(rest.plan_enabled)),
        (
            "db-pre-request",
            Written::identifier(rest.pre_request.as_ref()),
        ),
        ("db-root-spec", Written::identifier(rest.root_spec.as_ref())),
        ("db-schemas", Written::list(&rest.schemas)),
        ("db-tx-end", Written::text(tx_end(rest.tx_end))),
        (
            "openapi-mode",
            Written::text(match rest.openapi_mode {
                OpenApiMode::FollowPrivileges => "follow-privileges",
                OpenApiMode::IgnorePrivileges => "ignore-privileges",
                OpenApiMode::Disabled => "disabled",
            }),
        ),
        (
            "openapi-security-active",
            Written::plain(rest.openapi_security_active),
        ),
        (
            "openapi-server-proxy-uri",
            Written::optional(rest.openapi_server_proxy_uri.as_ref()),
        ),
        (
            "url-use-legacy-target-names",
            Written::plain(rest.use_legacy_target_names),
        ),
    ]
}

fn tx_end(end: TxEnd) -> &'static str {
    match (end.rollback, end.allow_override) {
        (false, false) => "commit",
        (false, true) => "commit-allow-override",
        (true, false) => "rollback",
        (true, true) => "rollback-allow-override",
    }
}

fn server_rows(config: &Config) -> Vec<(&'static str, Written)> {
    let server = &config.server;
    let admin_host = server.admin_host.as_ref().unwrap_or(&server.host);
    let origins = server.cors_allowed_origins.as_deref().unwrap_or_default();
    vec![
        ("admin-server-host", Written::text(admin_host)),
        ("admin-server-port", Written::number(server.admin_port)),
        (
            "admin-server-unix-socket",
            Written::optional(server.admin_unix_socket.as_ref()),
        ),
        (
            "admin-server-unix-socket-mode",
            Written::mode(server.admin_unix_socket_mode),
        ),
        (
            "log-level",
            Written::text(match config.log.level {
                LogLevel::Crit => "crit",
                LogLevel::Error => "error",
                LogLevel::Warn => "warn",
                LogLevel::Info => "info",
                LogLevel::Debug => "debug",
            }),
        ),
        ("log-query", Written::plain(config.log.query)),
        ("server-cors-allowed-origins", Written::list(origins)),
        ("server-host", Written::text(&server.host)),
        ("server-port", Written::plain(server.port)),
        ("server-reuseport", Written::plain(server.reuse_port)),
        (
            "server-timing-enabled",
            Written::plain(server.timing_enabled),
        ),
        (
            "server-trace-header",
            Written::optional(server.trace_header.as_ref()),
        ),
        (
            "server-unix-socket",
            Written::optional(server.unix_socket.as_ref()),
        ),
        (
            "server-unix-socket-mode",
            Written::mode(server.unix_socket_mode),
        ),
    ]
}

fn jwt_rows(config: &Config) -> Vec<(&'static str, Written)> {
    let jwt = &config.jwt;
    let secret = jwt.secret.clone().unwrap_or_default();
    let secret = match jwt.secret_is_base64 {
        true => standard_base64(&secret),
        false => secret,
    };
    vec![
        ("jwt-aud", Written::optional(jwt.audience.as_ref())),
        (
            "jwt-cache-max-entries",
            Written::plain(jwt.cache_max_entries),
        ),
        (
            "jwt-role-claim-key",
            Written::text(role_claim_key(&jwt.role_claim_key)),
        ),
        ("jwt-secret", Written::text(secret)),
        ("jwt-secret-is-base64", Written::plain(jwt.secret_is_base64)),
    ]
}

/// The URL alphabet and `.` for padding are taken too; what is printed has the standard alphabet.
fn standard_base64(secret: &str) -> String {
    let replaced = secret
        .trim()
        .replace('_', "/")
        .replace('-', "+")
        .replace('.', "=");
    match STANDARD.decode(&replaced) {
        Ok(bytes) => STANDARD.encode(bytes),
        Err(_) => secret.to_owned(),
    }
}

/// A JSONPath with its `$` doubled, because `$(…)` is special in a file; a path of the older syntax
/// with all its keys quoted.
fn role_claim_key(path: &str) -> String {
    if path.starts_with('$') {
        return path.replace('$', "$$");
    }
    let mut out = String::new();
    let mut rest = path;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '.' => 1 + key_length(&rest[1..]),
            '[' => rest.find(']').map_or(rest.len(), |at| at + 1),
            _ => rest.len(),
        };
        let (step, after) = rest.split_at(length);
        match step.strip_prefix('.') {
            Some(key) => {
                out.push_str(".\"");
                out.push_str(key.trim_matches('"'));
                out.push('"');
            }
            None => out.push_str(step),
        }
        rest = after;
    }
    out
}

fn key_length(rest: &str) -> usize {
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.find('"').map_or(rest.len(), |at| at + 2),
        None => rest.find(['.', '[']).unwrap_or(rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write;

    use super::*;
    use crate::config::options::OPTIONS;
    use crate::config::{Profile, load};

    fn load_file(text: &str) -> Config {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(text.as_bytes()).expect("written");
        let postgrest = [("OPPBASE_PROFILE".to_owned(), "postgrest".to_owned())];
        load::load(Some(file.path()), postgrest).expect("a configuration")
    }

    #[test]
    fn every_option_of_postgrest_is_in_it_and_nothing_else() {
        let printed = dump(&load::defaults(Profile::Postgrest), Secrets::Shown);
        let printed: BTreeSet<&str> = printed
            .lines()
            .filter_map(|line| line.split_once(" = "))
            .map(|(name, _)| name)
            .collect();
        let expected: BTreeSet<&str> = OPTIONS
            .iter()
            .filter(|option| !option.is_ours)
            .map(|option| option.name)
            .collect();
        assert_eq!(printed, expected);
    }

    #[test]
    fn what_is_printed_reads_back_to_itself() {
        let file = "admin-server-port = 3001\napp.settings.one = \"a \\\"word\\\"\"\n\
                    db-uri = \"postgres://u:p$$w@h/d\"\ndb-anon-role = \"anon\"\ndb-max-rows = 10\n\
                    db-pre-request = \"s.f\"\ndb-tx-end = \"rollback-allow-override\"\n\
                    db-schemas = \"a, b\"\ndb-extra-search-path = \"\"\n\
                    jwt-secret = \"cmVhbGx5cmVhbGx5cmVhbGx5cmVhbGx5dmVyeXNhZmU=\"\n\
                    jwt-secret-is-base64 = true\njwt-role-claim-key = \"$$.roles[0]\"\n\
                    server-cors-allowed-origins = \"http://a, http://b\"\n\
                    server-unix-socket-mode = \"777\"\n";
        let config = load_file(file);
        // A `$` of a value is printed as it is, except where it always stands.
        let printed = dump(&config, Secrets::Shown).replace("p$w", "p$$w");
        assert_eq!(load_file(&printed).rest, config.rest);
        assert_eq!(
            dump(&load_file(&printed), Secrets::Shown),
            dump(&config, Secrets::Shown)
        );
        assert!(printed.contains("app.settings.one = \"a \\\"word\\\"\"\n"));
        assert!(printed.contains("db-extra-search-path = \"\"\n"));
    }

    #[test]
    fn older_role_paths_have_quoted_keys() {
        assert_eq!(role_claim_key(".role"), ".\"role\"");
        assert_eq!(role_claim_key(".a.\"b c\"[3]"), ".\"a\".\"b c\"[3]");
        assert_eq!(role_claim_key("$.a"), "$$.a");
        assert_eq!(
            role_claim_key(".a[?(@ == \"x.y\")]"),
            ".\"a\"[?(@ == \"x.y\")]"
        );
    }

    #[test]
    fn the_admin_server_shows_no_secret() {
        let mut config = load::defaults(Profile::Postgrest);
        config.jwt.secret = Some("hunter2".repeat(6));
        config.database.uri = "postgres://u:hunter2@h/d".into();
        config.rest.app_settings = vec![("app.settings.key".into(), "hunter2".into())];
        let printed = dump(&config, Secrets::Hidden);
        assert!(!printed.contains("hunter2"));
        assert!(printed.contains("jwt-secret = \"***\"\n"));
        assert!(printed.contains("app.settings.key = \"***\"\n"));
    }
}
