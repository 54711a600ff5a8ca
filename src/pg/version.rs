//! Server version: the minimum we support, and its number for the few statements that differ.

use tokio_postgres::Client;

/// Oldest supported server, as `server_version_num`.
pub const MINIMUM: u32 = 150_000;

/// `server_version_num` of the connected server, e.g. `150018`.
///
/// # Errors
/// When the server cannot be asked.
pub async fn server_version_num(client: &Client) -> Result<u32, tokio_postgres::Error> {
    let row = client
        .query_typed("select current_setting('server_version_num')::int4", &[])
        .await?
        .into_iter()
        .next();
    Ok(row.map_or(0, |row| row.get::<_, i32>(0).unsigned_abs()))
}
