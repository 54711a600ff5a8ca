//! The columns that a write or a call must hand on to the read plan over its rows.
//!
//! In: the read plan and, for a write, the primary key. Out: column names, sorted; `*` alone when
//! every column is needed; nothing when none is.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html#embedding-with-writes>.

use std::collections::BTreeSet;

use crate::schema_cache::relationship::{Cardinality, ColumnPairs, Relationship};

use super::types::{CoercibleFilter, CoercibleLogicTree, CoercibleOrderTerm, ReadPlan};

/// What the root level selects, orders by and joins on, plus the key, of which the `Location`
/// header is made.
pub fn columns(plan: &ReadPlan, primary_key: &[String]) -> Vec<String> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    names.extend(plan.select.iter().map(|item| &*item.field.name));
    for child in &plan.children {
        match child.relation_to_parent.as_ref().map(join_columns) {
            Some(Some(columns)) => names.extend(columns.iter().map(|(own, _)| &**own)),
            // A computed relationship takes the whole row.
            Some(None) => names.extend(["*"]),
            None => {}
        }
    }
    if names.contains("*") {
        return vec!["*".to_owned()];
    }
    names.extend(plan.order.iter().filter_map(|term| match term {
        CoercibleOrderTerm::Field { field, .. } => Some(&*field.name),
        CoercibleOrderTerm::Relation { .. } => None,
    }));
    names.extend(primary_key.iter().map(String::as_str));
    names.into_iter().map(str::to_owned).collect()
}

/// The columns that filters of the root level name.
pub fn filter_columns(plan: &ReadPlan) -> Vec<String> {
    fn collect<'p>(tree: &'p CoercibleLogicTree, names: &mut BTreeSet<&'p str>) {
        match tree {
            CoercibleLogicTree::Expression { branches, .. } => {
                branches.iter().for_each(|branch| collect(branch, names));
            }
            CoercibleLogicTree::Statement(CoercibleFilter::Condition { field, .. }) => {
                names.insert(&field.name);
            }
            CoercibleLogicTree::Statement(CoercibleFilter::NullEmbed { .. }) => {}
        }
    }
    let mut names = BTreeSet::new();
    plan.where_
        .iter()
        .for_each(|tree| collect(tree, &mut names));
    names.into_iter().map(str::to_owned).collect()
}

/// (column of the source, …) of the join; `None` for a computed relationship.
fn join_columns(relationship: &Relationship) -> Option<&ColumnPairs> {
    match relationship {
        Relationship::ForeignKey { cardinality, .. } => Some(match cardinality {
            Cardinality::OneToMany { columns, .. }
            | Cardinality::ManyToOne { columns, .. }
            | Cardinality::OneToOne { columns, .. } => columns,
            Cardinality::ManyToMany(junction) => &junction.columns_source,
        }),
        Relationship::Computed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Given, embed, field};
    use super::*;
    use crate::rest::api_request::Mutation;
    use crate::rest::api_request::select::SelectItem;

    fn returning(relation: &str, select: Vec<SelectItem>) -> Vec<String> {
        let given = Given::read(relation).select(select).order(&[], &["name"]);
        let plan = given.mutate(Mutation::Update).read_plan().unwrap();
        columns(&plan, &["id".into()])
    }

    #[test]
    fn joins_keys_and_orders_are_returned_too() {
        let clients = || embed("clients", vec![field("name")]);
        for (relation, select, expected) in [
            ("projects", vec![field("*"), clients()], vec!["*"]),
            (
                "projects",
                vec![field("name"), clients()],
                vec!["client_id", "id", "name"],
            ),
            (
                "clients",
                vec![embed("projects", vec![])],
                vec!["id", "name"],
            ),
            ("users", vec![embed("tasks", vec![])], vec!["id", "name"]),
            ("users", vec![embed("computed_tasks", vec![])], vec!["*"]),
        ] {
            assert_eq!(returning(relation, select), expected, "{relation}");
        }
    }

    #[test]
    fn only_root_filters_name_columns() {
        let given = Given::read("projects")
            .select(vec![field("id"), embed("clients", vec![field("id")])])
            .filter(&[], "name", "eq.x")
            .filter(&["clients"], "city", "eq.x")
            .filter(&[], "clients", "not.is.null")
            .any_of(&[], &["b", "a"]);
        let plan = given.read_plan().unwrap();
        assert_eq!(filter_columns(&plan), ["a", "b", "name"]);
    }
}
