//! A migrated database with a backup set, made once per baseline and cloned for each test.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU32, Ordering};

use oppbase::migrate::state;
use oppbase::pg::migrations::{self, Baseline};
use tokio::sync::Mutex;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::common::db::execute;
use crate::common::{TestDb, cluster};
use crate::schema::{batch, before, lines};

/// The run that the history tells of.
pub const RUN: Uuid = Uuid::from_u128(0xaa);
/// The stamp of the backup set.
pub const STAMP: &str = "20261101_000000";

const BACKUP: &str = include_str!("backup_set.sql");
const HISTORY: &str = include_str!("history.sql");

/// A clone that the test may damage.
pub async fn clone(baseline: Baseline) -> (TestDb, Client) {
    static MADE: Mutex<Option<HashMap<Baseline, String>>> = Mutex::const_new(None);
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let source = {
        let mut made = MADE.lock().await;
        let made = made.get_or_insert_with(HashMap::new);
        match made.entry(baseline) {
            Entry::Occupied(name) => name.get().clone(),
            Entry::Vacant(slot) => slot.insert(make(baseline).await).clone(),
        }
    };
    let name = format!("verified_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let sql = format!("create database {name} template {source}");
    execute(cluster::admin_uri("postgres"), sql).await;
    let db = TestDb {
        admin: cluster::admin_uri(&name),
        authenticator: cluster::authenticator_uri(&name),
        name,
    };
    let client = db.admin_client().await;
    (db, client)
}

/// Makes the template and returns its name. It stays until the cluster goes.
async fn make(baseline: Baseline) -> String {
    let (db, mut client) = before(baseline).await;
    state::ensure(&client).await.expect("schema migration");
    batch(&client, BACKUP).await;
    migrations::upgrade(&mut client, baseline)
        .await
        .unwrap_or_else(|e| panic!("{baseline:?}: {e}"));
    batch(&client, HISTORY).await;
    drop(client);
    let name = db.name.clone();
    std::mem::forget(db);
    // A database with a session in it cannot be cloned.
    let rest = format!("select from pg_stat_activity where datname = '{name}'");
    let admin = crate::common::db::connect(&cluster::admin_uri("postgres")).await;
    while !admin.query(&rest, &[]).await.expect("asked").is_empty() {
        tokio::task::yield_now().await;
    }
    name
}

/// Rows of every table of the CRM, as one checksum per table.
pub async fn checksums(client: &Client) -> Vec<String> {
    let tables = lines(
        client,
        "select oid::regclass from pg_class where relkind = 'r' \
            and relnamespace = any (array['public', 'crm_backup', 'migration', 'private']::regnamespace[]) order by 1",
    )
    .await;
    let mut found = vec![];
    for table in tables {
        let sql = format!(
            "select count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) from {table} t"
        );
        found.push(format!("{table} {:?}", lines(client, &sql).await));
    }
    found
}
