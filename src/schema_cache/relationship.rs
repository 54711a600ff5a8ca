//! Relationships between relations, for resource embedding.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html>.

use serde::Serialize;

use crate::pg::ident::QualifiedIdentifier;

/// Pairs of (column of the source, column of the target).
pub type ColumnPairs = Vec<(String, String)>;

/// How many rows of the target belong to a row of the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Cardinality {
    /// The target holds the foreign key: to-many.
    OneToMany {
        constraint: String,
        columns: ColumnPairs,
    },
    /// The source holds the foreign key: to-one.
    ManyToOne {
        constraint: String,
        columns: ColumnPairs,
    },
    /// The foreign key is unique: to-one both ways. `is_parent`: the source is the referenced side.
    OneToOne {
        constraint: String,
        columns: ColumnPairs,
        is_parent: bool,
    },
    /// Through a junction: to-many.
    ManyToMany(Junction),
}

/// The table between two others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Junction {
    pub table: QualifiedIdentifier,
    /// Constraint towards the source, then towards the target.
    pub constraint_source: String,
    pub constraint_target: String,
    /// (column of the source, column of the junction).
    pub columns_source: ColumnPairs,
    /// (column of the target, column of the junction).
    pub columns_target: ColumnPairs,
}

/// A way from one relation to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Relationship {
    /// From a foreign key (of a table or of the tables under a view).
    ForeignKey {
        table: QualifiedIdentifier,
        foreign_table: QualifiedIdentifier,
        is_self: bool,
        cardinality: Cardinality,
        table_is_view: bool,
        foreign_table_is_view: bool,
    },
    /// From a function that takes a row and returns rows.
    Computed {
        function: QualifiedIdentifier,
        table: QualifiedIdentifier,
        foreign_table: QualifiedIdentifier,
        /// Alias of the source row inside the function call.
        table_alias: QualifiedIdentifier,
        is_to_one: bool,
        is_self: bool,
    },
}

impl Relationship {
    /// Source relation.
    pub fn table(&self) -> &QualifiedIdentifier {
        match self {
            Self::ForeignKey { table, .. } | Self::Computed { table, .. } => table,
        }
    }

    /// Target relation.
    pub fn foreign_table(&self) -> &QualifiedIdentifier {
        match self {
            Self::ForeignKey { foreign_table, .. } | Self::Computed { foreign_table, .. } => {
                foreign_table
            }
        }
    }

    /// Whether the target is the source.
    pub fn is_self(&self) -> bool {
        match self {
            Self::ForeignKey { is_self, .. } | Self::Computed { is_self, .. } => *is_self,
        }
    }

    /// Whether at most one target row belongs to a source row.
    pub fn is_to_one(&self) -> bool {
        match self {
            Self::ForeignKey { cardinality, .. } => {
                matches!(
                    cardinality,
                    Cardinality::ManyToOne { .. } | Cardinality::OneToOne { .. }
                )
            }
            Self::Computed { is_to_one, .. } => *is_to_one,
        }
    }
}
