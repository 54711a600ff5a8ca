//! Paths: the root, relations, routines.

use serde_json::{Map, Value, json};

use super::parameters::{body_name, row_filter_name};
use super::types::{element_type, swagger_format, swagger_type};
use super::{
    OBJECT_TYPES, definitions, object, reference, set_some, set_unless_empty,
    summary_and_description,
};
use crate::schema_cache::routine::{Routine, RoutineParam, Volatility};
use crate::schema_cache::table::Table;

/// `{"/": …, "/<relation>": …, "/rpc/<routine>": …}`
pub(super) fn paths(tables: &[&Table], routines: &[&Routine]) -> Value {
    let tables = tables
        .iter()
        .map(|table| (format!("/{}", table.name), relation(table)));
    let routines = routines
        .iter()
        .map(|r| (format!("/rpc/{}", r.name), routine(r)));
    std::iter::once(("/".to_owned(), root()))
        .chain(tables)
        .chain(routines)
        .collect::<Map<_, _>>()
        .into()
}

fn root() -> Value {
    json!({
        "get": {
            "tags": ["Introspection"],
            "summary": "OpenAPI description (this document)",
            "produces": ["application/openapi+json", "application/json"],
            "responses": {"200": {"description": "OK"}},
        },
    })
}

fn relation(table: &Table) -> Value {
    let filters: Vec<String> = table
        .columns
        .keys()
        .map(|column| row_filter_name(table, column))
        .collect();
    let filters: Vec<&str> = filters.iter().map(String::as_str).collect();
    let body = body_name(table);
    let operation = |parameters: &[&[&str]], responses: Value| -> Value {
        let parameters: Vec<Value> = parameters
            .concat()
            .into_iter()
            .map(|name| reference("parameters", name))
            .collect();
        let mut operation = described(&table.name, table.description.as_deref());
        operation.insert("parameters".into(), parameters.into());
        operation.insert("responses".into(), responses);
        operation.into()
    };
    let paging = [
        "select",
        "order",
        "range",
        "rangeUnit",
        "offset",
        "limit",
        "preferCount",
    ];
    let no_content = json!({"204": {"description": "No Content"}});

    let mut item = object([("get", operation(&[&filters, &paging], found(table)))]);
    if table.insertable || table.updatable || table.deletable {
        item.extend(object([
            (
                "post",
                operation(
                    &[&[body.as_str(), "select", "preferPost"]],
                    json!({"201": {"description": "Created"}}),
                ),
            ),
            (
                "delete",
                operation(&[&filters, &["preferReturn"]], no_content.clone()),
            ),
            (
                "patch",
                operation(&[&filters, &[&body, "preferReturn"]], no_content),
            ),
        ]));
    }
    item.into()
}

/// Responses of a read.
fn found(table: &Table) -> Value {
    let rows = json!({"type": "array", "items": reference("definitions", &table.name)});
    json!({
        "200": {"description": "OK", "schema": rows},
        "206": {"description": "Partial Content"},
    })
}

fn routine(routine: &Routine) -> Value {
    let operation = |parameters: Vec<Value>| -> Value {
        let tag = format!("(rpc) {}", routine.name);
        let mut operation = described(&tag, routine.description.as_deref());
        operation.insert("produces".into(), json!(OBJECT_TYPES));
        set_unless_empty(&mut operation, "parameters", parameters.into());
        operation.insert("responses".into(), json!({"200": {"description": "OK"}}));
        operation.into()
    };
    let body = json!({
        "name": "args",
        "required": true,
        "in": "body",
        "schema": definitions::arguments(routine),
    });
    let mut item = Map::new();
    if routine.volatility != Volatility::Volatile {
        let parameters = routine.params.iter().map(query_parameter).collect();
        item.insert("get".into(), operation(parameters));
    }
    let parameters = vec![body, reference("parameters", "preferParams")];
    item.insert("post".into(), operation(parameters));
    item.into()
}

/// An argument in the query string: arrays are written `{…}`, so they are strings; a variadic one is
/// repeated.
fn query_parameter(param: &RoutineParam) -> Value {
    let swagger = swagger_type(&param.data_type);
    let mut parameter = object([
        ("name", json!(param.name)),
        ("required", json!(param.required)),
        ("in", json!("query")),
    ]);
    if param.variadic {
        let element = element_type(&param.data_type);
        let mut items = Map::new();
        items.insert("format".into(), json!(swagger_format(element)));
        set_some(&mut items, "type", swagger_type(element));
        parameter.insert("type".into(), json!(swagger.unwrap_or("string")));
        parameter.insert("collectionFormat".into(), json!("multi"));
        parameter.insert("items".into(), items.into());
    } else {
        let swagger = swagger.filter(|t| *t != "array").unwrap_or("string");
        parameter.insert("format".into(), json!(swagger_format(&param.data_type)));
        parameter.insert("type".into(), json!(swagger));
    }
    parameter.into()
}

/// Tag, summary and description of an operation.
fn described(tag: &str, comment: Option<&str>) -> Map<String, Value> {
    let (summary, description) = summary_and_description(comment);
    let mut operation = object([("tags", json!([tag]))]);
    set_some(&mut operation, "summary", summary);
    set_some(&mut operation, "description", description);
    operation
}
