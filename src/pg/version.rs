//! Server version: the minimum we support, and its number for the few statements that differ.

use tokio_postgres::Client;

/// Oldest supported server, as `server_version_num`.
pub const MINIMUM: u32 = 150_000;

/// `server_version_num` of the connected server, e.g. `150018`, and its full name, e.g.
/// `PostgreSQL 15.18 on x86_64-pc-linux-gnu, compiled by …`.
///
/// # Errors
/// When the server cannot be asked.
pub async fn server_version(client: &Client) -> Result<(u32, String), tokio_postgres::Error> {
    let sql = "select current_setting('server_version_num')::int4, version()";
    let row = client.query_typed(sql, &[]).await?.into_iter().next();
    Ok(row.map_or_else(Default::default, |row| {
        (row.get::<_, i32>(0).unsigned_abs(), row.get(1))
    }))
}
