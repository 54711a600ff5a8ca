//! Operation: statistics of the tables that were filled, so that the first queries after the cut-over are
//! planned well.

use tokio_postgres::Client;

use super::{Phase, capture, statements};
use crate::migrate::engine::{Job, short};
use crate::migrate::error::Fault;

const NEW_TABLES: [&str; 4] = [
    "public.contact_organizations",
    "public.opportunity_participants",
    "public.opportunity_contacts",
    "public.activities",
];

pub(super) async fn start(client: &mut Client, job: &Job, phase: &Phase) -> Result<(), Fault> {
    let filled = ["companies", "contacts", "deals"]
        .iter()
        .filter_map(|kind| capture::table(kind, job.baseline));
    for table in NEW_TABLES.into_iter().chain(filled) {
        job.stop.check()?;
        client.batch_execute(&format!("analyze {table}")).await?;
    }
    short(client, job, async |transaction| {
        statements::finish(transaction, job, phase, "analyze", None).await
    })
    .await
}
