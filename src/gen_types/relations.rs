//! Tables, views and composite types: what a row is, what may be inserted, what may be changed, where its
//! foreign keys lead.

use super::catalog::{Catalog, Column, Relation, ToOne};
use super::layout::{Node, object, optional, property};
use super::types::{quoted, type_of};

pub fn tables(catalog: &Catalog, to_one: &[ToOne], schema: &str) -> Vec<Node> {
    catalog
        .relations_of(schema)
        .filter(|relation| relation.is_table())
        .map(|table| {
            let parts = vec![
                property("Row", object(row(catalog, table))),
                property("Insert", members(table, |c| insert(catalog, c))),
                property("Update", members(table, |c| update(catalog, c))),
                property("Relationships", relationships(to_one, table)),
            ];
            property(&table.name, object(parts))
        })
        .collect()
}

pub fn views(catalog: &Catalog, to_one: &[ToOne], schema: &str) -> Vec<Node> {
    catalog
        .relations_of(schema)
        .filter(|relation| relation.is_view())
        .map(|view| {
            let mut parts = vec![property("Row", object(row(catalog, view)))];
            if view.is_updatable {
                for part in ["Insert", "Update"] {
                    parts.push(property(part, members(view, |c| through(catalog, c))));
                }
            }
            parts.push(property("Relationships", relationships(to_one, view)));
            property(&view.name, object(parts))
        })
        .collect()
}

pub fn composites(catalog: &Catalog, schema: &str) -> Vec<Node> {
    catalog
        .relations_of(schema)
        .filter(|relation| relation.kind == 'c')
        .map(|composite| property(&composite.name, object(row(catalog, composite))))
        .collect()
}

fn members(relation: &Relation, member: impl Fn(&Column) -> Node) -> Node {
    object(relation.columns.iter().map(member).collect())
}

/// The columns of a row, and the functions of its type that can be selected like columns.
pub fn row(catalog: &Catalog, relation: &Relation) -> Vec<Node> {
    let mut found: Vec<(&str, Node)> = relation
        .columns
        .iter()
        .map(|column| {
            (
                column.name.as_str(),
                property(&column.name, value(catalog, column)),
            )
        })
        .collect();
    for function in &catalog.functions {
        let takes_row = match function.arguments.as_slice() {
            [only] => only.is_input() && only.r#type == relation.row_type,
            _ => false,
        };
        if takes_row && !function.is_set && relation.row_type != 0 {
            let text = format!("{} | null", type_of(catalog, function.returns));
            found.push((&function.name, property(&function.name, Node::Text(text))));
        }
    }
    found.sort_by_key(|(name, _)| *name);
    found.into_iter().map(|(_, node)| node).collect()
}

fn value(catalog: &Catalog, column: &Column) -> Node {
    let mut text = type_of(catalog, column.r#type);
    if column.is_nullable {
        text.push_str(" | null");
    }
    Node::Union(
        text.split(" | ")
            .map(|part| Node::Text(part.into()))
            .collect(),
    )
}

fn is_written_by_the_database(column: &Column) -> bool {
    column.identity == "a" || column.is_generated
}

fn insert(catalog: &Catalog, column: &Column) -> Node {
    if is_written_by_the_database(column) {
        return optional(&column.name, Node::Text("never".into()));
    }
    let may_be_left_out = column.is_nullable || column.has_default || column.identity == "d";
    match may_be_left_out {
        true => optional(&column.name, value(catalog, column)),
        false => property(&column.name, value(catalog, column)),
    }
}

fn update(catalog: &Catalog, column: &Column) -> Node {
    match is_written_by_the_database(column) {
        true => optional(&column.name, Node::Text("never".into())),
        false => optional(&column.name, value(catalog, column)),
    }
}

/// A column of a view that may be written through.
fn through(catalog: &Catalog, column: &Column) -> Node {
    match column.is_updatable {
        true => optional(&column.name, value(catalog, column)),
        false => optional(&column.name, Node::Text("never".into())),
    }
}

fn relationships(to_one: &[ToOne], relation: &Relation) -> Node {
    let list = |names: &[String]| {
        let names: Vec<_> = names.iter().map(|name| quoted(name)).collect();
        Node::Text(format!("[{}]", names.join(", ")))
    };
    Node::Tuple(
        to_one
            .iter()
            .filter(|to| to.source == (relation.schema.clone(), relation.name.clone()))
            .filter(|to| to.target.0 == relation.schema)
            .map(|to| {
                object(vec![
                    property("foreignKeyName", Node::Text(quoted(&to.constraint))),
                    property("columns", list(&to.columns)),
                    property("isOneToOne", Node::Text(to.is_one_to_one.to_string())),
                    property("referencedRelation", Node::Text(quoted(&to.target.1))),
                    property("referencedColumns", list(&to.target_columns)),
                ])
            })
            .collect(),
    )
}
