//! Part of the third pass: aliases and join conditions of one embed.
//!
//! In: the embed, its relationship, and how SQL refers to the parent's rows. Out: the embed with its
//! own alias, the alias of its lateral join, and the conditions between the two.
//!
//! Every alias carries the depth, so that a level never shadows one around it. PostgreSQL cuts names
//! off at 63 bytes; aliases are cut here, before the depth, so that they stay distinct.

use std::collections::HashSet;

use crate::pg::ident::QualifiedIdentifier;
use crate::schema_cache::relationship::{Cardinality, Relationship};

use super::attach::visible_name;
use super::types::{JoinCondition, ReadPlan, SpreadKind};

/// Longest identifier that PostgreSQL keeps (`NAMEDATALEN` - 1), in bytes.
const MAX_IDENTIFIER_BYTES: usize = 63;

/// Joins `child` to its parent, which is read `FROM from [AS from_alias]`. `taken` holds the
/// aggregate aliases of the siblings before it.
pub fn to_parent(
    child: &mut ReadPlan,
    relationship: &Relationship,
    from: &QualifiedIdentifier,
    from_alias: Option<&str>,
    taken: &mut HashSet<String>,
) {
    let parent = from_alias.map_or_else(|| from.clone(), QualifiedIdentifier::unqualified);
    let foreign_table = relationship.foreign_table();
    let is_to_many = !relationship.is_to_one();

    child.aggregate_alias = aggregate_alias(child, relationship, taken);
    if child.spread.is_some() && is_to_many {
        child.spread = Some(SpreadKind::ToMany {
            extra_select: Vec::new(),
            order: Vec::new(),
        });
    }
    // The join through a junction is implicit (FROM target, junction) and takes no alias.
    if !is_many_to_many(relationship) {
        child.from_alias = Some(bounded(&foreign_table.name, &format!("_{}", child.depth)));
    }
    child.from = foreign_table.clone();
    child.join_conditions = conditions(relationship, &parent, child.from_alias.as_deref());
    let mut relationship = relationship.clone();
    if let Relationship::Computed {
        table, table_alias, ..
    } = &mut relationship
    {
        *table_alias = from_alias.map_or_else(|| table.clone(), QualifiedIdentifier::unqualified);
    }
    child.relation_to_parent = Some(relationship);
}

fn is_many_to_many(relationship: &Relationship) -> bool {
    matches!(
        relationship,
        Relationship::ForeignKey {
            cardinality: Cardinality::ManyToMany(_),
            ..
        }
    )
}

fn aggregate_alias(
    child: &ReadPlan,
    relationship: &Relationship,
    taken: &mut HashSet<String>,
) -> String {
    let stem = format!("{}_{}", relationship.table().name, visible_name(child));
    let mut alias = bounded(&stem, &format!("_{}", child.depth));
    let mut count = 1;
    while !taken.insert(alias.clone()) {
        count += 1;
        alias = bounded(&stem, &format!("_{}_{count}", child.depth));
    }
    alias
}

/// `stem` and `suffix` as one identifier; the stem gives way when both are too long.
pub fn bounded(stem: &str, suffix: &str) -> String {
    let room = MAX_IDENTIFIER_BYTES.saturating_sub(suffix.len());
    let fits = |&(start, c): &(usize, char)| start + c.len_utf8() <= room;
    let kept: String = stem
        .char_indices()
        .take_while(fits)
        .map(|(_, c)| c)
        .collect();
    kept + suffix
}

fn conditions(
    relationship: &Relationship,
    parent: &QualifiedIdentifier,
    alias: Option<&str>,
) -> Vec<JoinCondition> {
    let Relationship::ForeignKey {
        foreign_table,
        cardinality,
        ..
    } = relationship
    else {
        return Vec::new();
    };
    match cardinality {
        Cardinality::OneToMany { columns, .. }
        | Cardinality::ManyToOne { columns, .. }
        | Cardinality::OneToOne { columns, .. } => {
            let child =
                alias.map_or_else(|| foreign_table.clone(), QualifiedIdentifier::unqualified);
            equalities(&child, parent, columns).collect()
        }
        Cardinality::ManyToMany(junction) => {
            let to_target = equalities(&junction.table, foreign_table, &junction.columns_target);
            let to_source = equalities(&junction.table, parent, &junction.columns_source);
            to_target.chain(to_source).collect()
        }
    }
}

/// `left.b = right.a` for each pair (a, b).
fn equalities(
    left: &QualifiedIdentifier,
    right: &QualifiedIdentifier,
    pairs: &[(String, String)],
) -> impl Iterator<Item = JoinCondition> {
    pairs.iter().map(|(of_right, of_left)| JoinCondition {
        left: (left.clone(), of_left.clone()),
        right: (right.clone(), of_right.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bounded_names_fit_and_keep_their_suffix(stem in ".{0,90}", depth in 0usize..60) {
            let suffix = format!("_{depth}");
            let name = bounded(&stem, &suffix);
            prop_assert!(name.len() <= MAX_IDENTIFIER_BYTES);
            prop_assert!(name.ends_with(&suffix));
            if stem.len() + suffix.len() <= MAX_IDENTIFIER_BYTES {
                prop_assert_eq!(name, format!("{stem}{suffix}"));
            }
        }
    }
}
