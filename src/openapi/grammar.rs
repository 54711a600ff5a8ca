//! The query grammar in the document: parameters, headers and answers that every relation shares.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html>.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::rest::api_request::operators::{FTS, QUANTIFIABLE, SIMPLE};

/// Names of the filter operators, by the tables that the parser reads.
fn operators() -> Vec<&'static str> {
    let mut names: Vec<_> = QUANTIFIABLE.iter().map(|row| row.name).collect();
    names.extend(SIMPLE.iter().map(|row| row.name));
    names.extend(FTS.iter().map(|row| row.name));
    names.extend(["in", "is", "isdistinct"]);
    names
}

/// How filters are written, for the head of the document.
pub fn description() -> String {
    let mut text = String::from(
        "The CRM's API: the tables and views of the CRM with PostgREST's query grammar, sign-in, files \
         and functions, as supabase-js uses them.\n\n\
         **Filters** are parameters named after columns: `column=operator.value`, negated by `not.` \
         before the operator, on columns of embedded relations as `relation.column=…`, on parts of JSON \
         columns as `column->>key=…`. Operators: ",
    );
    for (place, name) in operators().iter().enumerate() {
        let _ = write!(text, "{}`{name}`", if place == 0 { "" } else { ", " });
    }
    text.push_str(
        ". `and=(…)` and `or=(…)` combine them.\n\n\
         **Columns and embedding**: `select=id,name,company:companies(name)`. Where two foreign keys \
         lead to one relation, the key is named: `companies!opportunities_company_id_fkey(name)`.\n\n\
         **Order and pages**: `order=amount.desc.nullslast,id`, `limit` and `offset`, or the header \
         `Range: 0-24`. `Prefer: count=exact` adds the total to `Content-Range`.\n\n\
         **Formats**: JSON unless `Accept` asks for `text/csv`, or for one object instead of a list with \
         `application/vnd.pgrst.object+json`. Bodies may be `text/csv` too.\n\n\
         **Who is asking**: the header `apikey` names the application, `Authorization: Bearer …` the \
         user; row-level security decides what each sees.\n\n\
         Operations marked deprecated speak the old vocabulary and end after the migration's grace \
         period; see `/docs/migration-guide`.",
    );
    text
}

/// What a filter's value must begin with.
fn filter_pattern() -> String {
    format!(r"^(not\.)?({})(\([a-z_]+\))?\.", operators().join("|"))
}

/// The filter on a column of this name. `kind` is the JSON type of its values.
pub fn filter(column: &str, kind: &str) -> Value {
    let example = match kind {
        "integer" => "eq.1",
        "boolean" => "not.is.null",
        _ => "not.is.null",
    };
    json!({
        "name": column, "in": "query",
        "description": format!("Filter on `{column}`: `operator.value`"),
        "schema": {"type": "string", "pattern": filter_pattern()},
        "example": example,
    })
}

/// The parameters that are the same for every relation.
pub fn parameters() -> Map<String, Value> {
    let text = || json!({"type": "string"});
    let number = || json!({"type": "integer", "minimum": 0});
    let shared = json!({
        "limit": {"name": "limit", "in": "query", "description": "Most rows to return", "schema": number(), "example": 25},
        "offset": {"name": "offset", "in": "query", "description": "Rows to skip", "schema": number(), "example": 0},
        "range": {
            "name": "Range", "in": "header", "description": "First and last row, from 0, instead of `limit` and `offset`",
            "schema": {"type": "string", "pattern": "^[0-9]+-[0-9]*$"}, "example": "0-24",
        },
        "prefer.read": {
            "name": "Prefer", "in": "header",
            "description": "RFC 7240: `count=exact` (also `planned`, `estimated`) counts; `timezone=…`; \
                `handling=strict` refuses unknown preferences",
            "schema": text(), "example": "count=exact",
        },
        "prefer.insert": {
            "name": "Prefer", "in": "header",
            "description": "`return=representation` answers with the rows, `return=headers-only` with their \
                place; `resolution=merge-duplicates` makes it an upsert; `missing=default` fills in defaults",
            "schema": text(), "example": "return=representation",
        },
        "prefer.change": {
            "name": "Prefer", "in": "header",
            "description": "`return=representation` answers with the rows; `max-affected=n` with \
                `handling=strict` refuses to touch more",
            "schema": text(), "example": "return=representation",
        },
        "columns": {"name": "columns", "in": "query", "description": "Columns to take from the body; others are ignored", "schema": text()},
        "on_conflict": {"name": "on_conflict", "in": "query", "description": "Unique columns that decide what a duplicate is", "schema": text()},
    });
    super::operation::into_map(shared)
}

/// Answers to what went wrong, one per service.
pub fn responses() -> Value {
    let fault = |text: &str, schema: &str| {
        json!({
            "description": text,
            "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}},
        })
    };
    json!({
        "RestFault": fault("The request was refused or failed", "RestError"),
        "AuthFault": fault("The request was refused or failed", "AuthError"),
        "StorageFault": fault("The request was refused or failed", "StorageError"),
        "FunctionFault": fault("The request was refused or failed", "FunctionError"),
    })
}

/// Errors of the services that have no type of their own.
pub fn error_schemas() -> Value {
    let text = || json!({"type": "string"});
    json!({
        "AuthError": {
            "description": "`code` is the HTTP status, or with `X-Supabase-Api-Version: 2024-01-01` the error's name",
            "type": "object",
            "properties": {
                "code": {"type": ["integer", "string"]},
                "error_code": text(), "msg": text(), "message": text(), "hint": {"type": ["string", "null"]},
                "error": text(), "error_description": text(), "error_id": text(),
                "weak_password": {"type": "object"},
            },
        },
        "FunctionError": {
            "type": "object",
            "properties": {"status": {"type": "integer"}, "message": text(), "code": text()},
            "required": ["message"],
        },
    })
}
