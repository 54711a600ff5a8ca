//! What a site has of its own: it is neither the migration's doing nor its to judge.
//!
//! In: the database, and what a run makes ([`crate::migrate::touched`]). Out: names of relations and triggers
//! that are neither the product's nor a run's, whenever they were made; functions that the site had closed; rules that refuse rows.

use std::collections::BTreeSet;

use tokio_postgres::Client;
use uuid::Uuid;

use super::access_table::access_table;
use super::expected;
use super::outcome::Check;
use super::own_rules::OwnRule;
use crate::migrate::Fault;
use crate::migrate::touched::touched;
use crate::pg::migrations::Baseline;

const RELATIONS: &str = include_str!("sql/own_relations.sql");
const CLOSED: &str = include_str!("sql/own_closed.sql");
const TRIGGERS: &str = include_str!("sql/own_triggers.sql");

/// The site's own objects.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Tables and views of schema public: `public.name`, quoted where needed.
    pub relations: BTreeSet<String>,
    /// Triggers: statement that turns it off, and words for people.
    pub triggers: Vec<(String, String)>,
    /// Constraints and the like.
    pub rules: Vec<OwnRule>,
    /// Functions that nobody who has signed in might call before the run: statement that opens one to them, name.
    pub closed: Vec<(String, String)>,
}

impl Own {
    /// Whether this constraint or index of a table of schema public is the site's.
    pub(super) fn has(&self, kind: &str, table: &str, name: &str) -> bool {
        self.rules.iter().any(|rule| rule.is(kind, table, name))
    }

    /// Reads them; what was before is what the run recorded.
    pub(super) async fn read(
        client: &Client,
        baseline: Baseline,
        run: Option<Uuid>,
    ) -> Result<Self, Fault> {
        let known: BTreeSet<&str> = access_table(baseline).map(|row| row.relation).collect();
        let touched = touched(baseline);
        let mut own = Self::default();
        for row in client.query(RELATIONS, &[]).await? {
            let (kind, name): (String, String) = (row.get(0), row.get(1));
            if !known.contains(name.as_str()) && !touched.has_name(&format!("{kind} {name}")) {
                own.relations.insert(name);
            }
        }
        let known = expected::triggers(baseline);
        for row in client.query(TRIGGERS, &[]).await? {
            let (name, off): (String, String) = (row.get(0), row.get(1));
            if !known.contains(&name.as_str()) && !touched.has_name(row.get(2)) {
                own.triggers.push((off, name));
            }
        }
        own.rules = OwnRule::read(client, baseline).await?;
        let is_recorded = "select to_regclass('migration.migration_catalogue') is not null";
        if run.is_some() && client.query_one(is_recorded, &[]).await?.get(0) {
            for row in client.query(CLOSED, &[&run]).await? {
                own.closed.push((row.get(0), row.get(1)));
            }
        }
        Ok(own)
    }

    /// What a check of this function adds, where it was opened for the trial.
    pub(super) fn told_of_closed(&self, check: Check, function: &str) -> Check {
        match self.closed.iter().any(|(_, name)| name == function) {
            true => check.detail(
                "nobody who has signed in may call it, as before the run: tried as if they might",
            ),
            false => check,
        }
    }
}
