//! The CRM's relations and functions below `/rest/v1`, from the catalogue of a migrated database.
//!
//! In: the schema cache, and what a signed-in user is granted ([`GRANTS_SQL`]). Out: paths, schemas and
//! filter parameters, checked in as `openapi/relations.json` and put into the document by
//! [`super::json`]. A test writes it and fails when it is stale.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::columns::{self, json_type};
use super::{examples, grammar};
use crate::mapping;
use crate::pg::ident::QualifiedIdentifier;
use crate::schema_cache::SchemaCache;
use crate::schema_cache::relationship::{Cardinality, Relationship};
use crate::schema_cache::routine::{Routine, Volatility};
use crate::schema_cache::table::Table;

/// Answers one row with one text: the JSON of [`Grants`].
pub const GRANTS_SQL: &str = include_str!("grants.sql");

/// What the role `authenticated` may do.
#[derive(Debug, Deserialize)]
pub struct Grants {
    /// Relation to verbs: `SELECT`, `INSERT`, `UPDATE`, `DELETE`.
    pub relations: BTreeMap<String, Vec<String>>,
    /// Functions it may execute.
    pub functions: Vec<String>,
}

/// Relations whose rows are typed by hand ([`crate::crm::model`]): row and input.
const TYPED: &[(&str, &str, &str)] = &[
    ("opportunities", "Opportunity", "OpportunityInput"),
    (
        "contact_organizations",
        "ContactOrganization",
        "ContactOrganizationInput",
    ),
    (
        "opportunity_participants",
        "OpportunityParticipant",
        "OpportunityParticipantInput",
    ),
    ("deals", "Deal", "DealInput"),
];

/// The fragment: `{"paths": …, "schemas": …, "parameters": …}`.
pub fn fragment(cache: &SchemaCache, grants: &Grants) -> Value {
    let mut tables: Vec<_> = cache
        .tables
        .values()
        .filter(|table| table.schema == "public" && grants.relations.contains_key(&table.name))
        .collect();
    tables.sort_unstable_by_key(|table| &table.name);
    let mut fragment = Fragment::default();
    for table in tables {
        fragment.add_relation(cache, table, &grants.relations[&table.name]);
    }
    let mut routines: Vec<_> = cache
        .routines
        .values()
        .flatten()
        .filter(|routine| grants.functions.contains(&routine.name))
        .collect();
    routines.sort_unstable();
    for routine in routines {
        fragment.add_routine(routine);
    }
    json!({
        "paths": fragment.paths,
        "schemas": fragment.schemas,
        "parameters": fragment.parameters.into_iter().collect::<Map<_, _>>(),
    })
}

#[derive(Default)]
struct Fragment {
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
    parameters: BTreeMap<String, Value>,
}

/// Whether this is a name of the old vocabulary.
pub fn is_retired(relation: &str) -> bool {
    mapping::successor(relation).is_some()
}

impl Fragment {
    fn add_relation(&mut self, cache: &SchemaCache, table: &Table, verbs: &[String]) {
        let typed = TYPED.iter().find(|(relation, ..)| *relation == table.name);
        let (row, input) = match typed {
            Some((_, row, input)) => ((*row).to_owned(), (*input).to_owned()),
            None => (table.name.clone(), format!("{}.input", table.name)),
        };
        let may = |verb: &str| verbs.iter().any(|granted| granted == verb);
        if typed.is_none() {
            let references = references(cache, table);
            let schema = columns::row(table, &references);
            self.schemas.insert(row.clone(), schema);
            if table.insertable && may("INSERT") {
                let mut schema = columns::input(table);
                super::nested::add(&mut schema, &table.name);
                self.schemas.insert(input.clone(), schema);
            }
        }
        let filters = self.filters(table);
        let names = Names {
            table,
            row: &row,
            input: &input,
        };
        let mut item = json!({"get": names.list(&filters)});
        if table.insertable && may("INSERT") {
            item["post"] = names.insert();
        }
        if table.updatable && may("UPDATE") {
            item["patch"] = names.change(&filters);
        }
        if table.deletable && may("DELETE") {
            item["delete"] = names.remove(&filters);
        }
        self.paths.insert(format!("/rest/v1/{}", table.name), item);
    }

