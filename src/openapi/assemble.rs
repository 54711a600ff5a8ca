//! The document's parts become one: annotated endpoints, relations, services.

use serde_json::{Map, Value, json};

use super::operation::into_map;
use super::{auth, examples, functions, grammar, relations, retired, storage};
use crate::crm;

/// Rows that the typed deletions of the examples take, so that the other examples find theirs.
const DELETED: &[(&str, i64)] = &[
    ("opportunities", 40),
    ("deals", 39),
    ("contact_organizations", 40),
    ("opportunity_participants", 50),
];

/// In: the annotated document, and the fragment of [`relations`]. Out: the whole.
pub fn assemble(mut document: Value, fragment: &str) -> Value {
    // An empty fragment is what the test that writes it starts from.
    let fragment: Value = serde_json::from_str(fragment).unwrap_or_else(|_| json!({}));
    let part = |name: &str| into_map(fragment[name].clone());
    let mut rest = part("paths");
    let mut paths = into_map(document["paths"].take());
    for (path, item) in &mut paths {
        complete(path, item, &rest);
    }
    let items: Vec<_> = paths
        .iter()
        .filter(|(path, _)| {
            let relation = path.strip_suffix("/{id}").unwrap_or_default();
            crm::RELATIONS.contains(&relation.trim_start_matches('/'))
        })
        .map(|(path, item)| (format!("/rest/v1{path}"), below_rest(item)))
        .collect();
    rest.extend(items);
    paths.append(&mut rest);
    auth::add(&mut paths);
    storage::add(&mut paths);
    functions::add(&mut paths);
    functions::add_admin(&mut paths);
    document["paths"] = paths.into();
    document["info"]["description"] = grammar::description().into();
    document["servers"] = json!([
        {"url": "/", "description": "The server that serves this document"},
        {"url": "http://127.0.0.1:54321", "description": "`oppbase dev` on this machine"},
    ]);
    complete_components(
        &mut document["components"],
        &part("schemas"),
        part("parameters"),
    );
    retired::complete(&mut document);
    document
}

fn complete_components(
    components: &mut Value,
    rows: &Map<String, Value>,
    filters: Map<String, Value>,
) {
    let mut parameters = grammar::parameters();
    parameters.extend(filters);
    components["parameters"] = parameters.into();
    components["responses"] = grammar::responses();
    if let Some(schemas) = components["schemas"].as_object_mut() {
        for row in [
            "Opportunity",
            "Deal",
            "ContactOrganization",
            "OpportunityParticipant",
        ] {
            loosen(&mut schemas[row]);
        }
        for input in [
            "OpportunityInput",
            "DealInput",
            "ContactOrganizationInput",
            "OpportunityParticipantInput",
        ] {
            without_defaults(&mut schemas[input]);
        }
        super::nested::add(&mut schemas["OpportunityInput"], "opportunities");
        schemas.extend(rows.clone());
        schemas.extend(into_map(storage::schemas()));
        schemas.extend(into_map(grammar::error_schemas()));
    }
}

/// What is left out of an input is not null, as the annotation has it, but what the database makes of it.
fn without_defaults(input: &mut Value) {
    let properties = input["properties"].as_object_mut();
    for property in properties.into_iter().flat_map(Map::values_mut) {
        if let Some(property) = property.as_object_mut() {
            property.remove("default");
        }
    }
}

/// `select` leaves columns out and embeds relations, so none must be there and more may be.
fn loosen(row: &mut Value) {
    if let Some(row) = row.as_object_mut() {
        row.remove("required");
        row.remove("additionalProperties");
    }
}

/// What the annotations cannot say: the grammar's parameters, the answer to faults, what is retired.
fn complete(path: &str, item: &mut Value, rest: &Map<String, Value>) {
    let relation = path
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    let is_collection = !path.ends_with("/{id}");
    let Some(operations) = item.as_object_mut() else {
        return;
    };
    for (verb, operation) in operations {
        operation["responses"]["default"] = json!({"$ref": "#/components/responses/RestFault"});
        if relations::is_retired(relation) {
            operation["deprecated"] = true.into();
        }
        let same = &rest
            .get(&format!("/rest/v1{path}"))
            .map_or(&Value::Null, |item| &item[verb.as_str()]);
        if is_collection && same.is_object() {
            operation["parameters"] = same["parameters"].clone();
            for status in ["200", "206"].into_iter().filter(|_| verb == "get") {
                operation["responses"][status] = same["responses"][status].clone();
            }
            if verb == "post" {
                operation["requestBody"] = same["requestBody"].clone();
                let row =
                    operation["responses"]["201"]["content"]["application/json"]["schema"].take();
                operation["responses"]["201"]["content"]["application/json"]["schema"] =
                    json!({"anyOf": [row, {"type": "array", "items": row}]});
            }
        }
        if verb == "patch"
            && let Some((_, change)) = examples::row(relation)
        {
            operation["requestBody"]["content"]["application/json"]["example"] = change;
        }
        let deleted = DELETED.iter().find(|(name, _)| *name == relation);
        if let ("delete", Some((_, id))) = (verb.as_str(), deleted) {
            operation["parameters"][0]["example"] = (*id).into();
        }
    }
}

/// The same operations where supabase-js looks.
fn below_rest(item: &Value) -> Value {
    let mut item = item.clone();
    if let Some(operations) = item.as_object_mut() {
        for operation in operations.values_mut() {
            let id = operation["operationId"].as_str().unwrap_or_default();
            operation["operationId"] = format!("rest_{id}_by_id").into();
        }
    }
    item
}
