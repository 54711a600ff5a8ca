//! Definitions: the columns of relations and the arguments of routines as schemas.

use serde_json::{Map, Value, json};

use super::types::{default_value, set_type};
use super::{object, set_some, set_unless_empty};
use crate::pg::ident::QualifiedIdentifier;
use crate::schema_cache::SchemaCache;
use crate::schema_cache::relationship::{Cardinality, Relationship};
use crate::schema_cache::routine::Routine;
use crate::schema_cache::table::{Column, Table};

/// `{"<relation>": {"required", "properties", "type": "object"}}`
pub(super) fn definitions(tables: &[&Table], cache: &SchemaCache) -> Value {
    tables
        .iter()
        .map(|table| (table.name.clone(), definition(table, cache)))
        .collect::<Map<_, _>>()
        .into()
}

fn definition(table: &Table, cache: &SchemaCache) -> Value {
    let columns = table.columns.values();
    let required: Vec<&str> = columns
        .clone()
        .filter(|column| !column.nullable)
        .map(|column| column.name.as_str())
        .collect();
    let properties: Map<_, _> = columns
        .map(|column| (column.name.clone(), property(table, column, cache)))
        .collect();

    let mut definition = Map::new();
    set_some(&mut definition, "description", table.description.as_deref());
    set_unless_empty(&mut definition, "required", json!(required));
    set_unless_empty(&mut definition, "properties", properties.into());
    definition.insert("type".into(), json!("object"));
    definition.into()
}

fn property(table: &Table, column: &Column, cache: &SchemaCache) -> Value {
    let mut property = Map::new();
    let default = column
        .default
        .as_deref()
        .and_then(|expression| default_value(&column.data_type, expression));
    set_some(&mut property, "default", default);
    set_some(
        &mut property,
        "description",
        description(table, column, cache),
    );
    set_unless_empty(&mut property, "enum", json!(column.enum_values));
    set_type(&mut property, &column.data_type);
    set_some(&mut property, "maxLength", column.max_length);
    property.into()
}

/// The column's comment with the marks of its keys. Clients parse the marks.
fn description(table: &Table, column: &Column, cache: &SchemaCache) -> Option<String> {
    let mut notes = Vec::new();
    if table.primary_key.contains(&column.name) {
        notes.push("This is a Primary Key.<pk/>".to_owned());
    }
    if let Some((relation, target)) = referenced_column(table, column, cache) {
        notes.push(format!(
            "This is a Foreign Key to `{relation}.{target}`.<fk table='{relation}' column='{target}'/>"
        ));
    }
    if notes.is_empty() {
        return column.description.clone();
    }
    let comment = column.description.iter().map(|text| format!("{text}\n\n"));
    Some(comment.collect::<String>() + "Note:\n" + &notes.join("\n"))
}

/// Relation and column of the same schema that the column alone references; tables before views.
fn referenced_column<'a>(
    table: &Table,
    column: &Column,
    cache: &'a SchemaCache,
) -> Option<(&'a str, &'a str)> {
    let name = QualifiedIdentifier::new(&table.schema, &table.name);
    let relationships = cache.relationships.get(&(name, table.schema.clone()))?;
    relationships
        .iter()
        .filter_map(|relationship| match relationship {
            Relationship::ForeignKey {
                foreign_table,
                cardinality:
                    Cardinality::ManyToOne { columns, .. }
                    | Cardinality::OneToOne {
                        columns,
                        is_parent: false,
                        ..
                    },
                foreign_table_is_view,
                ..
            } => match columns.as_slice() {
                [(source, target)] if *source == column.name => Some((
                    foreign_table_is_view,
                    (foreign_table.name.as_str(), target.as_str()),
                )),
                _ => None,
            },
            _ => None,
        })
        .min_by_key(|(is_view, _)| **is_view)
        .map(|(_, referenced)| referenced)
}

/// A routine's arguments as the body of POST.
pub(super) fn arguments(routine: &Routine) -> Value {
    let required: Vec<&str> = routine
        .params
        .iter()
        .filter(|param| param.required)
        .map(|param| param.name.as_str())
        .collect();
    let properties: Map<_, _> = routine
        .params
        .iter()
        .map(|param| {
            let mut property = Map::new();
            set_type(&mut property, &param.data_type);
            (param.name.clone(), property.into())
        })
        .collect();

    let mut arguments = object([("type", json!("object"))]);
    set_some(
        &mut arguments,
        "description",
        routine.description.as_deref(),
    );
    set_unless_empty(&mut arguments, "required", json!(required));
    set_unless_empty(&mut arguments, "properties", properties.into());
    arguments.into()
}
