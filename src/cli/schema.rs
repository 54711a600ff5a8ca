//! The commands' way to the migrations.

use tokio_postgres::Client;

use super::BaselineArgument;
use super::failure::{Exit, Failure};
use crate::pg::conn_string::ConnString;
use crate::pg::ident::quote_literal;

/// The role that the server logs in as; the migrations make it without a password.
const AUTHENTICATOR: &str = "authenticator";

/// Brings the database to the current schema; loads the demo data when asked.
///
/// # Errors
/// [`Exit::Database`] with PostgreSQL's message and hint.
pub(super) async fn apply(
    client: &mut Client,
    _baseline: BaselineArgument,
    _with_demo: bool,
) -> Result<(), Failure> {
    // Until the migrations are merged: only the roles.
    client
        .batch_execute(include_str!("../../tests/common/roles.sql"))
        .await?;
    Ok(())
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
