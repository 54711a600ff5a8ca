//! A CRM before its migration, as the tests of the engine need it.

use oppbase::migrate::session;
use oppbase::migrate::validation::{Options, note_tables};
use oppbase::pg::migrations::{self, Baseline};
use tokio_postgres::Client;

use crate::common::{Template, TestDb};
use crate::schema::batch;

/// Free space that is always enough.
pub const PLENTY: u64 = 1 << 50;

/// Options under which only the rows decide.
pub fn options() -> Options {
    Options {
        free_bytes: Some(PLENTY),
        ..Options::default()
    }
}

/// SQL with the baseline's names of the note tables.
pub fn named(sql: &str, baseline: Baseline) -> String {
    let (deal_notes, contact_notes) = note_tables(baseline);
    sql.replace("{deal_notes}", &format!("public.\"{deal_notes}\""))
        .replace("{contact_notes}", &format!("public.\"{contact_notes}\""))
}

/// A database with the baseline's tables and no rows, and a session of the engine.
pub async fn empty(baseline: Baseline) -> (TestDb, Client) {
    let db = TestDb::new(Template::Empty).await;
    let client = db.admin_client().await;
    for migration in migrations::migrations(baseline) {
        if migration.is_baseline || migration.name.starts_with("platform") {
            batch(&client, &format!("begin; {}; commit", migration.sql)).await;
        }
    }
    let client = session::connect(&db.admin, None).await.expect("a session");
    (db, client)
}

/// The same with the rows of `clean.sql`.
pub async fn clean(baseline: Baseline, companies: u32, deals: u32) -> (TestDb, Client) {
    let (db, client) = empty(baseline).await;
    let rows = named(include_str!("clean.sql"), baseline)
        .replace("{companies}", &companies.to_string())
        .replace("{deals}", &deals.to_string());
    batch(&client, &format!("begin; {rows}; commit; analyze")).await;
    (db, client)
}
