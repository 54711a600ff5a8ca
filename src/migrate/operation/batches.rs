//! Operation: a file of `migrations/` that carries rows over, key range by key range. The loop is in
//! [`crate::migrate::backfill`].

use tokio_postgres::Client;

use super::{Phase, statements};
use crate::migrate::backfill::Backfill;
use crate::migrate::engine::{Job, short};
use crate::migrate::error::Fault;
use crate::pg::migrations::{self, Migration};

/// The table whose keys the ranges are of: a kind of row of [`super::capture`].
pub type Table = &'static str;

/// File, and the kind of row that it goes over. In this order a changed row is carried over again.
pub(crate) const FILES: [(&str, Table); 10] = [
    ("1_1_backfill_companies", "companies"),
    ("1_1_backfill_contacts", "contacts"),
    ("1_1_backfill_deals", "deals"),
    ("1_2_backfill_contact_organizations", "contacts"),
    ("1_3_backfill_participants", "deals"),
    ("1_3_backfill_opportunity_contacts", "deals"),
    ("1_4_backfill_deal_notes", "deal_notes"),
    ("1_4_backfill_contact_notes", "contact_notes"),
    ("1_4_backfill_tasks", "tasks"),
    ("1_4_backfill_founding", "deals"),
];

/// What a file fills: its own table, or a new one.
fn filled(file: &str, own: &'static str) -> &'static str {
    match file {
        "1_2_backfill_contact_organizations" => "public.contact_organizations",
        "1_3_backfill_participants" => "public.opportunity_participants",
        "1_3_backfill_opportunity_contacts" => "public.opportunity_contacts",
        "1_4_backfill_deal_notes" | "1_4_backfill_contact_notes" | "1_4_backfill_tasks" => {
            "public.activities"
        }
        _ => own,
    }
}

/// The kind of row that a file goes over; none for files that are no backfill.
pub fn table_of(file: &str) -> Option<Table> {
    FILES
        .iter()
        .find(|(name, _)| *name == file)
        .map(|(_, table)| *table)
}

pub(super) async fn start(
    client: &mut Client,
    job: &Job,
    phase: &Phase,
    file: &Migration,
    table: Table,
) -> Result<(), Fault> {
    let backfill = Backfill::new(job, phase.number, file, table)?;
    let rows = backfill.run(client, job).await?;
    // A table that was empty is planned as if it were, and the next step reads it for every row.
    let table = filled(file.name, backfill.table());
    client.batch_execute(&format!("analyze {table}")).await?;
    short(client, job, async |transaction| {
        migrations::record(transaction, file, &[file.sql]).await?;
        backfill.complete(transaction, job).await?;
        statements::finish(transaction, job, phase, file.name, Some(rows)).await
    })
    .await
}