    /// A parameter per column, shared by relations that have a column of this name.
    fn filters(&mut self, table: &Table) -> Vec<Value> {
        let mut references = Vec::new();
        for column in table.columns.values() {
            let name = format!("filter.{}", column.name);
            let kind = json_type(&column.data_type);
            let filter = grammar::filter(&column.name, kind);
            references.push(json!({"$ref": format!("#/components/parameters/{name}")}));
            self.parameters
                .entry(name)
                .and_modify(|known| {
                    if known["example"] != filter["example"] && column.name != "id" {
                        known["example"] = "not.is.null".into();
                    }
                })
                .or_insert(filter);
        }
        references
    }

    fn add_routine(&mut self, routine: &Routine) {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for param in &routine.params {
            properties.insert(param.name.clone(), columns::schema(&param.data_type, &[]));
            if param.required {
                required.push(Value::from(param.name.as_str()));
            }
        }
        let mut body =
            json!({"schema": {"type": "object", "properties": properties, "required": required}});
        if let Some(example) = examples::arguments(&routine.name) {
            body["example"] = example;
        }
        let summary = match routine.volatility {
            Volatility::Volatile => format!("Calls `{}`.", routine.name),
            _ => format!("Calls `{}`, which only reads.", routine.name),
        };
        let mut operation = json!({
            "operationId": format!("call_{}", routine.name),
            "tags": ["functions of the database"],
            "summary": summary,
            "security": security(),
            "requestBody": {"required": true, "content": {"application/json": body}},
            "responses": {
                "200": {"description": "The result", "content": {"application/json": {"schema": {}}}},
                "204": {"description": "Done; there is no result"},
                "default": {"$ref": "#/components/responses/RestFault"},
            },
        });
        if let Some(text) = &routine.description {
            operation["description"] = text.as_str().into();
        }
        self.paths.insert(
            format!("/rest/v1/rpc/{}", routine.name),
            json!({"post": operation}),
        );
    }
}

/// Column to the relation and column that it refers to.
fn references(cache: &SchemaCache, table: &Table) -> BTreeMap<String, String> {
    let source = QualifiedIdentifier {
        schema: table.schema.clone(),
        name: table.name.clone(),
    };
    let found = cache.relationships.get(&(source, table.schema.clone()));
    let mut references = BTreeMap::new();
    for relationship in found.into_iter().flatten() {
        let Relationship::ForeignKey {
            foreign_table,
            foreign_table_is_view: false,
            cardinality:
                Cardinality::ManyToOne { columns, .. }
                | Cardinality::OneToOne {
                    columns,
                    is_parent: false,
                    ..
                },
            ..
        } = relationship
        else {
            continue;
        };
        if let [(column, target)] = columns.as_slice() {
            references.insert(column.clone(), format!("{}.{target}", foreign_table.name));
        }
    }
    references
}

fn security() -> Value {
    json!([{"api_key": []}, {"bearer": []}])
}

fn parameter(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

/// Without a schema: there is a body only when the rows were asked for, which a schema cannot say.
fn written(text: &str) -> Value {
    json!({"description": format!(
        "{text}. With `Prefer: return=representation` the answer is a list of the rows, else it is empty"
    )})
}

struct Names<'a> {
    table: &'a Table,
    row: &'a str,
    input: &'a str,
}

