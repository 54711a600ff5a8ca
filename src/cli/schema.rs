//! The commands' way to the migrations.

use tokio_postgres::Client;

use super::BaselineArgument;
use super::failure::{Exit, Failure};
use crate::pg::migrations::{self, Baseline};

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
            let failure = Failure::new(Exit::Database, error.to_string());
            Err(match error.hint() {
                Some(hint) => failure.hint(hint),
                None => failure,
            })
        }
    }
}
