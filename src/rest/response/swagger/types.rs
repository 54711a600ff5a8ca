//! PostgreSQL types as Swagger types and formats, and column defaults as JSON.

use serde_json::{Map, Value, json};

use super::set_some;

/// Swagger type of a PostgreSQL type; `None`: any (json).
pub(super) fn swagger_type(data_type: &str) -> Option<&'static str> {
    Some(match data_type {
        "boolean" => "boolean",
        "smallint" | "integer" | "bigint" => "integer",
        "numeric" | "real" | "double precision" => "number",
        "json" | "jsonb" => return None,
        array if array.ends_with("[]") => "array",
        _ => "string",
    })
}

/// Swagger format of a PostgreSQL type: its name, but for integers.
pub(super) fn swagger_format(data_type: &str) -> &str {
    match data_type {
        "smallint" | "integer" => "int32",
        "bigint" => "int64",
        other => other,
    }
}

/// Type of an array's elements, as PostgreSQL names it.
pub(super) fn element_type(array_type: &str) -> &str {
    array_type.strip_suffix("[]").unwrap_or(array_type)
}

/// Adds `format`, `type` and, for arrays, `items`.
pub(super) fn set_type(into: &mut Map<String, Value>, data_type: &str) {
    let swagger_type = swagger_type(data_type);
    into.insert("format".into(), json!(swagger_format(data_type)));
    set_some(into, "type", swagger_type);
    if swagger_type == Some("array") {
        let mut items = Map::new();
        set_some(
            &mut items,
            "type",
            self::swagger_type(element_type(data_type)),
        );
        into.insert("items".into(), Value::Object(items));
    }
}

/// A default as JSON, when the expression is a plain constant, or any expression of a type that is a
/// string in JSON: `'a'::text` is `"a"`, `now()` is `"now()"`, `nextval(…)` of an integer is nothing.
pub(super) fn default_value(data_type: &str, expression: &str) -> Option<Value> {
    if swagger_type(data_type) != Some("string") {
        return serde_json::from_str(expression).ok();
    }
    let constant = expression
        .strip_suffix(data_type)
        .and_then(|rest| rest.strip_suffix("::"))
        .map(|constant| constant.trim_matches('\''));
    // A text that JSON would have to escape gives no default.
    serde_json::from_str(&format!("\"{}\"", constant.unwrap_or(expression))).ok()
}
