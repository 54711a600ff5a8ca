//! Reads the catalogue: three queries for the objects, one for who depends on whom, a few for the notes.
//!
//! Names are read under an empty search path, so that every one has its schema; the session's own path is
//! put back.

use std::collections::HashMap;

use serde_json::Value;
use tokio_postgres::{GenericClient, Row};

use super::{ELSEWHERE, MEMBERSHIPS, Object, ROLES, SCHEMAS, STATE_VIEWS, Snapshot, VIEW_COLUMNS};
use crate::migrate::Fault;

const OBJECTS: [&str; 3] = [
    include_str!("sql/relations.sql"),
    include_str!("sql/programs.sql"),
    include_str!("sql/attributes.sql"),
];
const EDGES: &str = include_str!("sql/edges.sql");
const MEMBERS: &str = include_str!("sql/memberships.sql");
const OTHER_SCHEMAS: &str = include_str!("sql/elsewhere.sql");
const COLUMNS_OF_VIEWS: &str = include_str!("sql/view_columns.sql");
const SEQUENCES: &str = include_str!("sql/sequences.sql");

/// The catalogue as the connection's transaction sees it, its own changes included. Without row sums.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn read(client: &impl GenericClient) -> Result<Snapshot, Fault> {
    let path: String = client
        .query_one("select current_setting('search_path')", &[])
        .await?
        .get(0);
    set_path(client, "").await?;
    let found = under_empty_path(client).await;
    let restored = set_path(client, &path).await;
    let snapshot = found?;
    restored?;
    Ok(snapshot)
}

async fn set_path(client: &impl GenericClient, path: &str) -> Result<(), Fault> {
    client
        .query_one("select set_config('search_path', $1, false)", &[&path])
        .await?;
    Ok(())
}

async fn under_empty_path(client: &impl GenericClient) -> Result<Snapshot, Fault> {
    let mut objects = vec![];
    for sql in OBJECTS {
        let rows = client
            .query(sql, &[&SCHEMAS.as_slice(), &STATE_VIEWS.as_slice()])
            .await?;
        objects.extend(rows.iter().map(object));
    }
    objects.sort_by(|a: &Object, b: &Object| (&a.kind, &a.identity).cmp(&(&b.kind, &b.identity)));
    let mut snapshot = Snapshot {
        objects,
        ..Snapshot::default()
    };
    edges(client, &mut snapshot).await?;
    notes(client, &mut snapshot).await?;
    Ok(snapshot)
}

fn object(row: &Row) -> Object {
    Object {
        kind: row.get("kind"),
        key: row.get("key"),
        parent: row.get("parent"),
        identity: row.get("identity"),
        relation: row.get("relation"),
        name: row.get("name"),
        facts: row.get("facts"),
        make: row.get("make"),
        remove: row.get("remove"),
        depends: vec![],
    }
}

/// Fills `depends` of the objects, and `outside` with whoever else depends on them.
async fn edges(client: &impl GenericClient, snapshot: &mut Snapshot) -> Result<(), Fault> {
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, object) in snapshot.objects.iter().enumerate() {
        places.insert(object.key.clone(), place);
    }
    for row in client.query(EDGES, &[]).await? {
        let (Some(from), Some(to)) = (
            row.get::<_, Option<String>>(0),
            row.get::<_, Option<String>>(1),
        ) else {
            continue;
        };
        if let Some(&place) = places.get(&from) {
            snapshot.objects[place].depends.push(to);
        } else if places.contains_key(&to) {
            let words: Option<String> = row.get(2);
            snapshot
                .outside
                .entry(from)
                .or_default()
                .push((words.unwrap_or_default(), to));
        }
    }
    for object in &mut snapshot.objects {
        object.depends.sort_unstable();
    }
    Ok(())
}

async fn notes(client: &impl GenericClient, snapshot: &mut Snapshot) -> Result<(), Fault> {
    let sequences: Value = client.query_one(SEQUENCES, &[]).await?.get(0);
    snapshot.notes.insert("sequences".into(), sequences);
    let roles = "select jsonb_agg(rolname order by rolname) from pg_catalog.pg_roles";
    let roles: Value = client.query_one(roles, &[]).await?.get(0);
    snapshot.notes.insert(ROLES.into(), roles);
    let memberships: Value = client.query_one(MEMBERS, &[]).await?.get(0);
    snapshot.notes.insert(MEMBERSHIPS.into(), memberships);
    let elsewhere: Value = client
        .query_one(OTHER_SCHEMAS, &[&SCHEMAS.as_slice()])
        .await?
        .get(0);
    snapshot.notes.insert(ELSEWHERE.into(), elsewhere);
    let columns: Value = client
        .query_one(COLUMNS_OF_VIEWS, &[&SCHEMAS.as_slice()])
        .await?
        .get(0);
    snapshot.notes.insert(VIEW_COLUMNS.into(), columns);
    let there = client
        .query_one(
            "select to_regclass('supabase_migrations.schema_migrations') is not null, \
                    exists (select from pg_catalog.pg_attribute a where a.attrelid = to_regclass('public.configuration') \
                              and a.attname = 'config' and a.atttypid = 'pg_catalog.jsonb'::regtype)",
            &[],
        )
        .await?;
    if there.get(0) {
        let sql = "select coalesce(jsonb_agg(version order by version), '[]') \
                     from supabase_migrations.schema_migrations";
        let versions = client.query_one(sql, &[]).await?.get(0);
        snapshot.notes.insert("history".into(), versions);
    }
    if there.get(1) {
        let sql = "select coalesce(jsonb_agg(k.key order by k.key), '[]') \
                     from public.configuration c cross join jsonb_object_keys(c.config) k (key) \
                    where jsonb_typeof(c.config) = 'object'";
        let keys = client.query_one(sql, &[]).await?.get(0);
        snapshot.notes.insert("configuration".into(), keys);
    }
    Ok(())
}
