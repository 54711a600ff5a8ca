//! Operation: the cut-over. See [`crate::migrate::cutover`].

use tokio_postgres::Client;

use super::Phase;
use crate::migrate::cutover;
use crate::migrate::engine::Job;
use crate::migrate::error::Fault;
use crate::pg::migrations::Migration;

pub(super) async fn start(
    client: &mut Client,
    job: &Job,
    phase: &Phase,
    files: &[Migration],
) -> Result<(), Fault> {
    cutover::run(client, job, phase, files).await
}