impl Names<'_> {
    fn operation(&self, verb: &str, summary: &str, parameters: Vec<Value>) -> Value {
        let name = &self.table.name;
        let mut operation = json!({
            "operationId": format!("rest_{verb}_{name}"),
            "tags": [name],
            "summary": format!("{summary} `{name}`."),
            "security": security(),
            "parameters": parameters,
        });
        if let Some(text) = &self.table.description {
            operation["description"] = text.as_str().into();
        }
        if is_retired(name) {
            operation["deprecated"] = true.into();
        }
        operation
    }

    fn select(&self) -> Value {
        let example: Vec<_> = self
            .table
            .columns
            .keys()
            .take(2)
            .map(String::as_str)
            .collect();
        json!({
            "name": "select", "in": "query", "description": "Columns and embedded relations of the answer",
            "schema": {"type": "string"}, "example": example.join(","),
        })
    }

    /// A column that can be sorted by and that its row has.
    fn key(&self) -> &str {
        let first = self
            .table
            .columns
            .keys()
            .next()
            .map_or("id", String::as_str);
        match self.table.columns.contains_key("id") {
            true => "id",
            false => first,
        }
    }

    fn list(&self, filters: &[Value]) -> Value {
        let key = self.key();
        let tree = |name: &str, text: &str| {
            json!({
                "name": name, "in": "query", "description": text, "schema": {"type": "string"},
                "example": format!("({key}.not.is.null,{key}.is.null)"),
            })
        };
        let mut and = tree("and", "Filters that must all hold, nested at will");
        and["example"] = format!("({key}.not.is.null,not.or({key}.is.null))").into();
        let mut parameters = vec![
            self.select(),
            json!({
                "name": "order", "in": "query", "description": "Columns, each with `.asc` or `.desc`, `.nullsfirst` or `.nullslast`",
                "schema": {"type": "string"}, "example": format!("{key}.desc.nullslast"),
            }),
            parameter("limit"),
            parameter("offset"),
            tree("or", "Filters of which one must hold"),
            and,
            parameter("range"),
            parameter("prefer.read"),
        ];
        parameters.extend(filters.iter().cloned());
        let mut operation = self.operation("list", "Lists rows of", parameters);
        operation["responses"] = json!({
            "200": self.rows("All rows that fit"),
            "206": self.rows("A part of the rows that were counted"),
            "default": {"$ref": "#/components/responses/RestFault"},
        });
        operation
    }

    fn rows(&self, text: &str) -> Value {
        let row = json!({"$ref": format!("#/components/schemas/{}", self.row)});
        json!({
            "description": text,
            "headers": {"Content-Range": {
                "description": "First and last row, and their number when it was counted: `0-24/3573`",
                "schema": {"type": "string"},
            }},
            "content": {"application/json": {"schema": {"type": "array", "items": row}}},
        })
    }

    fn body(&self, example: Option<Value>, is_list: bool) -> Value {
        let one = json!({"$ref": format!("#/components/schemas/{}", self.input)});
        let schema = match is_list {
            true => json!({"anyOf": [one, {"type": "array", "items": one}]}),
            false => one,
        };
        let mut json_body = json!({"schema": schema});
        if let Some(example) = example {
            json_body["example"] = example;
        }
        let mut content = json!({"application/json": json_body});
        if is_list {
            content["text/csv"] = json!({"schema": {"type": "string"}});
        }
        json!({"required": true, "content": content})
    }

    fn insert(&self) -> Value {
        let parameters = ["columns", "on_conflict", "prefer.insert"].map(parameter);
        let mut all = vec![self.select()];
        all.extend(parameters);
        let mut operation = self.operation("insert", "Inserts one row or many into", all);
        let example = examples::row(&self.table.name).map(|(row, _)| row);
        operation["requestBody"] = self.body(example, true);
        operation["responses"] = json!({
            "200": written("Nothing was inserted by an upsert"),
            "201": written("Inserted"),
            "default": {"$ref": "#/components/responses/RestFault"},
        });
        operation
    }

    fn change(&self, filters: &[Value]) -> Value {
        let mut parameters = vec![self.select(), parameter("prefer.change")];
        parameters.extend(filters.iter().cloned());
        let mut operation = self.operation(
            "update",
            "Changes the rows that fit the filters of",
            parameters,
        );
        let example = examples::row(&self.table.name).map(|(_, change)| change);
        operation["requestBody"] = self.body(example, false);
        operation["responses"] = self.changed();
        operation
    }

    fn remove(&self, filters: &[Value]) -> Value {
        let mut parameters = vec![self.select(), parameter("prefer.change")];
        parameters.extend(filters.iter().cloned());
        let mut operation = self.operation(
            "delete",
            "Deletes the rows that fit the filters of",
            parameters,
        );
        operation["responses"] = self.changed();
        operation
    }

    fn changed(&self) -> Value {
        json!({
            "200": self.rows("The rows, if they were asked for"),
            "204": {"description": "Done"},
            "default": {"$ref": "#/components/responses/RestFault"},
        })
    }
}
