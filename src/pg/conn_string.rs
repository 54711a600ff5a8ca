//! Connection strings: libpq URIs and `key=value` lists, with libpq's environment as the default for
//! what they leave out, and the TLS settings that tokio-postgres does not know.
//!
//! Source: <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::config::SslMode as WireSslMode;

/// `sslmode` of libpq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Why a connection string was refused. Never contains the string: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum ConnStringError {
    #[error("the connection string could not be parsed: {0}")]
    Syntax(String),
    #[error("sslmode \"{0}\" is not known; use disable, prefer, require, verify-ca or verify-full")]
    SslMode(String),
}

/// A parsed connection string. Prints without its password.
#[derive(Clone)]
pub struct ConnString {
    config: tokio_postgres::Config,
    ssl_mode: SslMode,
    ssl_root_cert: Option<PathBuf>,
}

impl fmt::Debug for ConnString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for ConnString {
    /// Host, port and database: what an operator needs to recognise the server.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self.config.get_hosts().first() {
            Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
            Some(tokio_postgres::config::Host::Unix(path)) => path.display().to_string(),
            None => "localhost".into(),
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let database = self
            .config
            .get_dbname()
            .or(self.config.get_user())
            .unwrap_or("");
        write!(f, "{host}:{port}/{database}")
    }
}

impl ConnString {
    /// Parses `text`, filling gaps from `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGDATABASE` as
    /// `env` gives them.
    ///
    /// # Errors
    /// [`ConnStringError`], without the text itself.
    pub fn parse(
        text: &str,
        env: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConnStringError> {
        let (rest, ssl_mode, ssl_root_cert) = take_ssl_settings(text)?;
        let mut config = tokio_postgres::Config::from_str(&rest)
            .map_err(|e| ConnStringError::Syntax(source_text(&e)))?;
        fill_from_environment(&mut config, env);
        config.ssl_mode(match ssl_mode {
            SslMode::Disable => WireSslMode::Disable,
            SslMode::Prefer => WireSslMode::Prefer,
            _ => WireSslMode::Require,
        });
        Ok(Self {
            config,
            ssl_mode,
            ssl_root_cert,
        })
    }

    /// The settings for tokio-postgres.
    pub fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    /// The login role, if named.
    pub fn user(&self) -> Option<&str> {
        self.config.get_user()
    }

    /// Sets `application_name` unless the string names one.
    #[must_use]
    pub fn with_application_name(mut self, name: &str) -> Self {
        if self.config.get_application_name().is_none() {
            self.config.application_name(name);
        }
        self
    }

    /// How the server's certificate is checked.
    pub fn ssl_mode(&self) -> SslMode {
        self.ssl_mode
    }

    /// `sslrootcert`, if given and not `system`.
    pub fn ssl_root_cert(&self) -> Option<&PathBuf> {
        self.ssl_root_cert.as_ref()
    }
}

fn source_text(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn fill_from_environment(
    config: &mut tokio_postgres::Config,
    env: impl Fn(&str) -> Option<String>,
) {
    let given = |name: &str| env(name).filter(|v| !v.is_empty());
    if config.get_hosts().is_empty() {
        config.host(given("PGHOST").unwrap_or_else(|| "localhost".into()));
    }
    if config.get_ports().is_empty()
        && let Some(port) = given("PGPORT").and_then(|p| p.parse().ok())
    {
        config.port(port);
    }
    if config.get_user().is_none()
        && let Some(user) = given("PGUSER").or_else(|| given("USER"))
    {
        config.user(user);
    }
    if config.get_password().is_none()
        && let Some(password) = given("PGPASSWORD")
    {
        config.password(password);
    }
    if config.get_dbname().is_none()
        && let Some(database) = given("PGDATABASE")
    {
        config.dbname(database);
    }
}

/// Splits `sslmode` and `sslrootcert` off; tokio-postgres knows neither `verify-*` nor root files.
fn take_ssl_settings(text: &str) -> Result<(String, SslMode, Option<PathBuf>), ConnStringError> {
    let is_uri = text.starts_with("postgres://") || text.starts_with("postgresql://");
    let (base, settings, separator) = if is_uri {
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        (base, query.split('&').collect::<Vec<_>>(), "&")
    } else {
        ("", text.split_whitespace().collect(), " ")
    };
    let mut mode = SslMode::Prefer;
    let mut root = None;
    let mut kept = Vec::new();
    for setting in settings.into_iter().filter(|s| !s.is_empty()) {
        match setting.split_once('=') {
            Some(("sslmode", value)) => mode = parse_ssl_mode(value)?,
            Some(("sslrootcert", "system")) => {}
            Some(("sslrootcert", value)) => {
                let path = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
                root = Some(PathBuf::from(path.into_owned()));
            }
            _ => kept.push(setting),
        }
    }
    let kept = kept.join(separator);
    let rest = match (is_uri, kept.is_empty()) {
        (true, true) => base.to_owned(),
        (true, false) => format!("{base}?{kept}"),
        (false, _) => kept,
    };
    Ok((rest, mode, root))
}

fn parse_ssl_mode(value: &str) -> Result<SslMode, ConnStringError> {
    Ok(match value.trim_matches('\'') {
        "disable" => SslMode::Disable,
        "allow" | "prefer" => SslMode::Prefer,
        "require" => SslMode::Require,
        "verify-ca" => SslMode::VerifyCa,
        "verify-full" => SslMode::VerifyFull,
        other => return Err(ConnStringError::SslMode(other.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_env(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn ssl_settings_that_the_driver_does_not_know_are_taken_out() {
        let text = "postgresql://u:secret@db.example:6543/app?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&application_name=x";
        let conn = ConnString::parse(text, no_env).expect("valid");
        assert_eq!(conn.ssl_mode(), SslMode::VerifyFull);
        assert_eq!(conn.ssl_root_cert(), Some(&PathBuf::from("/etc/ca.pem")));
        assert_eq!(conn.config().get_application_name(), Some("x"));
        assert_eq!(conn.to_string(), "db.example:6543/app");
        assert!(!format!("{conn:?}").contains("secret"));
    }

    #[test]
    fn gaps_are_filled_from_the_environment() {
        let env = |name: &str| match name {
            "PGHOST" => Some("h".to_owned()),
            "PGPORT" => Some("1234".to_owned()),
            "PGDATABASE" => Some("d".to_owned()),
            _ => None,
        };
        let conn = ConnString::parse("postgresql://", env).expect("valid");
        assert_eq!(conn.to_string(), "h:1234/d");
        let conn = ConnString::parse("host=other dbname=e", env).expect("valid");
        assert_eq!(conn.to_string(), "other:1234/e");
    }

    #[test]
    fn errors_do_not_show_the_string() {
        let error = ConnString::parse("postgresql://u:secret@h?sslmode=maybe", no_env)
            .expect_err("unknown mode");
        assert!(error.to_string().contains("maybe"));
        let error = ConnString::parse("host=h port=secret", no_env).expect_err("bad port");
        assert!(!error.to_string().contains("host=h"), "{error}");
    }
}
