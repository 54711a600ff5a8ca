//! `--supabase-dir`: what an app's own `supabase/` folder says, as options of ours.
//!
//! In: the folder, or the project that holds it. Out: ports, options, mail templates, seed files; and its
//! application to a database ([`crate::pg::supabase_dir`]). `env(NAME)` in a value names a variable.
//! What has no meaning here (studio, realtime, analytics, SMS, OAuth providers) is not read.
//! Source: <https://supabase.com/docs/guides/local-development/cli/config>.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tokio_postgres::Client;
use toml::{Table, Value};

use super::failure::{Exit, Failure, one_line};
use crate::config::MailTemplate;
use crate::pg::supabase_dir::{self, DirError};

/// A folder that was read.
#[derive(Debug, Default)]
pub(super) struct SupabaseFolder {
    dir: PathBuf,
    pub api_port: Option<u16>,
    pub db_port: Option<u16>,
    /// Option -> text.
    pub options: BTreeMap<&'static str, String>,
    /// By kind (`invite`, `recovery`, …).
    pub templates: BTreeMap<String, MailTemplate>,
    seeds: Vec<PathBuf>,
}

/// Settings that mean the same here: path in `config.toml`, option.
const SAME: &[(&str, &str)] = &[
    ("api.max_rows", "db-max-rows"),
    ("auth.site_url", "site-url"),
    ("auth.jwt_expiry", "auth-access-token-ttl"),
    (
        "auth.refresh_token_reuse_interval",
        "auth-refresh-token-reuse-interval",
    ),
    ("auth.minimum_password_length", "auth-password-min-length"),
    (
        "auth.email.double_confirm_changes",
        "auth-secure-email-change",
    ),
    (
        "auth.email.secure_password_change",
        "auth-secure-password-change",
    ),
    ("auth.email.otp_length", "auth-otp-length"),
    ("auth.email.otp_expiry", "auth-otp-ttl"),
];

/// Settings that mean the opposite.
const OPPOSITE: &[(&str, &str)] = &[
    ("auth.enable_signup", "auth-signup-disabled"),
    ("auth.email.enable_confirmations", "auth-autoconfirm"),
];

/// Variables of `functions/.env` that our functions read, and their options.
const FUNCTIONS: &[(&str, &str)] = &[
    ("POSTMARK_WEBHOOK_USER", "postmark-webhook-user"),
    ("POSTMARK_WEBHOOK_PASSWORD", "postmark-webhook-password"),
    (
        "POSTMARK_WEBHOOK_AUTHORIZED_IPS",
        "postmark-webhook-authorized-ips",
    ),
    ("VITE_INBOUND_EMAIL", "postmark-inbound-address"),
];

