//! Foreign keys: all there, all validated, and no orphan by query.
//!
//! In: a migrated database. Out: one check per foreign key of schema `public`, ours or not, because a key
//! that "is valid" in the catalogue may have been loaded with the checks switched off.

use std::collections::BTreeSet;

use tokio_postgres::{Client, Row};

use super::expected;
use super::outcome::Severity::{Critical, Medium};
use super::outcome::{Category, Check};
use super::own::Own;
use super::rule;
use crate::migrate::Fault;
use crate::pg::migrations::Baseline;

const SQL: &str = include_str!("sql/foreign_keys.sql");
const UNSOUND: &str = include_str!("sql/unsound.sql");

pub(super) async fn check(
    client: &Client,
    baseline: Baseline,
    own: &Own,
) -> Result<Category, Fault> {
    let rows = client.query(SQL, &[]).await?;
    let there: BTreeSet<String> = rows.iter().map(|row| row.get("name")).collect();
    let missing = expected::foreign_keys(baseline)
        .into_iter()
        .filter(|name| !there.contains(*name))
        .map(str::to_owned)
        .collect();
    // A site's own that were never validated say nothing about rows that were there before.
    let is_open = |row: &&Row| {
        let (table, name): (String, String) = (row.get("table"), row.get("constraint"));
        !row.get::<_, bool>("is_validated") && own.has("constraint", &table, &name)
    };
    let (open, rows): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(is_open);
    let unvalidated = rows
        .iter()
        .filter(|row| !row.get::<_, bool>("is_validated"))
        .map(|row| row.get("name"))
        .collect();
    let mut checks = vec![
        Check::listed(
            "foreign_keys.present",
            "Every foreign key of the new schema is there",
            Critical,
            missing,
            vec![],
        ),
        Check::listed(
            "foreign_keys.validated",
            "Every foreign key is validated",
            Critical,
            vec![],
            unvalidated,
        ),
    ];
    for row in rows {
        let name: String = row.get("name");
        checks.push(orphans(client, &name, row.get("orphans")).await?);
    }
    let unsound = client.query(UNSOUND, &[]).await?;
    let is_own = |row: &&Row| own.has(row.get(1), row.get(2), row.get(3));
    let (owns, unsound): (Vec<&Row>, Vec<&Row>) = unsound.iter().partition(is_own);
    let words = |row: &&Row| row.get::<_, String>(0);
    let mut left: Vec<String> = owns.iter().map(words).collect();
    left.extend(
        open.iter()
            .map(|row| format!("foreign key {}", row.get::<_, String>("name"))),
    );
    checks.push(Check::listed(
        "foreign_keys.own",
        "Every index and constraint of the site is usable and validated",
        Medium,
        vec![],
        left,
    ));
    checks.push(Check::listed(
        "foreign_keys.sound",
        "Every index is usable and every check constraint validated",
        Critical,
        vec![],
        unsound.iter().map(words).collect(),
    ));
    Ok(Category::new("foreign_keys", "Foreign keys", checks))
}

async fn orphans(client: &Client, name: &str, sql: &str) -> Result<Check, Fault> {
    let id = format!("foreign_keys.orphans {name}");
    let title = format!("{name}: no row refers to one that is missing");
    Ok(match rule::try_query(client, sql, &[]).await?.as_deref() {
        Ok([row]) => Check::counted(&id, &title, Critical, row.get(0), row.get(1)),
        Ok(_) => Check::not_evaluated(&id, &title, Critical, "no answer"),
        Err(error) => Check::not_evaluated(&id, &title, Critical, error.to_string()),
    })
}
