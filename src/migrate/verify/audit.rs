//! Audit: who made what and when is as it was, and the migration itself left its trail.
//!
//! In: the facts of the content comparison, the backup set, the history of the run. Out: checks that no
//! moment and no owner changed, that archived rows are all there, that every trigger is switched on, and
//! that the history tells of all four phases.

use tokio_postgres::Client;
use uuid::Uuid;

use super::Options;
use super::backup_set::BackupSet;
use super::content::TableFacts;
use super::outcome::Severity::{Critical, High};
use super::outcome::{Category, Check};
use super::own::Own;
use super::rule::{self, Rule};
use crate::migrate::Fault;

const SQL: &str = include_str!("sql/audit.sql");
const TRIGGERS: &str = include_str!("sql/disabled_triggers.sql");
const PHASES: &str = include_str!("sql/phases_missing.sql");

#[rustfmt::skip]
const RULES: &[Rule] = &[
    Rule("audit.company_id_backup", "company_id_backup remembers a contact's old company", Critical),
    Rule("audit.original_company_id", "original_company_id remembers an opportunity's old company", Critical),
    Rule("audit.archived_rows", "Every archived row is there and archived", Critical),
    Rule("audit.actual_close_date", "What was closed was closed on the day of its last change", High),
    Rule("audit.note_order", "Activities stand in time where their notes stand", High),
];

pub(super) async fn check(
    client: &Client,
    run_id: Option<Uuid>,
    set: Option<&BackupSet>,
    tables: &[TableFacts],
    own: &Own,
    options: &Options,
) -> Result<Category, Fault> {
    let mut checks = vec![];
    for facts in tables.iter().filter(|facts| facts.fault.is_none()) {
        checks.extend(columns(facts));
    }
    match set.map(|set| set.fill(SQL)) {
        Some(Ok(sql)) => checks.extend(rule::broken(client, RULES, &sql).await?),
        Some(Err(missing)) => checks.extend(rule::not_evaluated(RULES, &missing)),
        None if options.backup_comparison => checks.extend(rule::not_evaluated(
            RULES,
            "there is no verified backup set to compare with",
        )),
        None => {}
    }
    checks.push(triggers(client, own).await?);
    checks.push(phases(client, run_id).await?);
    Ok(Category::new("audit", "Audit trail", checks))
}

fn columns(facts: &TableFacts) -> Vec<Check> {
    let about = |what: &str, title: &str, failed: i64, kind: &str| {
        let mine = facts.samples.iter().filter(|s| s.starts_with(kind));
        Check::counted(
            &format!("audit.{}.{what}", facts.table),
            &format!("{}: {title}", facts.table),
            Critical,
            failed,
            mine.cloned().collect(),
        )
    };
    vec![
        about(
            "updated_at",
            "updated_at was not touched",
            facts.touched,
            "touched",
        ),
        about(
            "created_at",
            "the moment of creation is what it was",
            facts.created_changed,
            "changed",
        ),
        about(
            "sales_id",
            "the owner is who it was",
            facts.owner_changed,
            "changed",
        ),
    ]
}

/// The site's own are as the site wants them.
async fn triggers(client: &Client, own: &Own) -> Result<Check, Fault> {
    let (id, title) = ("audit.triggers", "Every trigger is switched on");
    Ok(match rule::try_query(client, TRIGGERS, &[]).await? {
        Ok(rows) => {
            let is_own = |name: &str, relation: &str| {
                own.relations.contains(relation) || own.triggers.iter().any(|(_, own)| own == name)
            };
            let off: Vec<String> = rows
                .iter()
                .filter(|row| !is_own(row.get(0), row.get(1)))
                .map(|row| row.get(0))
                .collect();
            let failed = i64::try_from(off.len()).unwrap_or(i64::MAX);
            Check::counted(id, title, Critical, failed, off)
        }
        Err(error) => Check::not_evaluated(id, title, Critical, Fault::from(error).to_string()),
    })
}

async fn phases(client: &Client, run_id: Option<Uuid>) -> Result<Check, Fault> {
    let (id, title) = (
        "audit.history",
        "The history tells of phases 1.1 to 1.4, completed in order",
    );
    Ok(match rule::try_query(client, PHASES, &[&run_id]).await? {
        Ok(rows) => {
            let missing = rows.iter().map(|row| row.get(0)).collect();
            Check::listed(id, title, High, missing, vec![])
        }
        Err(error) => Check::not_evaluated(id, title, High, Fault::from(error).to_string()),
    })
}