impl SupabaseFolder {
    /// Reads `config.toml` and what it names.
    ///
    /// # Errors
    /// [`Exit::Configuration`] for what cannot be read.
    pub fn read(given: &Path) -> Result<Self, Failure> {
        let below = given.join("supabase");
        let dir = if below.join("migrations").is_dir() {
            below
        } else {
            given.to_owned()
        };
        if !dir.join("migrations").is_dir() {
            let text = format!("{} has no migrations/", given.display());
            return Err(Failure::new(Exit::Configuration, text)
                .hint("name the app's supabase folder, or the project that holds it"));
        }
        let path = dir.join("config.toml");
        let text = if path.exists() {
            read(&path)?
        } else {
            String::new()
        };
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let text = format!("{}: {}", path.display(), one_line(error.message()));
            Failure::new(Exit::Configuration, text)
        })?;
        let mut folder = Self {
            dir,
            ..Self::default()
        };
        folder.settings(&Config(&table))?;
        folder.function_variables();
        Ok(folder)
    }

    /// Applies migrations and seeds, and says what was done.
    ///
    /// # Errors
    /// [`Exit::Database`] with PostgreSQL's message, [`Exit::Configuration`] for unreadable files.
    pub async fn apply(&self, client: &mut Client) -> Result<(), Failure> {
        let applied = supabase_dir::apply(client, &self.dir, &self.seeds)
            .await
            .map_err(failure)?;
        for file in applied.migrations.iter().chain(&applied.seeds) {
            super::note(&format!("applied {file}"));
        }
        if !applied.provided.is_empty() {
            super::note(&format!(
                "taken as provided: {}",
                applied.provided.join(", ")
            ));
        }
        Ok(())
    }

    fn settings(&mut self, config: &Config<'_>) -> Result<(), Failure> {
        self.api_port = config.port("api.port");
        self.db_port = config.port("db.port");
        for (path, option) in SAME {
            if let Some(text) = config.text(path) {
                self.options.insert(option, text);
            }
        }
        for (path, option) in OPPOSITE {
            if let Some(Value::Boolean(value)) = config.find(path) {
                self.options.insert(option, (!value).to_string());
            }
        }
        let list = config.list("auth.additional_redirect_urls");
        if !list.is_empty() {
            self.options.insert("auth-redirect-urls", list.join(","));
        }
        // What the tables of a service are in is not served by it.
        let schemas = config.list("api.schemas");
        let served: Vec<_> = schemas
            .iter()
            .filter(|s| !NOT_SERVED.contains(&s.as_str()))
            .cloned()
            .collect();
        if !served.is_empty() {
            self.options.insert("db-schemas", served.join(","));
        }
        let search_path = config.list("api.extra_search_path");
        if !search_path.is_empty() {
            self.options
                .insert("db-extra-search-path", search_path.join(","));
        }
        if let Some(path) = config.text("auth.signing_keys_path") {
            self.options
                .insert("auth-signing-keys", read(&self.named(&path))?);
        }
        if let Some(bytes) = config
            .text("storage.file_size_limit")
            .as_deref()
            .and_then(bytes)
        {
            self.options
                .insert("storage-file-size-limit", bytes.to_string());
        }
        self.mail_templates(config)?;
        self.seed_files(config);
        Ok(())
    }

    fn mail_templates(&mut self, config: &Config<'_>) -> Result<(), Failure> {
        let Some(Value::Table(templates)) = config.find("auth.email.template") else {
            return Ok(());
        };
        for (kind, template) in templates {
            let text = |key: &str| template.get(key).and_then(Value::as_str);
            let body = match text("content_path") {
                Some(path) => Some(read(&self.named(path))?),
                None => text("content").map(str::to_owned),
            };
            let template = MailTemplate {
                subject: text("subject").map(str::to_owned),
                body,
            };
            self.templates.insert(kind.clone(), template);
        }
        Ok(())
    }

    fn seed_files(&mut self, config: &Config<'_>) {
        if config.find("db.seed.enabled") == Some(&Value::Boolean(false)) {
            return;
        }
        let mut paths = config.list("db.seed.sql_paths");
        if paths.is_empty() {
            paths.push("seed.sql".to_owned());
        }
        self.seeds = paths
            .iter()
            .map(|path| self.dir.join(path.trim_start_matches("./")))
            .collect();
    }

    fn function_variables(&mut self) {
        let text = fs::read_to_string(self.dir.join("functions/.env")).unwrap_or_default();
        for line in text.lines() {
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            let known = FUNCTIONS
                .iter()
                .find(|(variable, _)| *variable == name.trim());
            if let Some((_, option)) = known {
                let value = value.trim().trim_matches(['"', '\'']);
                self.options.insert(option, value.to_owned());
            }
        }
    }

    /// A file that the configuration names: relative to the folder, or to the project.
    fn named(&self, path: &str) -> PathBuf {
        let in_folder = self.dir.join(path.trim_start_matches("./"));
        let in_project = self.dir.join("..").join(path.trim_start_matches("./"));
        if in_folder.exists() {
            in_folder
        } else {
            in_project
        }
    }
}

/// Schemas that hosted projects list and this server does not serve as tables.
const NOT_SERVED: &[&str] = &["graphql_public", "storage"];

/// A parsed `config.toml`.
struct Config<'a>(&'a Table);

impl Config<'_> {
    /// The value at a dotted path.
    fn find(&self, path: &str) -> Option<&Value> {
        let mut words = path.split('.');
        let mut value = self.0.get(words.next()?)?;
        for word in words {
            value = value.get(word)?;
        }
        Some(value)
    }

    fn text(&self, path: &str) -> Option<String> {
        Some(match self.find(path)? {
            Value::String(text) => return from_environment(text),
            Value::Integer(number) => number.to_string(),
            Value::Boolean(value) => value.to_string(),
            _ => return None,
        })
    }

    fn list(&self, path: &str) -> Vec<String> {
        let values = self.find(path).and_then(Value::as_array);
        let texts = values.into_iter().flatten().filter_map(Value::as_str);
        texts.filter_map(from_environment).collect()
    }

    fn port(&self, path: &str) -> Option<u16> {
        self.find(path)?.as_integer()?.try_into().ok()
    }
}

