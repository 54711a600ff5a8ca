//! Relationships between relations, from what the catalogue queries loaded. Pure.
//!
//! Comes in: foreign keys of all schemas, the columns that views show, computed relationships. Goes out:
//! the relationships of the exposed schemas, by source and target schema. The passes, in order: foreign
//! keys; the same for views; many-to-many through junctions; the inverse of each; computed relationships,
//! which replace detected ones; and what an internal schema would reveal is dropped.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html>.

mod inverse;
mod junction;
mod views;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::relationship::{Cardinality, ColumnPairs, Relationship};
use super::table::Table;
use super::view_keys::ViewColumns;
use crate::pg::ident::QualifiedIdentifier;
pub use inverse::inverse;
use junction::many_to_many;
use views::view_relationships;

/// Relationships by source and schema of the target.
pub type Relationships = HashMap<(QualifiedIdentifier, String), Vec<Relationship>>;

/// Relations by name.
pub type Tables = HashMap<QualifiedIdentifier, Arc<Table>>;

/// A foreign key constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    pub constraint: String,
    pub relation_oid: u32,
    pub relation: QualifiedIdentifier,
    pub column_numbers: Vec<i16>,
    pub foreign_oid: u32,
    pub foreign_relation: QualifiedIdentifier,
    pub foreign_column_numbers: Vec<i16>,
    /// (referencing column, referenced column).
    pub columns: ColumnPairs,
    /// The referencing columns are a primary key or unique: one-to-one.
    pub is_unique: bool,
}

/// A primary key constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryKey {
    pub relation_oid: u32,
    pub relation: QualifiedIdentifier,
    pub column_numbers: Vec<i16>,
    /// Names of the same columns, sorted.
    pub columns: Vec<String>,
}

/// What relationships are made of.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// Exposed schemas.
    pub schemas: &'a [String],
    /// Relations of the exposed schemas, primary keys of views included.
    pub tables: &'a Tables,
    /// Of all schemas: a junction may be internal.
    pub primary_keys: &'a [PrimaryKey],
    pub foreign_keys: &'a [ForeignKey],
    pub views: &'a [ViewColumns],
    /// [`Relationship::Computed`] only.
    pub computed: &'a [Relationship],
}

/// Gives each view the primary keys of the tables whose primary key it shows in full; of a column
/// that is shown more than once the first name counts.
pub fn add_view_primary_keys(tables: &mut Tables, keys: &[PrimaryKey], views: &[ViewColumns]) {
    for view in views {
        let Some(table) = tables.get_mut(&view.view) else {
            continue;
        };
        for key in keys {
            let shown = view.key(key.relation_oid, &key.column_numbers);
            for name in shown.into_iter().flatten().filter_map(<[String]>::first) {
                if !table.primary_key.contains(name) {
                    Arc::make_mut(table).primary_key.push(name.clone());
                }
            }
        }
    }
}

/// All relationships whose two ends (and junction) are in exposed schemas, each list sorted.
pub fn relationships(parts: Parts<'_>) -> Relationships {
    let mut direct: Vec<Relationship> = parts.foreign_keys.iter().map(table_relationship).collect();
    for key in parts.foreign_keys {
        direct.extend(view_relationships(key, parts.views));
    }
    let junctions = many_to_many(&direct, parts);
    let inverses: Vec<Relationship> = direct.iter().filter_map(inverse).collect();
    let detected = direct.into_iter().chain(junctions).chain(inverses);
    expose(
        by_source(override_with_computed(detected, parts.computed)),
        parts.schemas,
    )
}

fn table_relationship(key: &ForeignKey) -> Relationship {
    Relationship::ForeignKey {
        table: key.relation.clone(),
        foreign_table: key.foreign_relation.clone(),
        is_self: key.relation_oid == key.foreign_oid,
        cardinality: cardinality(key, key.columns.clone()),
        table_is_view: false,
        foreign_table_is_view: false,
    }
}

fn cardinality(key: &ForeignKey, columns: ColumnPairs) -> Cardinality {
    let constraint = key.constraint.clone();
    if key.is_unique {
        Cardinality::OneToOne {
            constraint,
            columns,
            is_parent: false,
        }
    } else {
        Cardinality::ManyToOne {
            constraint,
            columns,
        }
    }
}

/// A computed relationship replaces the detected ones between its source and a relation that is named as
/// its function.
fn override_with_computed(
    detected: impl Iterator<Item = Relationship>,
    computed: &[Relationship],
) -> Vec<Relationship> {
    let overridden: HashSet<(&QualifiedIdentifier, &QualifiedIdentifier)> = computed
        .iter()
        .filter_map(|relationship| match relationship {
            Relationship::Computed {
                table, function, ..
            } => Some((table, function)),
            Relationship::ForeignKey { .. } => None,
        })
        .collect();
    detected
        .filter(|r| !overridden.contains(&(r.table(), r.foreign_table())))
        .chain(computed.iter().cloned())
        .collect()
}

/// Drops what the exposed schemas may not show. A source keeps its (empty) list when all that it had led
/// through hidden junctions: hints tell it from a source without relationships.
fn expose(mut relationships: Relationships, schemas: &[String]) -> Relationships {
    let exposed: HashSet<&str> = schemas.iter().map(String::as_str).collect();
    let is_exposed = |qi: &QualifiedIdentifier| exposed.contains(qi.schema.as_str());
    relationships.retain(|(source, target_schema), _| {
        is_exposed(source) && exposed.contains(target_schema.as_str())
    });
    for list in relationships.values_mut() {
        list.retain(|relationship| match relationship {
            Relationship::ForeignKey {
                cardinality: Cardinality::ManyToMany(junction),
                ..
            } => is_exposed(&junction.table),
            _ => true,
        });
    }
    relationships
}

fn by_source(relationships: Vec<Relationship>) -> Relationships {
    let mut map = Relationships::new();
    for relationship in relationships {
        let key = (
            relationship.table().clone(),
            relationship.foreign_table().schema.clone(),
        );
        map.entry(key).or_default().push(relationship);
    }
    for list in map.values_mut() {
        list.sort_unstable();
    }
    map
}

#[cfg(test)]
mod tests;
