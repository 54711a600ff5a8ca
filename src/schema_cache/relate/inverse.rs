//! The inverse of a relationship: embedding works from both ends of a foreign key.

use crate::schema_cache::relationship::{Cardinality, ColumnPairs, Junction, Relationship};

/// The same foreign key or junction from the other end; `None` for computed relationships.
pub fn inverse(relationship: &Relationship) -> Option<Relationship> {
    let Relationship::ForeignKey {
        table,
        foreign_table,
        is_self,
        cardinality,
        table_is_view,
        foreign_table_is_view,
    } = relationship
    else {
        return None;
    };
    let swap = |columns: &ColumnPairs| -> ColumnPairs {
        columns
            .iter()
            .map(|(a, b)| (b.clone(), a.clone()))
            .collect()
    };
    let cardinality = match cardinality {
        Cardinality::OneToMany {
            constraint,
            columns,
        } => Cardinality::ManyToOne {
            constraint: constraint.clone(),
            columns: swap(columns),
        },
        Cardinality::ManyToOne {
            constraint,
            columns,
        } => Cardinality::OneToMany {
            constraint: constraint.clone(),
            columns: swap(columns),
        },
        Cardinality::OneToOne {
            constraint,
            columns,
            is_parent,
        } => Cardinality::OneToOne {
            constraint: constraint.clone(),
            columns: swap(columns),
            is_parent: !is_parent,
        },
        Cardinality::ManyToMany(junction) => Cardinality::ManyToMany(Junction {
            table: junction.table.clone(),
            constraint_source: junction.constraint_target.clone(),
            constraint_target: junction.constraint_source.clone(),
            columns_source: junction.columns_target.clone(),
            columns_target: junction.columns_source.clone(),
        }),
    };
    Some(Relationship::ForeignKey {
        table: foreign_table.clone(),
        foreign_table: table.clone(),
        is_self: *is_self,
        cardinality,
        table_is_view: *foreign_table_is_view,
        foreign_table_is_view: *table_is_view,
    })
}