/// `env(NAME)` is the variable's value; any other text is itself.
fn from_environment(text: &str) -> Option<String> {
    match text
        .strip_prefix("env(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        Some(name) => std::env::var(name).ok(),
        None => Some(text.to_owned()),
    }
}

/// `50MiB`, `5MB`, `500KB`, `1024`; both spellings count in powers of 1024, as in the CLI.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let power = match text[end..].trim().to_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        _ => return None,
    };
    number.checked_mul(1024_u64.pow(power))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::new(Exit::Configuration, format!("{}: {error}", path.display())))
}

fn failure(error: DirError) -> Failure {
    let text = one_line(&error.to_string());
    match &error {
        DirError::Read { .. } => Failure::new(Exit::Configuration, text),
        DirError::OtherSchema => {
            Failure::new(Exit::Database, text).hint("name another --data-dir for this folder")
        }
        DirError::Statement { source, .. } | DirError::Database(source) => {
            let failure = Failure::new(Exit::Database, text);
            match source.as_db_error().and_then(|db| db.hint()) {
                Some(hint) => failure.hint(one_line(hint)),
                None => failure,
            }
        }
        DirError::Platform(_) => Failure::new(Exit::Database, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_files_and_variables_become_options() {
        let project = tempfile::tempdir().unwrap();
        let dir = project.path().join("supabase");
        fs::create_dir_all(dir.join("migrations")).unwrap();
        fs::create_dir_all(dir.join("functions")).unwrap();
        fs::write(dir.join("invite.html"), "<p>{{ .ConfirmationURL }}</p>").unwrap();
        fs::write(
            dir.join("functions/.env"),
            "POSTMARK_WEBHOOK_USER=\"u\"\n# x\nOTHER=1\n",
        )
        .unwrap();
        let config = r#"
            [api]
            port = 54341
            schemas = ["public", "storage", "graphql_public"]
            max_rows = 500
            [auth]
            site_url = "http://localhost:1"
            enable_signup = false
            additional_redirect_urls = ["http://a/**", "env(OPPBASE_TEST_NOT_SET)"]
            [auth.email]
            enable_confirmations = false
            [auth.email.template.invite]
            subject = "Hi"
            content_path = "./supabase/invite.html"
            [storage]
            file_size_limit = "2MiB"
        "#;
        fs::write(dir.join("config.toml"), config).unwrap();
        for given in [project.path(), &dir] {
            let folder = SupabaseFolder::read(given).expect("a good folder");
            assert_eq!((folder.api_port, folder.db_port), (Some(54341), None));
            let option = |name: &str| folder.options.get(name).map(String::as_str);
            assert_eq!(option("db-schemas"), Some("public"));
            assert_eq!(option("db-max-rows"), Some("500"));
            assert_eq!(option("site-url"), Some("http://localhost:1"));
            assert_eq!(option("auth-signup-disabled"), Some("true"));
            assert_eq!(option("auth-autoconfirm"), Some("true"));
            assert_eq!(option("auth-redirect-urls"), Some("http://a/**"));
            assert_eq!(option("storage-file-size-limit"), Some("2097152"));
            assert_eq!(option("postmark-webhook-user"), Some("u"));
            assert_eq!(folder.templates["invite"].subject.as_deref(), Some("Hi"));
            assert_eq!(folder.seeds.len(), 1);
            let known = |name: &str| crate::config::options::find(name).is_some();
            assert!(
                folder.options.keys().all(|name| known(name)),
                "{:?}",
                folder.options
            );
        }
        assert!(SupabaseFolder::read(&dir.join("functions")).is_err());
    }

    #[test]
    fn every_setting_leads_to_an_option() {
        for (_, option) in SAME.iter().chain(OPPOSITE).chain(FUNCTIONS) {
            assert!(crate::config::options::find(option).is_some(), "{option}");
        }
    }

    #[test]
    fn sizes_are_read_in_any_unit() {
        for (text, expected) in [
            ("50MiB", Some(52_428_800)),
            ("5KB", Some(5120)),
            ("7", Some(7)),
            ("x", None),
            ("9 parsecs", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
