//! What clients of both vocabularies send: every way to write a deal, with interesting values.

use std::collections::BTreeMap;

use oppbase::mapping::table;
use oppbase::pg::migrations::Baseline;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Rows that the writes start from; of each kind in `rows.sql` one.
pub const IDS: [i64; 12] = [1, 2, 4, 6, 7, 101, 104, 107, 109, 111, 113, 119];

/// Columns and what is sent for them.
pub type Values = BTreeMap<&'static str, Value>;

/// How an old client sends a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
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
    /// The key, what may not be null, and the changed columns.
    UpsertPartial,
    /// Whole rows of which those that are there are to be left alone.
    UpsertIgnore,
    /// Whole rows as a table.
    Csv,
}

impl Shape {
    fn is_single(self) -> bool {
        matches!(self, Self::Patch | Self::PatchItem | Self::Put)
    }
}

/// How an old client makes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Making {
    /// One object.
    One,
    /// The same through the typed endpoint.
    Item,
    /// A list.
    Bulk,
    /// A list with `columns=`, in which rows leave columns to their defaults.
    Default,
    /// A list with ids, `resolution=merge-duplicates`.
    Upsert,
    /// A list with ids, `resolution=ignore-duplicates`.
    Ignore,
    /// A table.
    Csv,
}

/// One write.
#[derive(Debug, Clone)]
pub enum Write {
    /// Of an old client, on rows that are there. Without values it saves what it read.
    Save {
        shape: Shape,
        ids: Vec<i64>,
        values: Values,
    },
    /// Of an old client: new rows.
    Insert { how: Making, rows: Vec<Values> },
    /// Of an old client, with a value that no deal may have.
    Refused {
        shape: Shape,
        id: i64,
        column: &'static str,
        value: Value,
    },
    /// Of a new client, on one row. Without values it saves what it read.
    New { id: i64, values: Values },
    /// Of an old client: the row is gone.
    Delete { id: i64, by_filter: bool },
}

/// Interesting values of each old column, as the server prints them.
fn interesting(column: &str, baseline: Baseline) -> Vec<Value> {
    let list = match (column, baseline) {
        ("name", _) => json!(["", "x", "🚀 'q' \"d\" \\ ,\n\t", "nulls"]),
        ("company_id", _) => json!([null, 1, 2, 4]),
        ("contact_ids", _) => json!([
            null,
            [],
            [1],
            [3, 3, 1],
            [888],
            [null, 2],
            [null],
            [2, 888, null, 2, 1],
            [5, 4, 3, 2, 1]
        ]),
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
        ("amount", _) => json!([
            null,
            0,
            -1,
            9_007_199_254_740_991_i64,
            9_007_199_254_740_993_i64,
            i64::MAX,
            i64::MIN
        ]),
        ("created_at" | "updated_at", _) => {
            json!(["2020-01-01T00:00:00+00:00", "infinity", "-infinity"])
        }
        ("archived_at", _) => json!([
            null,
            "2025-01-01T12:00:00+00:00",
            "2999-01-01T00:00:00+00:00",
            "infinity",
            "-infinity"
        ]),
        ("expected_closing_date", Baseline::Fork) => json!([
            null,
            "2025-04-01T23:59:59.999999+00:00",
            "2025-12-31T00:00:00+00:00",
            "2024-02-29T00:00:00+00:00",
            "infinity",
            "-infinity"
        ]),
        ("expected_closing_date", Baseline::Upstream) => {
            json!([null, "2025-04-01", "2024-02-29", "infinity", "-infinity"])
        }
        ("sales_id", _) => json!([null, 1, 3]),
        ("index", _) => json!([null, 0, -32768, 32767]),
        _ => json!([]),
    };
    list.as_array().expect("a list").clone()
}

fn old_value(baseline: Baseline) -> impl Strategy<Value = (&'static str, Value)> {
    let columns: Vec<_> = table::DEALS
        .columns
        .iter()
        .map(|column| column.old)
        .filter(|name| *name != "id")
        .collect();
    let known = prop::sample::select(columns).prop_flat_map(move |column| {
        prop::sample::select(interesting(column, baseline)).prop_map(move |value| (column, value))
    });
    prop_oneof![5 => known, 1 => stage_text().prop_map(|text| ("stage", text))]
}

fn stage_text() -> impl Strategy<Value = Value> {
    "[a-zA-Z _./'-]{0,12}".prop_map(|text| match text.as_str() {
        // As a table, this is null.
        "NULL" => Value::from("null"),
        _ => Value::from(text),
    })
}

