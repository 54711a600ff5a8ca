//! The laws of the lens through HTTP: whatever an old client sends (PATCH, PUT, upserts, bulk, CSV), saving
//! what was read changes nothing (GetPut), what was written is read (PutGet), and a column changes only
//! what derives from it (Frame).
//!
//! `OPPBASE_LENS_WRITES` says how many writes are tried on each baseline; a few hundred otherwise. A
//! counter-example is shrunk and printed.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use oppbase::mapping::{ColumnMap, table};
use oppbase::pg::migrations::Baseline;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio_postgres::Client;

use super::Crm;
use crate::schema::{self, BASELINES, batch};

type Row = Map<String, Value>;

/// How an old client sends a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// The changed columns of one row.
    Patch,
    /// The same through the typed endpoint.
    PatchItem,
    /// The same columns of several rows.
    BulkPatch,
    /// One whole row.
    Put,
    /// Whole rows, several at once.
    Upsert,
    /// Whole rows, as `on_conflict=id` with the columns named.
    UpsertColumns,
    /// Whole rows as a table.
    Csv,
}

impl Shape {
    fn is_single(self) -> bool {
        matches!(self, Self::Patch | Self::PatchItem | Self::Put)
    }
}

/// One write of an old client. Without values it saves what it read.
#[derive(Debug, Clone)]
struct Write {
    shape: Shape,
    ids: Vec<i64>,
    values: BTreeMap<&'static str, Value>,
}

/// A write of the new face before it, which makes rows that the old one cannot.
#[derive(Debug, Clone)]
struct Prelude {
    id: i64,
    values: BTreeMap<&'static str, Value>,
}

/// Interesting values of each old column, as the server prints them.
fn values(column: &str, baseline: Baseline) -> Vec<Value> {
    let list = match (column, baseline) {
        ("name", _) => json!(["", "x", "🚀 'q' \"d\" \\ ,\n\t", "null"]),
        ("company_id", _) => json!([null, 1, 2, 4]),
        ("contact_ids", _) => json!([null, [], [1], [3, 3, 1], [888], [null, 2], [5, 4, 3, 2, 1]]),
        ("category", _) => json!([null, "", "Other", "été"]),
        ("stage", _) => json!([
            "opportunity",
            "proposal-sent",
            "in-negociation",
            "won",
            "lost",
            "delayed",
            "lead",
            "Won",
            " lost ",
            "",
            "étape \"x\" 🏁",
            "closed_won",
            "needs analysis"
        ]),
        ("description", _) => json!([null, "", "text", "word ".repeat(2000)]),
        ("amount", _) => json!([null, 0, -1, 9_007_199_254_740_993_i64, i64::MAX, i64::MIN]),
        ("created_at", _) => json!(["2020-01-01T00:00:00+00:00", "infinity"]),
        ("updated_at", _) => json!(["2020-01-01T00:00:00+00:00", "infinity"]),
        ("archived_at", _) => json!([
            null,
            "2025-01-01T12:00:00+00:00",
            "2999-01-01T00:00:00+00:00",
            "infinity"
        ]),
        ("expected_closing_date", Baseline::Fork) => json!([
            null,
            "2025-04-01T23:59:59.999999+00:00",
            "2024-02-29T00:00:00+00:00",
            "infinity"
        ]),
        ("expected_closing_date", Baseline::Upstream) => {
            json!([null, "2025-04-01", "2024-02-29", "infinity"])
        }
        ("sales_id", _) => json!([null, 1, 3]),
        ("index", _) => json!([null, 0, -32768, 32767]),
        _ => json!([]),
    };
    list.as_array().expect("a list").clone()
}

const IDS: [i64; 12] = [1, 2, 4, 6, 7, 101, 104, 107, 109, 111, 113, 119];

fn column_value(baseline: Baseline) -> impl Strategy<Value = (&'static str, Value)> {
    let columns: Vec<_> = table::DEALS
        .columns
        .iter()
        .map(|column| column.old)
        .filter(|name| *name != "id")
        .collect();
    let interesting = prop::sample::select(columns).prop_flat_map(move |column| {
        prop::sample::select(values(column, baseline)).prop_map(move |value| (column, value))
    });
    let stage = "[a-zA-Z _./'-]{0,12}".prop_map(|text| ("stage", Value::from(text)));
    prop_oneof![5 => interesting, 1 => stage]
}

