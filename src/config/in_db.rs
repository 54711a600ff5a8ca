//! Configuration in the database: settings of the connecting role, and of the roles it impersonates.
//!
//! Comes in: a connection as the `authenticator` role. Goes out: plain data, which the configuration
//! merges over file and environment. Read at start and at every `reload config`.
//! Source: <https://docs.postgrest.org/en/stable/references/configuration.html#in-database-configuration>,
//! <https://docs.postgrest.org/en/stable/references/transactions.html#impersonated-role-settings>.

use std::collections::HashMap;

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::options::OPTIONS;
use crate::error::{Error, codes};
use crate::pg::ident::QualifiedIdentifier;
use crate::schema_cache::routine::IsolationLevel;

/// What in-database settings are named after.
const PREFIX: &str = "pgrst.";

/// Settings of the roles that a request may run as.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleSettings {
    /// Role -> (setting, value), sorted by setting.
    pub settings: HashMap<String, Vec<(String, String)>>,
    /// Role -> its `default_transaction_isolation`.
    pub isolation: HashMap<String, IsolationLevel>,
}

/// Everything that the database says about the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DatabaseSettings {
    /// Options by their names in the database.
    pub options: Vec<(String, String)>,
    pub roles: RoleSettings,
}

/// The in-database settings as (name, value), sorted by name; names are those of the options that allow
/// it, with `_` for `-`: `db_schemas`. A setting of the role for this database comes before one for all
/// databases, and that before one that `pre_config` made with `set_config`. Nothing that the function
/// does outlives the call.
///
/// # Errors
/// PostgreSQL's error when the pre-config function fails, PGRST001 when the connection is lost.
pub async fn settings(
    client: &Client,
    pre_config: Option<&QualifiedIdentifier>,
) -> Result<Vec<(String, String)>, Error> {
    let names: Vec<String> = OPTIONS
        .iter()
        .filter(|option| option.in_database)
        .map(|option| format!("{PREFIX}{}", option.name.replace('-', "_")))
        .collect();
    let call = match pre_config {
        Some(function) => format!("SELECT {}()", function.quoted()),
        None => "SELECT".to_owned(),
    };
    let has_function = pre_config.is_some();
    let params = [
        (&names as _, Type::TEXT_ARRAY),
        (&has_function as _, Type::BOOL),
    ];
    // Sent together: the connection leaves the transaction whatever happens.
    let (_, _, rows, _) = futures_util::try_join!(
        client.batch_execute("BEGIN READ ONLY"),
        client.batch_execute(&call),
        client.query_typed(include_str!("sql/in_db_settings.sql"), &params),
        client.batch_execute("ROLLBACK"),
    )
    .map_err(|e| database_error("in-database configuration", &e))?;
    rows.iter()
        .map(|row| {
            let name: &str = row.try_get(0)?;
            let name = name.strip_prefix(PREFIX).unwrap_or(name);
            Ok((name.to_owned(), row.try_get(1)?))
        })
        .collect::<Result<_, _>>()
        .map_err(|e| database_error("in-database configuration", &e))
}

/// Settings (`ALTER ROLE … SET`) of the roles that the connecting role is a member of, only those that it
/// may set itself.
///
/// # Errors
/// PostgreSQL's error, or PGRST001 when the connection is lost.
pub async fn role_settings(client: &Client) -> Result<RoleSettings, Error> {
    let rows = client
        .query_typed(include_str!("sql/role_settings.sql"), &[])
        .await
        .map_err(|e| database_error("role settings", &e))?;
    let rows = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| database_error("role settings", &e))?;
    Ok(by_role(rows))
}

/// Groups (role, setting, value). The isolation level goes into `BEGIN`, so it is kept apart.
fn by_role(rows: Vec<(String, String, String)>) -> RoleSettings {
    let mut all = RoleSettings::default();
    for (role, name, value) in rows {
        if name == "default_transaction_isolation" {
            all.isolation
                .insert(role, IsolationLevel::from_setting(&value));
        } else {
            all.settings.entry(role).or_default().push((name, value));
        }
    }
    all
}

fn database_error(doing: &str, error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(db) => {
            let message = format!("{} ({doing})", db.message());
            Error::from_database(db.code().code(), codes::PGRST001.status, message)
                .maybe_hint(db.hint().map(str::to_owned))
        }
        None => Error::new(&codes::PGRST001, format!("{doing}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_isolation_level_is_kept_apart_from_the_settings() {
        let row = |role: &str, name: &str, value: &str| (role.into(), name.into(), value.into());
        let all = by_role(vec![
            row("anon", "statement_timeout", "3s"),
            row("anon", "work_mem", "8MB"),
            row("web", "default_transaction_isolation", "REPEATABLE READ"),
        ]);
        assert_eq!(
            all.settings["anon"],
            [
                ("statement_timeout".to_owned(), "3s".to_owned()),
                ("work_mem".to_owned(), "8MB".to_owned())
            ]
        );
        assert_eq!(all.isolation["web"], IsolationLevel::RepeatableRead);
        assert!(!all.settings.contains_key("web"));
    }
}
