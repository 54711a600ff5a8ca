//! A connection for the commands that change a database.

use tokio_postgres::Client;

use super::failure::{Exit, Failure, one_line};
use crate::pg::conn_string::ConnString;
use crate::pg::tls;

/// Connects; the connection's task ends with the client.
///
/// # Errors
/// [`Exit::Configuration`] for an unusable connection string, [`Exit::Database`] when the server does
/// not answer or refuses.
pub(super) async fn connect(uri: &str) -> Result<Client, Failure> {
    let conn = ConnString::parse(uri, |name| std::env::var(name).ok())
        .map_err(|e| Failure::new(Exit::Configuration, e.to_string()))?
        .with_application_name("oppbase-cli");
    let connector =
        tls::connector(&conn).map_err(|e| Failure::new(Exit::Configuration, e.to_string()))?;
    let (client, connection) = conn.config().connect(connector).await.map_err(|error| {
        let cause = Failure::from(error).to_string();
        let cause = cause.trim_start_matches("error: ");
        Failure::new(
            Exit::Database,
            one_line(&format!("cannot connect to {conn}: {cause}")),
        )
        .hint("check OPPBASE_DB_URI and OPPBASE_DB_ADMIN_URI, and that PostgreSQL runs there")
    })?;
    tokio::spawn(connection);
    Ok(client)
}
