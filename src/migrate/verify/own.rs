//! What a site had of its own before the migration: it is neither the migration's doing nor its to judge.
//!
//! In: the snapshot that the run recorded before its first change. Out: names of relations and triggers that
//! are still there and that are not the product's. Without a snapshot nothing is known, and all counts.

use std::collections::BTreeSet;

use tokio_postgres::Client;
use uuid::Uuid;

use super::access_table::access_table;
use super::expected;
use crate::migrate::Fault;
use crate::migrate::catalogue::BEFORE;
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
    /// Reads them from the snapshot of the run.
    pub(super) async fn read(
        client: &Client,
        run: Option<Uuid>,
        baseline: Baseline,
    ) -> Result<Self, Fault> {
        let sql = "select to_regclass('migration.migration_catalogue') is not null";
        if run.is_none() || !client.query_one(sql, &[]).await?.get::<_, bool>(0) {
            return Ok(Self::default());
        }
        let known: BTreeSet<&str> = access_table(baseline).map(|row| row.relation).collect();
        let rows = client.query(RELATIONS, &[&run, &BEFORE]).await?;
        let relations = rows.iter().map(|row| row.get::<_, String>(0));
        let known_triggers = expected::triggers(baseline);
        let rows = client.query(TRIGGERS, &[&run, &BEFORE]).await?;
        let triggers = rows.iter().filter_map(|row| {
            let name: String = row.get(0);
            (!known_triggers.contains(&name.as_str())).then(|| (row.get(1), name))
        });
        Ok(Self {
            relations: relations
                .filter(|name| !known.contains(name.as_str()))
                .collect(),
            triggers: triggers.collect(),
        })
    }
}
