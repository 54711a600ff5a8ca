//! Functions: arguments by name, results, and which relation a result's rows belong to.

use super::catalog::{Argument, Catalog, Function, Relation};
use super::layout::{Node, object, optional, property};
use super::relations::row;
use super::types::{quoted, type_of};

/// One entry a name; overloads are a union.
pub fn functions(catalog: &Catalog, schema: &str) -> Vec<Node> {
    let mut named: Vec<(&str, Vec<Node>)> = Vec::new();
    for function in &catalog.functions {
        if function.schema != schema || !is_callable(function) {
            continue;
        }
        let node = signature(catalog, function);
        match named.last_mut() {
            Some((name, overloads)) if *name == function.name => overloads.push(node),
            _ => named.push((&function.name, vec![node])),
        }
    }
    named
        .into_iter()
        .map(|(name, mut overloads)| match overloads.len() {
            1 => property(name, overloads.remove(0)),
            _ => property(name, Node::Union(overloads)),
        })
        .collect()
}

/// PostgREST calls with names, or with one unnamed argument for the whole body.
fn is_callable(function: &Function) -> bool {
    let inputs: Vec<_> = function.arguments.iter().filter(|a| a.is_input()).collect();
    inputs.len() == 1 || inputs.iter().all(|argument| !argument.name.is_empty())
}

fn signature(catalog: &Catalog, function: &Function) -> Node {
    let mut inputs: Vec<_> = function.arguments.iter().filter(|a| a.is_input()).collect();
    inputs.sort_by_key(|argument| argument.name.as_str());
    let arguments = match inputs.is_empty() {
        true => Node::Text("never".into()),
        false => Node::Object(inputs.iter().map(|a| argument(catalog, a)).collect()),
    };
    let relation = returned_relation(catalog, function);
    let mut parts = vec![
        property("Args", arguments),
        property("Returns", returns(catalog, function, relation)),
    ];
    if let Some(relation) = relation {
        parts.push(property("SetofOptions", setof(catalog, function, relation)));
        return object(parts);
    }
    Node::Object(parts)
}

fn argument(catalog: &Catalog, argument: &Argument) -> Node {
    let value = Node::Text(type_of(catalog, argument.r#type));
    match argument.has_default {
        true => optional(&argument.name, value),
        false => property(&argument.name, value),
    }
}

/// The relation or composite type whose rows are returned.
fn returned_relation<'a>(catalog: &'a Catalog, function: &Function) -> Option<&'a Relation> {
    catalog
        .relations
        .iter()
        .find(|relation| relation.row_type == function.returns && relation.row_type != 0)
}

fn returns(catalog: &Catalog, function: &Function, relation: Option<&Relation>) -> Node {
    let outputs: Vec<_> = function
        .arguments
        .iter()
        .filter(|a| a.is_output())
        .collect();
    let one = if let Some(relation) = relation {
        object(row(catalog, relation))
    } else if outputs.iter().any(|argument| argument.mode == 't') || outputs.len() > 1 {
        let mut outputs = outputs;
        outputs.sort_by_key(|argument| argument.name.as_str());
        object(
            outputs
                .iter()
                .map(|a| property(&a.name, Node::Text(type_of(catalog, a.r#type))))
                .collect(),
        )
    } else {
        Node::Text(type_of(catalog, function.returns))
    };
    match function.is_set {
        true => Node::List(Box::new(one)),
        false => one,
    }
}

fn setof(catalog: &Catalog, function: &Function, relation: &Relation) -> Node {
    let from = function
        .arguments
        .iter()
        .find_map(|argument| {
            catalog
                .relations
                .iter()
                .find(|source| argument.is_input() && source.row_type == argument.r#type)
        })
        .map_or("*", |source| source.name.as_str());
    object(vec![
        property("from", Node::Text(quoted(from))),
        property("to", Node::Text(quoted(&relation.name))),
        property("isOneToOne", Node::Text((!function.is_set).to_string())),
        property("isSetofReturn", Node::Text(function.is_set.to_string())),
    ])
}
