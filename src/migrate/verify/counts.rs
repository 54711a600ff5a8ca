//! Counts: nothing is missing, nothing came from nowhere, and everything that the migration makes out of
//! the old rows is there.
//!
//! In: the facts of the content comparison. Out: per table, rows before = rows still there; derived rows
//! (participants, organisations, contacts, activities) counted per old row. Rows that users made since are
//! told apart by id and moment.

use tokio_postgres::Client;

use super::backup_set::BackupSet;
use super::content::TableFacts;
use super::outcome::Severity::{Critical, High};
use super::outcome::{Category, Check};
use super::rule::{self, Rule};
use super::{Options, Writes};
use crate::migrate::Fault;

const DERIVED_SQL: &str = include_str!("sql/derived_counts.sql");

#[rustfmt::skip]
const DERIVED: &[Rule] = &[
    Rule("counts.customers", "Every old deal with a company has a customer participant", Critical),
    Rule("counts.primary_organizations", "Every old contact with a company has a primary organisation", Critical),
    Rule("counts.opportunity_contacts", "Every existing contact of an old deal is in opportunity_contacts", Critical),
    Rule("counts.interactions", "Every old deal note is an interaction as well", Critical),
    Rule("counts.engagements", "Every old contact note is an engagement as well", Critical),
    Rule("counts.tasks", "Every old task that names a kind of contact is an engagement as well", Critical),
];

pub(super) async fn check(
    client: &Client,
    set: Option<&BackupSet>,
    tables: &[TableFacts],
    options: &Options,
) -> Result<Category, Fault> {
    let mut checks: Vec<Check> = tables
        .iter()
        .flat_map(|facts| table(facts, options))
        .collect();
    match set.map(|set| set.fill(DERIVED_SQL)) {
        Some(Ok(sql)) => checks.extend(rule::broken(client, DERIVED, &sql).await?),
        Some(Err(missing)) => checks.extend(rule::not_evaluated(DERIVED, &missing)),
        None if options.backup_comparison => checks.extend(rule::not_evaluated(
            DERIVED,
            "there is no verified backup set to count against",
        )),
        None => {}
    }
    Ok(Category::new("counts", "Counts", checks))
}

fn table(facts: &TableFacts, options: &Options) -> Vec<Check> {
    let id = |what: &str| format!("counts.{}.{what}", facts.table);
    let title = format!("{}: every old row is still there", facts.table);
    if let Some(fault) = &facts.fault {
        return vec![Check::not_evaluated(&id("kept"), &title, Critical, fault)];
    }
    let of = |kind: &str| -> Vec<String> {
        let mine = facts.samples.iter().filter(|s| s.starts_with(kind));
        mine.cloned().collect()
    };
    let untraced = if options.writes == Writes::Any {
        High
    } else {
        Critical
    };
    let deleted = if options.writes == Writes::None {
        0
    } else {
        facts.deleted
    };
    let missing = facts.missing + facts.deleted - deleted;
    let mut kept = Check::counted(&id("kept"), &title, untraced, missing, of("missing"));
    kept.expected = format!("{} rows", facts.before - deleted);
    kept.found = format!("{} rows", facts.matched);
    if deleted > 0 {
        kept = kept.detail(format!("{deleted} rows deleted since by users"));
    }
    if let (1.., Some(unnoted)) = (missing, &facts.unnoted) {
        kept = kept.detail(unnoted.clone());
    }
    let mut unexplained = facts.appeared;
    let mut samples = of("appeared");
    if options.writes == Writes::None {
        unexplained += facts.since;
        samples.extend(of("since"));
    }
    let mut new = Check::counted(
        &id("new"),
        &format!(
            "{}: every further row was made by somebody since",
            facts.table
        ),
        if options.writes == Writes::None {
            Critical
        } else {
            High
        },
        unexplained,
        samples,
    );
    if let (1.., Some(unnoted)) = (unexplained, &facts.unnoted) {
        new = new.detail(unnoted.clone());
    } else if facts.since > 0 {
        new = new.detail(format!("{} rows made since the backup", facts.since));
    }
    vec![kept, new]
}