fn write(baseline: Baseline) -> impl Strategy<Value = Write> {
    let shapes = vec![
        Shape::Patch,
        Shape::PatchItem,
        Shape::BulkPatch,
        Shape::Put,
        Shape::Upsert,
        Shape::UpsertColumns,
        Shape::Csv,
    ];
    let ids = prop::sample::subsequence(IDS.to_vec(), 1..=4);
    let values = prop::collection::vec(column_value(baseline), 0..4).prop_map(BTreeMap::from_iter);
    (prop::sample::select(shapes), ids, values).prop_map(|(shape, mut ids, mut values)| {
        if shape.is_single() {
            ids.truncate(1);
        }
        if values.get("name") == Some(&Value::from("null")) && shape == Shape::Csv {
            // As a table, only NULL is null; the text stays.
            values.insert("name", "NULLs".into());
        }
        Write { shape, ids, values }
    })
}

fn prelude() -> impl Strategy<Value = Vec<Prelude>> {
    let value = prop_oneof![
        prop::sample::select(table::STAGES).prop_map(|map| ("stage", Value::from(map.stage))),
        (0..=100_i64).prop_map(|n| ("probability", Value::from(n))),
        prop::sample::select(vec!["active", "on_hold", "nurturing", "stalled", "expired"])
            .prop_map(|text| ("status", text.into())),
        prop::sample::select(vec!["low", "critical"]).prop_map(|text| ("priority", text.into())),
        Just(("principal_organization_id", json!(3))),
        Just(("next_action", json!("call"))),
        Just(("actual_close_date", json!("2025-01-01"))),
        Just(("deleted_at", json!("2025-05-05T05:05:00+00:00"))),
        Just(("estimated_close_date", json!("2025-03-30"))),
    ];
    let values = prop::collection::vec(value, 1..3).prop_map(BTreeMap::from_iter);
    let one = (prop::sample::select(IDS.to_vec()), values)
        .prop_map(|(id, values)| Prelude { id, values });
    prop::collection::vec(one, 0..3)
}

/// Every row of the new tables: the opportunity, its participants, its contacts.
async fn state(client: &Client) -> BTreeMap<i64, (Row, String, String)> {
    let sql = "select o.id, to_jsonb(o)::text, \
        coalesce((select string_agg(p::text, E'\n' order by p.id) from public.opportunity_participants p where p.opportunity_id = o.id), ''), \
        coalesce((select string_agg(c::text, E'\n' order by c.id) from public.opportunity_contacts c where c.opportunity_id = o.id), '') \
        from public.opportunities o where o.id = any ($1)";
    let rows = client
        .query(sql, &[&IDS.as_slice()])
        .await
        .expect("the rows");
    rows.iter()
        .map(|row| {
            let json: Row = serde_json::from_str(row.get(1)).expect("JSON");
            (row.get(0), (json, row.get(2), row.get(3)))
        })
        .collect()
}

/// The old face of some rows, by id.
async fn read(crm: &Crm, ids: &[i64]) -> BTreeMap<i64, Row> {
    let list: Vec<_> = ids.iter().map(ToString::to_string).collect();
    let rows = crm
        .get(&format!("/rest/v1/deals?id=in.({})", list.join(",")))
        .await;
    let row = |row: &Value| {
        (
            row["id"].as_i64().expect("an id"),
            row.as_object().expect("a row").clone(),
        )
    };
    rows.as_array().expect("a list").iter().map(row).collect()
}