fn save(baseline: Baseline) -> impl Strategy<Value = Write> {
    let shapes = vec![
        Shape::Patch,
        Shape::PatchItem,
        Shape::BulkPatch,
        Shape::Put,
        Shape::Upsert,
        Shape::UpsertColumns,
        Shape::UpsertPartial,
        Shape::UpsertIgnore,
        Shape::Csv,
    ];
    let ids = prop::sample::subsequence(IDS.to_vec(), 1..=4);
    let values = prop::collection::vec(old_value(baseline), 0..4).prop_map(Values::from_iter);
    (prop::sample::select(shapes), ids, values).prop_map(|(shape, mut ids, values)| {
        if shape.is_single() {
            ids.truncate(1);
        }
        Write::Save { shape, ids, values }
    })
}

fn insert(baseline: Baseline) -> impl Strategy<Value = Write> {
    let ways = vec![
        Making::One,
        Making::Item,
        Making::Bulk,
        Making::Default,
        Making::Upsert,
        Making::Ignore,
        Making::Csv,
    ];
    let stage = prop_oneof![
        2 => prop::sample::select(interesting("stage", baseline)),
        1 => stage_text()
    ];
    let row =
        (stage, prop::collection::vec(old_value(baseline), 0..5)).prop_map(|(stage, list)| {
            let mut row = Values::from([("name", json!("new")), ("stage", stage)]);
            row.extend(list);
            row
        });
    let rows = prop::collection::vec(row, 1..4);
    (prop::sample::select(ways), rows).prop_map(|(how, mut rows)| {
        match how {
            Making::One | Making::Item => rows.truncate(1),
            Making::Default => {}
            // The rows of a list have the same columns.
            _ => {
                let first = rows[0].clone();
                for row in &mut rows {
                    row.retain(|name, _| first.contains_key(name));
                    for (name, value) in &first {
                        row.entry(name).or_insert_with(|| value.clone());
                    }
                }
            }
        }
        Write::Insert { how, rows }
    })
}

fn refused() -> impl Strategy<Value = Write> {
    let shapes = vec![
        Shape::Patch,
        Shape::PatchItem,
        Shape::Put,
        Shape::Upsert,
        Shape::Csv,
    ];
    let values = prop::sample::select(vec![
        ("name", Value::Null),
        ("stage", Value::Null),
        ("created_at", Value::Null),
        ("updated_at", Value::Null),
        ("created_at", json!("yesterday week")),
        ("company_id", json!(999_999)),
        ("sales_id", json!(999_999)),
        ("amount", json!(9_223_372_036_854_775_808_u64)),
        ("amount", json!("much")),
        ("index", json!(32_768)),
        ("expected_closing_date", json!("2025-02-30")),
        ("archived_at", json!("soon")),
    ]);
    let id = prop::sample::select(IDS.to_vec());
    (prop::sample::select(shapes), id, values).prop_map(|(shape, id, (column, value))| {
        Write::Refused {
            shape,
            id,
            column,
            value,
        }
    })
}

fn new() -> impl Strategy<Value = Write> {
    let value = prop_oneof![
        3 => prop::sample::select(table::STAGES).prop_map(|map| ("stage", Value::from(map.stage))),
        3 => (0..=100_i64).prop_map(|n| ("probability", Value::from(n))),
        2 => prop::sample::select(vec!["active", "on_hold", "nurturing", "stalled", "expired"])
            .prop_map(|text| ("status", text.into())),
        4 => prop::sample::select(vec![
            ("priority", json!("low")),
            ("priority", json!("critical")),
            ("stage_manual", json!(false)),
            ("status_manual", json!(false)),
            ("principal_organization_id", json!(3)),
            ("principal_organization_id", Value::Null),
            ("customer_organization_id", json!(2)),
            ("customer_organization_id", Value::Null),
            ("next_action", json!("call")),
            ("actual_close_date", json!("2025-01-01")),
            ("actual_close_date", Value::Null),
            ("deleted_at", json!("2025-05-05T05:05:00+00:00")),
            ("deleted_at", Value::Null),
            ("estimated_close_date", json!("2025-03-30")),
            ("estimated_close_date", Value::Null),
            ("contact_ids", json!([2, 2, null])),
        ]),
    ];
    let values = prop::collection::vec(value, 0..3).prop_map(Values::from_iter);
    (prop::sample::select(IDS.to_vec()), values).prop_map(|(id, values)| Write::New { id, values })
}

/// Any write.
pub fn write(baseline: Baseline) -> impl Strategy<Value = Write> {
    let delete = (prop::sample::select(IDS.to_vec()), any::<bool>())
        .prop_map(|(id, by_filter)| Write::Delete { id, by_filter });
    prop_oneof![
        8 => save(baseline),
        3 => insert(baseline),
        2 => refused(),
        4 => new(),
        1 => delete,
    ]
}
