//! Many-to-many relationships: two relations that a third one, the junction, references.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html#many-to-many-relationships>.

use std::collections::HashMap;

use super::Parts;
use crate::pg::ident::QualifiedIdentifier;
use crate::schema_cache::relationship::{Cardinality, ColumnPairs, Junction, Relationship};

/// A many-to-one relationship, taken apart.
struct Reference<'a> {
    junction: &'a QualifiedIdentifier,
    constraint: &'a str,
    columns: &'a ColumnPairs,
    target: &'a QualifiedIdentifier,
    target_is_view: bool,
}

/// Many-to-many relationships, both directions: a relation is a junction of two others when it references
/// both by different foreign keys whose columns are all part of its primary key.
pub(super) fn many_to_many(direct: &[Relationship], parts: Parts<'_>) -> Vec<Relationship> {
    let internal: HashMap<&QualifiedIdentifier, &Vec<String>> = parts
        .primary_keys
        .iter()
        .map(|key| (&key.relation, &key.columns))
        .collect();
    let mut by_junction: HashMap<&QualifiedIdentifier, Vec<Reference<'_>>> = HashMap::new();
    for relationship in direct {
        let Relationship::ForeignKey {
            table,
            foreign_table,
            cardinality:
                Cardinality::ManyToOne {
                    constraint,
                    columns,
                },
            foreign_table_is_view,
            ..
        } = relationship
        else {
            continue;
        };
        let exposed = parts
            .tables
            .get(table)
            .map(|junction| &junction.primary_key);
        let Some(primary_key) = exposed.or_else(|| internal.get(table).copied()) else {
            continue;
        };
        if columns
            .iter()
            .all(|(column, _)| primary_key.contains(column))
        {
            by_junction.entry(table).or_default().push(Reference {
                junction: table,
                constraint,
                columns,
                target: foreign_table,
                target_is_view: *foreign_table_is_view,
            });
        }
    }
    by_junction
        .values()
        .flat_map(|references| {
            references.iter().flat_map(|source| {
                references
                    .iter()
                    .filter(|target| target.constraint != source.constraint)
                    .map(|target| through_junction(source, target))
            })
        })
        .collect()
}

fn through_junction(source: &Reference<'_>, target: &Reference<'_>) -> Relationship {
    let from_end = |columns: &ColumnPairs| -> ColumnPairs {
        columns
            .iter()
            .map(|(junction, end)| (end.clone(), junction.clone()))
            .collect()
    };
    Relationship::ForeignKey {
        table: source.target.clone(),
        foreign_table: target.target.clone(),
        is_self: source.target == target.target,
        cardinality: Cardinality::ManyToMany(Junction {
            table: source.junction.clone(),
            constraint_source: source.constraint.to_owned(),
            constraint_target: target.constraint.to_owned(),
            columns_source: from_end(source.columns),
            columns_target: from_end(target.columns),
        }),
        table_is_view: source.target_is_view,
        foreign_table_is_view: target.target_is_view,
    }
}