/// A table as PostgREST reads it: only `NULL` is null, arrays in PostgreSQL's braces.
fn csv(rows: &[Row]) -> String {
    let cell = |value: &Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| {
                    if item.is_null() {
                        "NULL".into()
                    } else {
                        item.to_string()
                    }
                })
                .collect();
            format!("\"{{{}}}\"", items.join(","))
        }
        Value::String(text) => format!("\"{}\"", text.replace('"', "\"\"")),
        other => other.to_string(),
    };
    let columns: Vec<_> = rows[0].keys().cloned().collect();
    let lines = rows.iter().map(|row| {
        columns
            .iter()
            .map(|name| cell(&row[name]))
            .collect::<Vec<_>>()
            .join(",")
    });
    std::iter::once(columns.join(","))
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Sends the write; `before` is what its client had read.
async fn send(crm: &Crm, write: &Write, before: &BTreeMap<i64, Row>) -> (u16, String) {
    let values: Row = write
        .values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let whole: Vec<Row> = before
        .values()
        .map(|row| {
            let mut row = row.clone();
            row.extend(values.clone());
            row
        })
        .collect();
    let id = write.ids[0];
    let list: Vec<_> = write.ids.iter().map(ToString::to_string).collect();
    let merge = "resolution=merge-duplicates,return=minimal";
    let columns = || {
        table::DEALS
            .columns
            .iter()
            .map(|column| column.old)
            .collect::<Vec<_>>()
            .join(",")
    };
    let (method, path, prefer, body) = match write.shape {
        Shape::Patch => (
            Method::PATCH,
            format!("/rest/v1/deals?id=eq.{id}"),
            "return=minimal",
            json!(values),
        ),
        Shape::PatchItem => (
            Method::PATCH,
            format!("/deals/{id}"),
            "return=representation",
            json!(values),
        ),
        Shape::BulkPatch => (
            Method::PATCH,
            format!("/rest/v1/deals?id=in.({})", list.join(",")),
            "return=minimal",
            json!(values),
        ),
        Shape::Put => (
            Method::PUT,
            format!("/rest/v1/deals?id=eq.{id}"),
            "return=minimal",
            json!(whole[0]),
        ),
        Shape::Upsert => (Method::POST, "/rest/v1/deals".into(), merge, json!(whole)),
        Shape::UpsertColumns => (
            Method::POST,
            format!("/rest/v1/deals?on_conflict=id&columns={}", columns()),
            merge,
            json!(whole),
        ),
        Shape::Csv => {
            let request = crm
                .user
                .post(crm.app.url("/rest/v1/deals"))
                .header("content-type", "text/csv")
                .header("prefer", merge);
            let answer = request.body(csv(&whole)).send().await.expect("an answer");
            return (answer.status().as_u16(), answer.text().await.expect("text"));
        }
    };
    let answer = crm
        .send(method, &path, &[("prefer", prefer)], Some(&body))
        .await;
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

/// New-side columns that a write of an old column may change.
fn frame(column: &ColumnMap) -> BTreeSet<&'static str> {
    column
        .derives
        .iter()
        .chain(&column.twin)
        .chain([&column.new, &"updated_at", &"search_tsv"])
        .copied()
        .collect()
}

fn column(old: &str) -> &'static ColumnMap {
    table::DEALS
        .columns
        .iter()
        .find(|column| column.old == old)
        .expect("an old column")
}

macro_rules! hold {
    ($condition:expr, $($text:tt)*) => {
        if !$condition {
            return Err(TestCaseError::fail(format!($($text)*)));
        }
    };
}

/// One write and the laws about it.
async fn check(crm: &Crm, owner: &Client, write: &Write) -> Result<(), TestCaseError> {
    let before = state(owner).await;
    let seen = read(crm, &write.ids).await;
    let (status, answer) = send(crm, write, &seen).await;
    let after = state(owner).await;
    if status >= 300 {
        hold!((400..500).contains(&status), "{status}: {answer}");
        hold!(
            before == after,
            "refused with {status}, and something changed: {answer}"
        );
        // What was read can always be written; so can any of the values here.
        return Err(TestCaseError::fail(format!("refused: {status} {answer}")));
    }
    let now = read(crm, &write.ids).await;
    for (id, (old_row, old_participants, old_contacts)) in &before {
        let (row, participants, contacts) = &after[id];
        let values = if write.ids.contains(id) {
            write.values.clone()
        } else {
            BTreeMap::new()
        };
        let differs = |name: &str| {
            write.ids.contains(id)
                && values
                    .get(name)
                    .is_some_and(|value| *value != seen[id][name])
        };
        let changed: BTreeSet<_> = values
            .keys()
            .copied()
            .filter(|name| differs(name))
            .collect();
        let moved: Vec<_> = old_row
            .iter()
            .filter(|(key, value)| row.get(*key) != Some(value))
            .map(|(key, _)| key.as_str())
            .collect();
        // GetPut.
        if changed.is_empty() {
            hold!(
                moved.is_empty(),
                "GetPut: saving row {id} unchanged changed {moved:?}"
            );
            hold!(
                participants == old_participants && contacts == old_contacts,
                "GetPut: saving row {id} unchanged changed its relations"
            );
            continue;
        }
        // PutGet. The moment of the change is automatic unless it was set.
        for (name, sent) in &seen[id] {
            let wanted = values.get(name.as_str()).unwrap_or(sent);
            let is_automatic = name == "updated_at" && !differs("updated_at");
            hold!(
                is_automatic || now[id][name] == *wanted,
                "PutGet: row {id} {name}: sent {wanted}, read {}",
                now[id][name]
            );
        }
        // Frame.
        let allowed: BTreeSet<_> = changed
            .iter()
            .flat_map(|name| frame(column(name)))
            .collect();
        let extra: Vec<_> = moved
            .iter()
            .filter(|name| !allowed.contains(**name))
            .collect();
        hold!(
            extra.is_empty(),
            "Frame: row {id}: {changed:?} also changed {extra:?}"
        );
        hold!(
            changed.contains("company_id") || participants == old_participants,
            "Frame: row {id}: {changed:?} changed the participants"
        );
        hold!(
            changed.contains("contact_ids") || contacts == old_contacts,
            "Frame: row {id}: {changed:?} changed the contacts"
        );
        hold!(
            row["company_id"] == row["customer_organization_id"]
                && row["archived_at"] == row["deleted_at"],
            "row {id}: a pair fell apart"
        );
    }
    Ok(())
}

