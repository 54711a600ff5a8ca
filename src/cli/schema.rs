//! The commands' way to the migrations.

use tokio_postgres::Client;

use super::BaselineArgument;
use super::failure::Failure;

/// Brings the database to the current schema; loads the demo data when asked.
///
/// # Errors
/// [`super::failure::Exit::Database`] with PostgreSQL's message and hint.
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
