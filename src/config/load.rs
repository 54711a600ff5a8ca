//! Reads the configuration: a file, then the environment, which wins; the table of options
//! ([`super::options`]) says what each text means. The database's settings come later, on top.
//!
//! In: a path and the environment's variables, as values. Out: a checked [`Config`], or one line that
//! names the option and where its text came from.
//! Source: <https://docs.postgrest.org/en/stable/references/configuration.html>.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Provider};

use super::options::{OPTIONS, OptionSpec, env_suffix};
use super::{Config, Profile, file};

/// Prefixes of environment names, the stronger one first.
const PREFIXES: [&str; 2] = ["OPPBASE_", "PGRST_"];
const APP_SETTINGS: &str = "app.settings.";

/// Why there is no configuration. Displays as one line.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// The file cannot be read or parsed.
    #[error("configuration file {}: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An option's text does not fit.
    #[error("option {name} (from {origin}) {reason}")]
    Option {
        /// The option's name.
        name: String,
        /// Variable or file.
        origin: String,
        /// The end of the sentence.
        reason: String,
    },
    /// Options that do not go together.
    #[error("{0}")]
    Conflict(String),
}

/// Where a configuration is read from, so that a reload can read it again.
#[derive(Debug, Clone)]
pub enum Sources {
    /// A file and the environment's variables. The file may change, the variables do not.
    Files {
        file: Option<PathBuf>,
        env: Vec<(String, String)>,
    },
    /// A value that was made otherwise.
    Fixed(Box<Config>),
}

impl Sources {
    /// A file and the process's environment.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        Self::Files {
            file,
            env: process_environment().collect(),
        }
    }

    /// Reads the configuration, without what the database says.
    ///
    /// # Errors
    /// As [`load`].
    pub fn read(&self) -> Result<Config, ConfigError> {
        match self {
            Self::Files { file, env } => load(file.as_deref(), env.iter().cloned()),
            Self::Fixed(config) => Ok(Config::clone(config)),
        }
    }
}

/// Loads file and environment. `file` must exist when given.
///
/// # Errors
/// [`ConfigError`] for the first fault found.
pub fn load(
    file: Option<&Path>,
    env: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    load_over(&[], file, env)
}

/// As [`load`], with other defaults: `(option, text)`.
///
/// # Errors
/// As [`load`].
pub fn load_over(
    base: &[(&str, &str)],
    file: Option<&Path>,
    env: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let env: Vec<(String, String)> = env.into_iter().collect();
    let everything = env.clone();
    let env: BTreeMap<String, String> = env
        .into_iter()
        .filter(|(name, _)| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    let mut figment = Figment::new();
    if let Some(path) = file {
        let values = read_file(path, &env)?;
        figment = figment.merge(values);
    }
    figment = figment.merge(environment(&env));

    let mut config = defaults(profile(&figment, &env)?);
    for option in OPTIONS {
        if let Some((raw, origin)) = lookup(&figment, option) {
            apply(&mut config, option, &raw, &origin)?;
        } else if let Some((_, text)) = base.iter().find(|(name, _)| *name == option.name) {
            apply(&mut config, option, text, "the defaults")?;
        }
    }
    config.rest.app_settings = app_settings(&figment);
    if config.profile == Profile::Crm {
        let renamed = super::renamed::read(everything)?;
        config.rest.app_settings.extend(renamed.app_settings());
    }
    check(&config)?;
    Ok(config)
}

/// Applies what the database says ([`super::in_db::settings`]) on top of what was loaded.
///
/// # Errors
/// [`ConfigError`] for the first fault found.
pub fn apply_in_db(config: &mut Config, settings: &[(String, String)]) -> Result<(), ConfigError> {
    // The CRM's server issues the tokens that it verifies: its keys do not change while it runs.
    let has_own_keys = config.profile == Profile::Crm;
    for (name, text) in settings {
        if let Some(option) = super::options::find_in_database(name)
            && !(has_own_keys && option.name.starts_with("jwt-"))
        {
            apply(config, option, text, "the database")?;
        }
    }
    check(config)
}

/// The process's environment; names and values that are not UTF-8 cannot be ours.
pub fn process_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// What a profile starts from.
pub fn defaults(profile: Profile) -> Config {
    let mut config = Config {
        profile,
        ..Config::default()
    };
    match profile {
        Profile::Postgrest => config.server.host = "!4".into(),
        Profile::Crm => {
            config.server.port = super::local::API_PORT;
            config.rest.anon_role = Some("anon".into());
            config.rest.extra_search_path = vec!["public".into(), "extensions".into()];
            config.rest.max_rows = Some(1000);
            config.rest.frontend_tolerance = true;
        }
    }
    config
}

/// Asked for by name, or read off the names in use.
fn profile(figment: &Figment, env: &BTreeMap<String, String>) -> Result<Profile, ConfigError> {
    if let Some(option) = super::options::find("profile")
        && let Some((raw, origin)) = lookup(figment, option)
        && !raw.is_empty()
    {
        let mut config = Config::default();
        apply(&mut config, option, &raw, &origin)?;
        return Ok(config.profile);
    }
    let uses = |prefix: &str| {
        env.keys()
            .filter_map(|name| name.strip_prefix(prefix))
            .any(|suffix| option_of(suffix).is_some())
    };
    if uses("PGRST_") && !uses("OPPBASE_") {
        return Ok(Profile::Postgrest);
    }
    Ok(Profile::Crm)
}

fn option_of(suffix: &str) -> Option<&'static str> {
    OPTIONS
        .iter()
        .flat_map(|option| option.aliases.iter().chain([&option.name]))
        .find(|name| env_suffix(name) == suffix)
        .copied()
}

