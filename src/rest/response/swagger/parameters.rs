//! Parameters that the operations refer to: the shared ones, and per relation its body and filters.

use serde_json::{Map, Value, json};

use super::{object, reference, set_some, set_unless_empty};
use crate::schema_cache::table::Table;

/// `{"preferParams", …, "body.<relation>", "rowFilter.<relation>.<column>"}`
pub(super) fn parameters(tables: &[&Table]) -> Value {
    let mut parameters = shared();
    for table in tables {
        let body = json!({
            "name": table.name,
            "description": table.name,
            "required": false,
            "in": "body",
            "schema": reference("definitions", &table.name),
        });
        parameters.insert(body_name(table), body);
        for column in table.columns.values() {
            let filter = parameter("query", &column.name, column.description.as_deref());
            parameters.insert(row_filter_name(table, &column.name), filter.into());
        }
    }
    parameters.into()
}

/// Name of the parameter that carries the relation's rows.
pub(super) fn body_name(table: &Table) -> String {
    format!("body.{}", table.name)
}

/// Name of the parameter that filters by a column.
pub(super) fn row_filter_name(table: &Table, column: &str) -> String {
    format!("rowFilter.{}.{column}", table.name)
}

fn shared() -> Map<String, Value> {
    const RESOLUTION: [&str; 2] = [
        "resolution=ignore-duplicates",
        "resolution=merge-duplicates",
    ];
    const RETURN: [&str; 3] = ["return=representation", "return=minimal", "return=none"];
    const PAGINATION: &str = "Limiting and Pagination";
    let query = |name: &str, text: &str| parameter("query", name, Some(text)).into();
    let header = |name: &str, text: &str| parameter("header", name, Some(text));
    let mut range_unit = header("Range-Unit", PAGINATION);
    range_unit.insert("default".into(), json!("items"));

    object([
        ("preferParams", prefer(&[])),
        ("preferReturn", prefer(&RETURN)),
        ("preferCount", prefer(&["count=none"])),
        ("preferPost", prefer(&[&RETURN[..], &RESOLUTION].concat())),
        ("select", query("select", "Filtering Columns")),
        ("on_conflict", query("on_conflict", "On Conflict")),
        ("order", query("order", "Ordering")),
        ("range", header("Range", PAGINATION).into()),
        ("rangeUnit", range_unit.into()),
        ("offset", query("offset", PAGINATION)),
        ("limit", query("limit", PAGINATION)),
    ])
}

fn prefer(values: &[&str]) -> Value {
    let mut prefer = parameter("header", "Prefer", Some("Preference"));
    set_unless_empty(&mut prefer, "enum", json!(values));
    prefer.into()
}

/// An optional parameter of type string.
fn parameter(place: &str, name: &str, description: Option<&str>) -> Map<String, Value> {
    let mut parameter = object([("name", json!(name))]);
    set_some(&mut parameter, "description", description);
    parameter.extend(object([
        ("required", json!(false)),
        ("in", json!(place)),
        ("type", json!("string")),
    ]));
    parameter
}
