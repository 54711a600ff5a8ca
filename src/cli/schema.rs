//! The commands' way to the migrations.

use tokio_postgres::Client;

use super::BaselineArgument;
use super::connect::connect;
use super::failure::{Exit, Failure, one_line};
use crate::pg::conn_string::ConnString;
use crate::pg::ident::quote_literal;
use crate::pg::migrations::{self, Baseline};

/// The role that the server logs in as; the migrations make it without a password.
const AUTHENTICATOR: &str = "authenticator";

/// Brings the database to the current schema; loads the demo data when asked.
///
/// # Errors
/// [`Exit::Database`] with PostgreSQL's message and hint.
pub(super) async fn apply(
    client: &mut Client,
    baseline: BaselineArgument,
    with_demo: bool,
) -> Result<(), Failure> {
    let baseline = match baseline {
        BaselineArgument::Fork => Baseline::Fork,
        BaselineArgument::Upstream => Baseline::Upstream,
    };
    match migrations::apply(client, baseline, with_demo).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let failure = Failure::new(Exit::Database, one_line(&error.to_string()));
            Err(match error.hint() {
                Some(hint) => failure.hint(one_line(hint)),
                None => failure,
            })
        }
    }
}

/// Refuses a database that was never initialised. One that cannot be asked is not refused: the server
/// waits for it.
///
/// # Errors
/// [`Exit::SchemaMissing`].
pub(super) async fn require(uri: &str) -> Result<(), Failure> {
    let Ok(client) = connect(uri).await else {
        return Ok(());
    };
    let found = client
        .query_one("select to_regclass('auth.users') is not null", &[])
        .await;
    match found.map(|row| row.get::<_, bool>(0)) {
        Ok(false) => Err(
            Failure::new(Exit::SchemaMissing, "the database has no schema yet")
                .hint("run `oppbase db init` once, or set OPPBASE_PROFILE=postgrest"),
        ),
        _ => Ok(()),
    }
}

/// Gives `authenticator` the password of the server's connection string. Does nothing when the string
/// names another role, whose password is its owner's business, or has no password.
///
/// # Errors
/// [`Exit::Configuration`] for an unusable connection string, [`Exit::Database`] as above.
pub(super) async fn set_authenticator_password(client: &Client, uri: &str) -> Result<(), Failure> {
    let conn = ConnString::parse(uri, |_| None)
        .map_err(|e| Failure::new(Exit::Configuration, e.to_string()))?;
    let password = conn
        .config()
        .get_password()
        .and_then(|password| std::str::from_utf8(password).ok());
    if let (Some(AUTHENTICATOR), Some(password)) = (conn.user(), password) {
        let literal = quote_literal(password);
        client
            .batch_execute(&format!(
                "alter role {AUTHENTICATOR} login password {literal}"
            ))
            .await?;
    }
    Ok(())
}
