//! Columns and arguments as JSON schemas, by how PostgREST writes and reads their values.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::schema_cache::table::{Column, Table};

/// The JSON type of a value, or the empty text when it may be any.
pub fn json_type(data_type: &str) -> &'static str {
    if data_type.ends_with("[]") {
        return "array";
    }
    match data_type {
        "smallint" | "integer" | "bigint" => "integer",
        "real" | "double precision" => "number",
        "boolean" => "boolean",
        "json" | "jsonb" => "",
        numeric if numeric.starts_with("numeric") => "number",
        _ => "string",
    }
}

/// The schema of a value that is not null.
pub fn schema(data_type: &str, labels: &[String]) -> Value {
    if let Some(element) = data_type.strip_suffix("[]") {
        return json!({"type": "array", "items": or_null(schema(element, labels))});
    }
    if !labels.is_empty() {
        return json!({"type": "string", "enum": labels});
    }
    let mut schema = match json_type(data_type) {
        "" => return json!({}),
        kind => json!({"type": kind}),
    };
    match data_type {
        "bigint" => schema["format"] = "int64".into(),
        "integer" => schema["format"] = "int32".into(),
        "smallint" => {
            schema["minimum"] = i16::MIN.into();
            schema["maximum"] = i16::MAX.into();
        }
        "uuid" => schema["format"] = "uuid".into(),
        "date" => schema["format"] = "date".into(),
        "timestamp with time zone" => schema["format"] = "date-time".into(),
        _ => {}
    }
    schema
}

/// The schema, with null.
fn or_null(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
    }
    if let Some(Value::Array(labels)) = schema.get_mut("enum") {
        labels.push(Value::Null);
    }
    schema
}

fn column(column: &Column, is_nullable: bool) -> Value {
    let plain = schema(&column.data_type, &column.enum_values);
    let mut found = match is_nullable {
        true => or_null(plain),
        false => plain,
    };
    if let (Some(length), "string") = (column.max_length, json_type(&column.data_type)) {
        found["maxLength"] = length.into();
    }
    found
}

/// A row, or what `select` took of it: no column must be there. `references`: where foreign keys lead.
pub fn row(table: &Table, references: &BTreeMap<String, String>) -> Value {
    let mut properties = Map::new();
    for (name, found) in &table.columns {
        let mut schema = column(found, found.nullable || table.is_view);
        let mut about: Vec<String> = found.description.iter().cloned().collect();
        about.extend(references.get(name).map(|to| format!("Refers to `{to}`.")));
        if !about.is_empty() {
            schema["description"] = about.join(" ").into();
        }
        properties.insert(name.clone(), schema);
    }
    let mut row = json!({"type": "object", "properties": properties});
    if let Some(text) = &table.description {
        row["description"] = text.as_str().into();
    }
    row
}

/// Columns that may be sent.
pub fn input(table: &Table) -> Value {
    let properties: Map<_, _> = table
        .columns
        .iter()
        .map(|(name, found)| (name.clone(), column(found, found.nullable || table.is_view)))
        .collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}