/// The option's text by its name, else by an older name, and where it came from.
fn lookup(figment: &Figment, option: &OptionSpec) -> Option<(String, String)> {
    std::iter::once(&option.name)
        .chain(option.aliases)
        .find_map(|name| {
            let value = figment.find_value(name).ok()?;
            let origin = figment.find_value(&format!("{ORIGIN}.{name}")).ok()?;
            Some((plain_text(&value), plain_text(&origin)))
        })
}

fn apply(
    config: &mut Config,
    option: &OptionSpec,
    raw: &str,
    origin: &str,
) -> Result<(), ConfigError> {
    let fault = |reason: String| ConfigError::Option {
        name: option.name.into(),
        origin: origin.into(),
        reason,
    };
    let from_file;
    let text = match raw.strip_prefix('@').filter(|_| may_be_in_a_file(option)) {
        Some(path) => {
            from_file = fs::read_to_string(path)
                .map_err(|e| fault(format!("names a file that cannot be read: {path}: {e}")))?;
            from_file.trim_end_matches(['\n', '\r'])
        }
        None => raw,
    };
    option.set(config, text).map_err(fault)
}

fn may_be_in_a_file(option: &OptionSpec) -> bool {
    [
        "db-uri",
        "db-admin-uri",
        "jwt-secret",
        "auth-signing-keys",
        "smtp-password",
    ]
    .contains(&option.name)
}

fn app_settings(figment: &Figment) -> Vec<(String, String)> {
    let mut settings = BTreeMap::new();
    if let Ok(value) = figment.find_value(APP_SETTINGS.trim_end_matches('.')) {
        flatten(APP_SETTINGS.trim_end_matches('.'), &value, &mut settings);
    }
    settings.into_iter().collect()
}

fn flatten(name: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Dict(_, dict) => {
            for (key, value) in dict {
                flatten(&format!("{name}.{key}"), value, into);
            }
        }
        value => {
            into.insert(name.to_owned(), plain_text(value));
        }
    }
}

fn plain_text(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Char(_, c) => c.to_string(),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => match (number.to_i128(), number.to_u128(), number.to_f64()) {
            (Some(number), _, _) => number.to_string(),
            (_, Some(number), _) => number.to_string(),
            (_, _, Some(number)) => number.to_string(),
            _ => String::new(),
        },
        Value::Array(_, items) => {
            let items: Vec<_> = items.iter().map(plain_text).collect();
            items.join(",")
        }
        Value::Empty(..) | Value::Dict(..) => String::new(),
    }
}

fn check(config: &Config) -> Result<(), ConfigError> {
    let server = &config.server;
    if server.admin_port == Some(server.port) && server.port != 0 {
        return Err(ConfigError::Conflict(
            "admin-server-port cannot be the same as server-port".into(),
        ));
    }
    Ok(())
}

// ---- sources

/// Beside each option's text, the variable or the file it came from, under this key.
const ORIGIN: &str = "_origin";

/// Texts of one source, nested by the dots of their names.
struct Texts {
    source: &'static str,
    dict: Dict,
}

impl Provider for Texts {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source)
    }

    fn data(&self) -> Result<Map<figment::Profile, Dict>, figment::Error> {
        Ok(figment::Profile::Default.collect(self.dict.clone()))
    }
}

/// The variables as they are: no guessing of types, a JSON text stays a text.
fn environment(env: &BTreeMap<String, String>) -> Texts {
    let mut dict = Dict::new();
    // The stronger prefix is written last.
    for prefix in PREFIXES.iter().rev() {
        for (variable, value) in env {
            let Some(suffix) = variable.strip_prefix(prefix) else {
                continue;
            };
            if let Some(setting) = suffix.strip_prefix("APP_SETTINGS_") {
                let name = format!("{APP_SETTINGS}{}", setting.to_lowercase());
                insert(&mut dict, &name, value);
            } else if let Some(name) = option_of(suffix) {
                insert(&mut dict, name, value);
                insert(&mut dict, &format!("{ORIGIN}.{name}"), variable);
            }
        }
    }
    Texts {
        source: "environment",
        dict,
    }
}

fn insert(dict: &mut Dict, path: &str, text: &str) {
    match path.split_once('.') {
        None => {
            dict.insert(path.into(), Value::from(text));
        }
        Some((head, rest)) => {
            let child = dict
                .entry(head.into())
                .or_insert_with(|| Value::from(Dict::new()));
            if let Value::Dict(_, child) = child {
                insert(child, rest, text);
            }
        }
    }
}

/// A file's texts, with `$(NAME)` replaced from the environment.
fn read_file(path: &Path, env: &BTreeMap<String, String>) -> Result<Texts, ConfigError> {
    let fault = |reason: String| ConfigError::File {
        path: path.into(),
        reason,
    };
    let text = fs::read_to_string(path).map_err(|e| fault(e.to_string()))?;
    let variable = |name: &str| env.get(name).cloned().or_else(|| std::env::var(name).ok());
    let origin = path.display().to_string();
    let mut dict = Dict::new();
    for setting in file::parse(&text).map_err(fault)? {
        let (name, text) = setting.text(variable).map_err(fault)?;
        insert(&mut dict, &name, &text);
        insert(&mut dict, &format!("{ORIGIN}.{name}"), &origin);
    }
    Ok(Texts {
        source: "file",
        dict,
    })
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
