//! The catalogue as `catalog.sql` answers it, and its to-one relationships.
//!
//! In: one JSON document, and the schema cache's relationships. Out: values with look-ups.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::schema_cache::SchemaCache;
use crate::schema_cache::relationship::{Cardinality, Relationship};

/// Answers one row with one text: the JSON of a [`Catalog`]. `$1`: names of schemas, `text[]`.
pub const CATALOG_SQL: &str = include_str!("catalog.sql");

/// What types are written from.
#[derive(Debug, Deserialize)]
pub struct Catalog {
    /// Those that exist of those that were asked for, sorted.
    pub schemas: Vec<String>,
    /// By object id.
    pub(super) types: BTreeMap<u32, Type>,
    pub(super) relations: Vec<Relation>,
    pub(super) functions: Vec<Function>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Type {
    pub schema: String,
    pub name: String,
    /// Type of an array's elements, else 0.
    pub element: u32,
    /// Type under a domain, else 0.
    pub base: u32,
    /// `relkind` when the type is that of a row.
    pub relation_kind: Option<char>,
    pub is_enum: bool,
    pub labels: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Relation {
    pub schema: String,
    pub name: String,
    /// `relkind`; `c` for a composite type.
    pub kind: char,
    pub row_type: u32,
    pub is_updatable: bool,
    /// By name.
    pub columns: Vec<Column>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Column {
    pub name: String,
    pub r#type: u32,
    pub is_nullable: bool,
    pub has_default: bool,
    /// Empty, `a` (always) or `d` (by default).
    pub identity: String,
    pub is_generated: bool,
    pub is_updatable: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Function {
    pub schema: String,
    pub name: String,
    pub returns: u32,
    pub is_set: bool,
    /// Inputs and outputs, in order.
    pub arguments: Vec<Argument>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Argument {
    /// Empty when unnamed.
    pub name: String,
    pub r#type: u32,
    /// `proargmodes`: `i`, `o`, `b`, `v` or `t`.
    pub mode: char,
    pub has_default: bool,
}

impl Relation {
    pub fn is_table(&self) -> bool {
        matches!(self.kind, 'r' | 'p')
    }

    pub fn is_view(&self) -> bool {
        matches!(self.kind, 'v' | 'm' | 'f')
    }
}

impl Argument {
    pub fn is_input(&self) -> bool {
        matches!(self.mode, 'i' | 'b' | 'v')
    }

    pub fn is_output(&self) -> bool {
        matches!(self.mode, 'o' | 'b' | 't')
    }
}

impl Catalog {
    /// Reads the answer of [`CATALOG_SQL`].
    ///
    /// # Errors
    /// Text that is not such an answer.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    pub(super) fn relations_of(&self, schema: &str) -> impl Iterator<Item = &Relation> {
        self.relations
            .iter()
            .filter(move |relation| relation.schema == schema)
    }

    /// Names and labels, by name.
    pub(super) fn enums(&self, schema: &str) -> impl Iterator<Item = (&str, &[String])> {
        let mut found: Vec<_> = self
            .types
            .values()
            .filter(|found| found.schema == schema && found.is_enum)
            .filter_map(|found| Some((found.name.as_str(), found.labels.as_deref()?)))
            .collect();
        found.sort_unstable_by_key(|(name, _)| *name);
        found.into_iter()
    }
}

/// A to-one relationship: what `Relationships` lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ToOne {
    /// Name of the foreign key.
    pub constraint: String,
    /// Schema and name of the relation that holds the key.
    pub source: (String, String),
    /// Schema and name of the relation that is referred to.
    pub target: (String, String),
    pub columns: Vec<String>,
    pub target_columns: Vec<String>,
    /// At most one row refers to each row of the target.
    pub is_one_to_one: bool,
}

impl ToOne {
    /// All of a schema cache, those of views included, sorted.
    pub fn of(cache: &SchemaCache) -> Vec<Self> {
        let mut found: Vec<Self> = cache
            .relationships
            .values()
            .flatten()
            .filter_map(Self::from_relationship)
            .collect();
        found.sort_unstable();
        found
    }

    fn from_relationship(relationship: &Relationship) -> Option<Self> {
        let Relationship::ForeignKey {
            table,
            foreign_table,
            cardinality,
            ..
        } = relationship
        else {
            return None;
        };
        let (constraint, columns, is_one_to_one) = match cardinality {
            Cardinality::ManyToOne {
                constraint,
                columns,
            } => (constraint, columns, false),
            Cardinality::OneToOne {
                constraint,
                columns,
                is_parent: false,
            } => (constraint, columns, true),
            _ => return None,
        };
        let (columns, target_columns) = columns.iter().cloned().unzip();
        Some(Self {
            constraint: constraint.clone(),
            source: (table.schema.clone(), table.name.clone()),
            target: (foreign_table.schema.clone(), foreign_table.name.clone()),
            columns,
            target_columns,
            is_one_to_one,
        })
    }
}
