//! PostgreSQL's types as TypeScript's, by how PostgREST writes their values in JSON.

use super::catalog::{Catalog, Type};

/// Names that need no quotes as a key.
fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_' || first == '$')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
}

/// A key of an object type.
pub fn key(name: &str) -> String {
    match is_identifier(name) {
        true => name.to_owned(),
        false => quoted(name),
    }
}

/// A literal text.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The type of a value that is not null.
pub fn type_of(catalog: &Catalog, id: u32) -> String {
    let Some(found) = catalog.types.get(&id) else {
        return "unknown".into();
    };
    if found.base != 0 {
        return type_of(catalog, found.base);
    }
    if found.element != 0 {
        return format!("{}[]", type_of(catalog, found.element));
    }
    if let Some(simple) = simple(found) {
        return simple.into();
    }
    if !catalog.schemas.contains(&found.schema) {
        return match (found.is_enum, found.relation_kind) {
            (true, _) => "string".into(),
            _ => "unknown".into(),
        };
    }
    let part = match (found.is_enum, found.relation_kind) {
        (true, _) => "Enums",
        (_, Some('r' | 'p')) => "Tables",
        (_, Some('v' | 'm' | 'f')) => "Views",
        (_, Some('c')) => "CompositeTypes",
        _ => return "unknown".into(),
    };
    let row = if matches!(part, "Tables" | "Views") {
        "[\"Row\"]"
    } else {
        ""
    };
    format!(
        "Database[{}][\"{part}\"][{}]{row}",
        quoted(&found.schema),
        quoted(&found.name)
    )
}

/// Types that every database has.
fn simple(found: &Type) -> Option<&'static str> {
    Some(match found.name.as_str() {
        "bool" => "boolean",
        "int2" | "int4" | "int8" | "float4" | "float8" | "numeric" => "number",
        "bytea" | "bpchar" | "varchar" | "date" | "text" | "citext" | "time" | "timetz"
        | "timestamp" | "timestamptz" | "uuid" | "vector" => "string",
        "json" | "jsonb" => "Json",
        "void" => "undefined",
        "record" => "Record<string, unknown>",
        _ => return None,
    })
}
