//! Writes as requests.

use std::collections::BTreeMap;

use oppbase::mapping::table;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::super::Crm;
use super::writes::{Making, Shape, Values};

/// A row as JSON.
pub type Row = Map<String, Value>;

const MERGE: &str = "resolution=merge-duplicates,return=minimal";
const IGNORE: &str = "resolution=ignore-duplicates,return=minimal";
const DEALS: &str = "/rest/v1/deals";

/// Status and body.
pub type Answer = (u16, String);

/// Some rows of a relation, by id.
pub async fn read(crm: &Crm, relation: &str, ids: &[i64]) -> BTreeMap<i64, Row> {
    let list: Vec<_> = ids.iter().map(ToString::to_string).collect();
    let path = format!("/rest/v1/{relation}?id=in.({})", list.join(","));
    let rows = crm.get(&path).await;
    let row = |row: &Value| {
        (
            row["id"].as_i64().expect("an id"),
            row.as_object().expect("a row").clone(),
        )
    };
    rows.as_array().expect("a list").iter().map(row).collect()
}

/// Values as JSON.
pub fn object(values: &Values) -> Row {
    let pairs = values.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

/// A table as PostgREST reads it: only `NULL` is null, arrays in PostgreSQL's braces.
fn csv(rows: &[Row]) -> String {
    let cell = |value: &Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| match item {
                    Value::Null => "NULL".into(),
                    item => item.to_string(),
                })
                .collect();
            format!("\"{{{}}}\"", items.join(","))
        }
        Value::String(text) => format!("\"{}\"", text.replace('"', "\"\"")),
        other => other.to_string(),
    };
    let columns: Vec<_> = rows[0].keys().cloned().collect();
    let lines = rows.iter().map(|row| {
        let cells: Vec<_> = columns.iter().map(|name| cell(&row[name])).collect();
        cells.join(",")
    });
    let all: Vec<_> = std::iter::once(columns.join(",")).chain(lines).collect();
    all.join("\n")
}

async fn send(crm: &Crm, method: Method, path: &str, prefer: &str, body: Value) -> Answer {
    let answer = crm
        .send(method, path, &[("prefer", prefer)], Some(&body))
        .await;
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

async fn send_table(crm: &Crm, prefer: &str, rows: &[Row]) -> Answer {
    let request = crm
        .user
        .post(crm.app.url(DEALS))
        .header("content-type", "text/csv")
        .header("prefer", prefer);
    let answer = request.body(csv(rows)).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

/// Sends a change of rows that are there; `seen` is what the client had read of them.
pub async fn save(
    crm: &Crm,
    shape: Shape,
    ids: &[i64],
    values: &Values,
    seen: &BTreeMap<i64, Row>,
) -> Answer {
    let values = object(values);
    let changed = |row: &Row| {
        let mut row = row.clone();
        row.extend(values.clone());
        row
    };
    let whole: Vec<Row> = seen.values().map(changed).collect();
    let needed = |row: &Row| {
        let keys = ["id", "name", "stage"].map(|name| (name.to_owned(), row[name].clone()));
        changed(&Row::from_iter(keys))
    };
    let id = ids[0];
    let list: Vec<_> = ids.iter().map(ToString::to_string).collect();
    let minimal = "return=minimal";
    let columns = || table::DEALS.columns.iter().map(|column| column.old);
    let (method, path, prefer, body) = match shape {
        Shape::Patch => (
            Method::PATCH,
            format!("{DEALS}?id=eq.{id}"),
            minimal,
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
            format!("{DEALS}?id=in.({})", list.join(",")),
            minimal,
            json!(values),
        ),
        Shape::Put => (
            Method::PUT,
            format!("{DEALS}?id=eq.{id}"),
            minimal,
            json!(whole[0]),
        ),
        Shape::Upsert => (Method::POST, DEALS.into(), MERGE, json!(whole)),
        Shape::UpsertColumns => (
            Method::POST,
            format!(
                "{DEALS}?on_conflict=id&columns={}",
                columns().collect::<Vec<_>>().join(",")
            ),
            MERGE,
            json!(whole),
        ),
        Shape::UpsertPartial => (
            Method::POST,
            DEALS.into(),
            MERGE,
            json!(seen.values().map(needed).collect::<Vec<_>>()),
        ),
        Shape::UpsertIgnore => (Method::POST, DEALS.into(), IGNORE, json!(whole)),
        Shape::Csv => return send_table(crm, MERGE, &whole).await,
    };
    send(crm, method, &path, prefer, body).await
}

/// Sends new rows; those of an upsert are numbered from `free` on.
pub async fn insert(crm: &Crm, how: Making, rows: &[Values], free: i64) -> Answer {
    let mut rows: Vec<Row> = rows.iter().map(object).collect();
    if matches!(how, Making::Upsert | Making::Ignore) {
        for (id, row) in (free..).zip(&mut rows) {
            row.insert("id".into(), id.into());
        }
    }
    let minimal = "return=minimal";
    let (path, prefer, body) = match how {
        Making::One => (DEALS.into(), minimal, json!(rows[0])),
        Making::Item => ("/deals".into(), "return=representation", json!(rows[0])),
        Making::Bulk => (DEALS.into(), minimal, json!(rows)),
        Making::Default => {
            let mut columns: Vec<_> = rows.iter().flat_map(|row| row.keys().cloned()).collect();
            columns.extend(["id", "created_at", "updated_at", "index"].map(str::to_owned));
            columns.sort_unstable();
            columns.dedup();
            (
                format!("{DEALS}?columns={}", columns.join(",")),
                "missing=default,return=minimal",
                json!(rows),
            )
        }
        Making::Upsert => (DEALS.into(), MERGE, json!(rows)),
        Making::Ignore => (DEALS.into(), IGNORE, json!(rows)),
        Making::Csv => return send_table(crm, minimal, &rows).await,
    };
    send(crm, Method::POST, &path, prefer, body).await
}

/// Sends a change of one row in the new vocabulary; without values the whole row as it was read.
pub async fn new(crm: &Crm, id: i64, values: &Values) -> Answer {
    let path = format!("/rest/v1/opportunities?id=eq.{id}");
    if values.is_empty() {
        let row = read(crm, "opportunities", &[id]).await.remove(&id);
        return send(crm, Method::PUT, &path, "return=minimal", json!(row)).await;
    }
    send(
        crm,
        Method::PATCH,
        &path,
        "return=minimal",
        json!(object(values)),
    )
    .await
}

/// Deletes one row.
pub async fn delete(crm: &Crm, id: i64, by_filter: bool) -> Answer {
    let path = match by_filter {
        true => format!("{DEALS}?id=eq.{id}"),
        false => format!("/deals/{id}"),
    };
    let answer = crm.send(Method::DELETE, &path, &[], None).await;
    (answer.status().as_u16(), answer.text().await.expect("text"))
}