/// Puts all rows back, past every trigger.
const RESTORE: &str = "begin; set local session_replication_role = replica; \
    delete from public.opportunity_contacts; delete from public.opportunity_participants; delete from public.opportunities; \
    insert into public.opportunities select * from kept.opportunities; \
    insert into public.opportunity_participants select * from kept.opportunity_participants; \
    insert into public.opportunity_contacts select * from kept.opportunity_contacts; commit";

async fn start(baseline: Baseline) -> (Crm, Client) {
    let (db, owner) = schema::after(baseline).await;
    batch(
        &owner,
        &format!(
            "update public.companies set is_principal = true where id = 3; \
        update public.opportunity_contacts set role = 'influencer' where contact_id = 2; \
        delete from public.opportunities where id <> all (array[{}]); create schema kept; \
        create table kept.opportunities as table public.opportunities; \
        create table kept.opportunity_participants as table public.opportunity_participants; \
        create table kept.opportunity_contacts as table public.opportunity_contacts",
            IDS.map(|id| id.to_string()).join(",")
        ),
    )
    .await;
    (Crm::serve(db, |_| {}).await, owner)
}

#[test]
#[allow(clippy::print_stderr, reason = "the figure of a long run")]
fn laws_hold_for_whatever_an_old_client_sends() {
    let wanted: u32 = std::env::var("OPPBASE_LENS_WRITES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(300);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    for baseline in BASELINES {
        let (crm, owner) = runtime.block_on(start(baseline));
        let writes = Cell::new(0_u32);
        let mut runner = TestRunner::new(Config {
            cases: wanted / 3,
            failure_persistence: None,
            max_shrink_iters: 500,
            ..Config::default()
        });
        let cases = (prelude(), prop::collection::vec(write(baseline), 2..6));
        let outcome = runner.run(&cases, |(prelude, list)| {
            runtime.block_on(async {
                batch(&owner, RESTORE).await;
                for one in &prelude {
                    // A prelude that contradicts itself is refused; the writes start from what is there.
                    crm.write(
                        Method::PATCH,
                        &format!("/rest/v1/opportunities?id=eq.{}", one.id),
                        &json!(one.values),
                    )
                    .await;
                }
                for write in &list {
                    writes.set(writes.get() + 1);
                    check(&crm, &owner, write).await?;
                }
                Ok(())
            })
        });
        eprintln!("{baseline:?}: {} writes", writes.get());
        if let Err(error) = outcome {
            panic!("{baseline:?}, minimal counter-example: {error}");
        }
        assert!(
            writes.get() >= wanted,
            "{baseline:?}: only {} writes",
            writes.get()
        );
    }
}

#[tokio::test]
async fn a_violation_would_be_found() {
    // The harness has teeth: without the rule that keeps a stage, each law is broken by an ordinary save.
    let (crm, owner) = start(Baseline::Fork).await;
    let one = |shape, values: &[(&'static str, Value)]| Write {
        shape,
        ids: vec![109],
        values: values.iter().cloned().collect(),
    };
    check(&crm, &owner, &one(Shape::Put, &[("amount", json!(5))]))
        .await
        .expect("the laws hold");
    batch(&owner, "create function public.breaks() returns trigger language plpgsql as $$ begin new.priority := 'low'; return new; end $$; \
        create trigger zz_breaks before update on public.opportunities for each row execute function public.breaks()").await;
    let broken = check(&crm, &owner, &one(Shape::Put, &[("amount", json!(6))]))
        .await
        .expect_err("the frame is broken");
    assert!(broken.to_string().contains("Frame"), "{broken}");
    batch(&owner, "create or replace function public.breaks() returns trigger language plpgsql as $$ begin new.amount := 7; return new; end $$").await;
    let broken = check(&crm, &owner, &one(Shape::Csv, &[("amount", json!(8))]))
        .await
        .expect_err("something else is stored");
    assert!(broken.to_string().contains("PutGet"), "{broken}");
    batch(&owner, "create or replace function public.breaks() returns trigger language plpgsql as $$ begin new.index := coalesce(new.index, 0) - 1; return new; end $$").await;
    let broken = check(&crm, &owner, &one(Shape::Patch, &[("amount", json!(7))]))
        .await
        .expect_err("a save changes something");
    assert!(broken.to_string().contains("GetPut"), "{broken}");
}
