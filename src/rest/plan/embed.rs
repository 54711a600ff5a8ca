//! Third pass: which relationship joins each embed to its parent.
//!
//! In: levels named as the client wrote them (`alias:target!hint`). Out: the same levels with their
//! [`Relationship`], the real relation they read, and their join.
//!
//! A target is the other relation's name, or for a foreign key the constraint's or the column's; a
//! computed relationship is named by its function. A hint is a constraint, a column of either side,
//! or a junction. A relation embedded in itself goes to-many by its name, to-one by its column.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html#foreign-key-joins-on-multiple-foreign-key-relationships>.

use std::collections::HashSet;

use crate::error::Error;
use crate::pg::ident::QualifiedIdentifier;
use crate::schema_cache::SchemaCache;
use crate::schema_cache::relationship::{Cardinality, Relationship};

use super::faults;
use super::join;
use super::types::{ReadPlan, SOURCE_CTE};

/// Finds the relationship of every embed and joins it to its parent.
///
/// `root` is the relation that the root level's rows belong to; with `reads_cte` they come out of
/// the CTE of a write or a call.
///
/// # Errors
/// `PGRST200` when nothing connects two relations, `PGRST201` when several things do.
pub fn find_relationships(
    plan: &mut ReadPlan,
    root: &QualifiedIdentifier,
    reads_cte: bool,
    cache: &SchemaCache,
) -> Result<(), Error> {
    if reads_cte {
        plan.from = QualifiedIdentifier::unqualified(SOURCE_CTE);
        plan.from_alias = Some(root.name.clone());
    }
    relate_children(plan, &root.name, &root.schema, cache)
}

fn relate_children(
    parent: &mut ReadPlan,
    origin: &str,
    schema: &str,
    cache: &SchemaCache,
) -> Result<(), Error> {
    let mut taken = HashSet::new();
    let (from, from_alias) = (&parent.from, parent.from_alias.as_deref());
    for child in &mut parent.children {
        let hint = child.hint.as_deref();
        let found = find(cache, schema, origin, &child.relation_name, hint)?;
        join::to_parent(child, found, from, from_alias, &mut taken);
        let target = &found.foreign_table().name;
        relate_children(child, target, schema, cache)?;
    }
    Ok(())
}

fn find<'c>(
    cache: &'c SchemaCache,
    schema: &str,
    origin: &str,
    target: &str,
    hint: Option<&str>,
) -> Result<&'c Relationship, Error> {
    let key = (
        QualifiedIdentifier::new(schema, origin),
        schema.to_owned(),
    );
    let known = cache.relationships.get(&key).map_or(&[][..], Vec::as_slice);
    let found: Vec<_> = known.iter().filter(|r| matches(r, target, hint)).collect();
    match found[..] {
        [] => Err(faults::no_relationship(cache, schema, origin, target, hint)),
        [only] => Ok(only),
        _ => Err(faults::ambiguous_embedding(origin, target, &found)),
    }
}

fn matches(relationship: &Relationship, target: &str, hint: Option<&str>) -> bool {
    match relationship {
        Relationship::Computed { function, .. } => target == function.name,
        Relationship::ForeignKey {
            foreign_table,
            is_self,
            cardinality,
            foreign_table_is_view,
            ..
        } => {
            let way = Way::of(cardinality);
            let names_target = target == foreign_table.name;
            match (is_self, hint) {
                (true, None) => {
                    names_target && way.is_one_to_many()
                        || way.is_many_to_one() && way.own_column == Some(target)
                }
                (true, Some(hint)) => {
                    names_target && way.is_one_to_many() && way.other_column == Some(hint)
                }
                (false, None) => {
                    names_target
                        || !foreign_table_is_view
                            && [way.constraint, way.own_column].contains(&Some(target))
                }
                (false, Some(hint)) => {
                    let names = [
                        way.constraint,
                        way.own_column,
                        way.other_column,
                        way.junction,
                    ];
                    names_target && names.contains(&Some(hint))
                }
            }
        }
    }
}

/// The names by which a foreign key relationship can be told from others.
struct Way<'c> {
    cardinality: &'c Cardinality,
    constraint: Option<&'c str>,
    /// Column of the source, when the key has one column.
    own_column: Option<&'c str>,
    /// Column of the target, when the key has one column.
    other_column: Option<&'c str>,
    junction: Option<&'c str>,
}

impl<'c> Way<'c> {
    fn of(cardinality: &'c Cardinality) -> Self {
        let mut way = Way {
            cardinality,
            constraint: None,
            own_column: None,
            other_column: None,
            junction: None,
        };
        match cardinality {
            Cardinality::OneToMany {
                constraint,
                columns,
            }
            | Cardinality::ManyToOne {
                constraint,
                columns,
            }
            | Cardinality::OneToOne {
                constraint,
                columns,
                ..
            } => {
                way.constraint = Some(constraint);
                if let [(own, other)] = &columns[..] {
                    way.own_column = Some(own);
                    way.other_column = Some(other);
                }
            }
            Cardinality::ManyToMany(junction) => way.junction = Some(&junction.table.name),
        }
        way
    }

    fn is_one_to_many(&self) -> bool {
        matches!(self.cardinality, Cardinality::OneToMany { .. })
    }

    fn is_many_to_one(&self) -> bool {
        matches!(self.cardinality, Cardinality::ManyToOne { .. })
    }
}
