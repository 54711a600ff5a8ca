//! Operation: the cut-over. See [`crate::migrate::cutover`].

use tokio_postgres::Client;

use super::{Phase, capture};
use crate::migrate::cutover;
use crate::migrate::engine::Job;
use crate::migrate::error::Fault;
use crate::migrate::table_locks::{Mode, TableLock};
use crate::pg::migrations::{Baseline, Migration};

/// The tables in use that the cut-over locks, as they are called before it: renamed, with new triggers, with
/// new policies. All of them against readers from the start: one who reads two of them at once would otherwise
/// have the one and wait for the other, while the cut-over waits for the first.
pub fn locks(baseline: Baseline) -> Vec<TableLock<'static>> {
    let kinds = [
        "companies",
        "contacts",
        "contact_notes",
        "tasks",
        "deals",
        "deal_notes",
    ];
    let own: &[&str] = match baseline {
        Baseline::Fork => &["public.tags_color_backup"],
        Baseline::Upstream => &["public.configuration", "public.favicons_excluded_domains"],
    };
    let tables = kinds
        .iter()
        .filter_map(|kind| capture::table(kind, baseline));
    tables
        .chain(["public.sales", "public.tags"])
        .chain(own.iter().copied())
        .map(|table| (table, Mode::AccessExclusive))
        .collect()
}

pub(super) async fn start(
    client: &mut Client,
    job: &Job,
    phase: &Phase,
    files: &[Migration],
) -> Result<(), Fault> {
    cutover::run(client, job, phase, files).await
}
