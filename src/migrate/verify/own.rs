//! What a site has of its own: it is neither the migration's doing nor its to judge.
//!
//! In: the database, and what a run makes ([`crate::migrate::touched`]). Out: names of relations and triggers
//! that are neither the product's nor a run's, whenever they were made.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::access_table::access_table;
use super::expected;
use crate::migrate::Fault;
use crate::migrate::touched::touched;
use crate::pg::migrations::Baseline;

const RELATIONS: &str = include_str!("sql/own_relations.sql");
const TRIGGERS: &str = include_str!("sql/own_triggers.sql");

/// The site's own objects.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Tables and views of schema public: `public.name`, quoted where needed.
    pub relations: BTreeSet<String>,
    /// Triggers: statement that turns it off, and words for people.
    pub triggers: Vec<(String, String)>,
}

impl Own {
    /// Reads them.
    pub(super) async fn read(client: &Client, baseline: Baseline) -> Result<Self, Fault> {
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
        Ok(own)
    }
}
