//! Puts together what the slices of a load found: relations with their columns, comments and keys. Pure.
//!
//! Comes in: rows as [`super::decode`] read them, in any order. Goes out: tables of the exposed schemas, and
//! the keys of all schemas, with names instead of numbers.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::relate::{ForeignKey, PrimaryKey, Tables};
use super::table::{Column, Table};
use crate::pg::ident::QualifiedIdentifier;

/// A type with its modifier.
pub(super) type TypeId = (u32, i32);

/// One row of `relations.sql`.
#[derive(Debug)]
pub(super) struct Relation {
    pub oid: u32,
    pub name: QualifiedIdentifier,
    /// `pg_class.relkind`.
    pub kind: char,
    /// Of an exposed schema.
    pub is_exposed: bool,
    pub is_partition: bool,
}

impl Relation {
    pub(super) fn is_view(&self) -> bool {
        matches!(self.kind, 'v' | 'm')
    }

    /// Whether PostgreSQL must be asked what can be done to it.
    pub(super) fn may_be_updatable(&self) -> bool {
        matches!(self.kind, 'v' | 'f') && self.is_shown()
    }

    /// Partitions are reached through their parent.
    pub(super) fn is_shown(&self) -> bool {
        self.is_exposed && !self.is_partition
    }

    /// A plain table can be written whatever the grants, a materialized view cannot.
    fn own_events(&self) -> i32 {
        match self.kind {
            'r' | 'p' => INSERT | UPDATE | DELETE,
            _ => 0,
        }
    }
}

/// Bits of `pg_relation_is_updatable`.
const INSERT: i32 = 8;
const UPDATE: i32 = 4;
const DELETE: i32 = 16;

/// One row of `columns.sql`.
#[derive(Debug)]
pub(super) struct RawColumn {
    pub number: i16,
    pub name: String,
    pub not_null: bool,
    pub type_id: TypeId,
    pub is_generated: bool,
    pub default: Option<String>,
}

/// One row of `types.sql`.
#[derive(Debug)]
pub(super) struct ColumnType {
    pub not_null: bool,
    pub data_type: String,
    pub nominal_type: String,
    pub max_length: Option<i32>,
    pub default: Option<String>,
    pub enum_values: Vec<String>,
}

/// One row of `keys.sql`.
#[derive(Debug)]
pub(super) struct Key {
    pub name: String,
    pub relation: u32,
    /// `pg_constraint.contype`.
    pub kind: char,
    pub columns: Vec<i16>,
    pub foreign_relation: u32,
    pub foreign_columns: Vec<i16>,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub relations: Vec<Relation>,
    pub columns: HashMap<u32, Vec<RawColumn>>,
    /// By relation and column number; 0 is the relation itself.
    pub comments: HashMap<(u32, i32), String>,
    pub keys: Vec<Key>,
    pub events: HashMap<u32, i32>,
    pub types: HashMap<TypeId, ColumnType>,
}

impl Gathered {
    /// The types of all columns that are shown, each once, sorted.
    pub(super) fn type_ids(&self) -> (Vec<u32>, Vec<i32>) {
        let shown = self.relations.iter().filter(|relation| relation.is_shown());
        let distinct: HashSet<TypeId> = shown
            .filter_map(|relation| self.columns.get(&relation.oid))
            .flatten()
            .map(|column| column.type_id)
            .collect();
        let mut distinct: Vec<TypeId> = distinct.into_iter().collect();
        distinct.sort_unstable();
        distinct.into_iter().unzip()
    }

    /// Tables of the exposed schemas, foreign keys and primary keys.
    pub(super) fn finish(mut self) -> (Tables, Vec<ForeignKey>, Vec<PrimaryKey>) {
        for columns in self.columns.values_mut() {
            columns.sort_unstable_by_key(|column| column.number);
        }
        let names = Names {
            relations: self.relations.iter().map(|r| (r.oid, &r.name)).collect(),
            columns: &self.columns,
        };
        let foreign_keys = foreign_keys(&self.keys, &names);
        let primary_keys = primary_keys(&self.keys, &names);
        let keys: HashMap<u32, &[String]> = primary_keys
            .iter()
            .map(|key| (key.relation_oid, key.columns.as_slice()))
            .collect();
        let shown = self.relations.iter().filter(|relation| relation.is_shown());
        let tables = shown
            .map(|relation| {
                let columns = self.columns.remove(&relation.oid).unwrap_or_default();
                let events = self.events.get(&relation.oid).copied();
                let events = events.unwrap_or_else(|| relation.own_events());
                let table = Table {
                    schema: relation.name.schema.clone(),
                    name: relation.name.name.clone(),
                    description: self.comments.remove(&(relation.oid, 0)),
                    is_view: relation.is_view(),
                    insertable: events & INSERT != 0,
                    updatable: events & UPDATE != 0,
                    deletable: events & DELETE != 0,
                    primary_key: keys
                        .get(&relation.oid)
                        .map(|columns| columns.to_vec())
                        .unwrap_or_default(),
                    columns: columns
                        .into_iter()
                        .filter_map(|column| {
                            let comment = (relation.oid, i32::from(column.number));
                            let comment = self.comments.remove(&comment);
                            let kind = self.types.get(&column.type_id)?;
                            Some((column.name.clone(), typed(column, kind, comment)))
                        })
                        .collect::<IndexMap<_, _>>(),
                };
                (relation.name.clone(), table)
            })
            .collect();
        (tables, foreign_keys, primary_keys)
    }
}

fn typed(column: RawColumn, kind: &ColumnType, description: Option<String>) -> Column {
    Column {
        name: column.name,
        description,
        nullable: !(column.not_null || kind.not_null),
        data_type: kind.data_type.clone(),
        nominal_type: kind.nominal_type.clone(),
        max_length: kind.max_length,
        default: match column.is_generated {
            true => None,
            false => column.default.or_else(|| kind.default.clone()),
        },
        enum_values: kind.enum_values.clone(),
    }
}

/// What OIDs and numbers stand for.
struct Names<'a> {
    relations: HashMap<u32, &'a QualifiedIdentifier>,
    /// Sorted by number.
    columns: &'a HashMap<u32, Vec<RawColumn>>,
}

impl Names<'_> {
    fn column(&self, relation: u32, number: i16) -> Option<&str> {
        let columns = self.columns.get(&relation)?;
        let at = columns.binary_search_by_key(&number, |column| column.number);
        Some(columns.get(at.ok()?)?.name.as_str())
    }
}

/// Sorted by relation and name.
fn foreign_keys(keys: &[Key], names: &Names<'_>) -> Vec<ForeignKey> {
    let unique: HashSet<(u32, Vec<i16>)> = keys
        .iter()
        .filter(|key| matches!(key.kind, 'p' | 'u'))
        .map(|key| (key.relation, set(&key.columns)))
        .collect();
    let mut found: Vec<ForeignKey> = keys
        .iter()
        .filter(|key| key.kind == 'f')
        .filter_map(|key| {
            let pairs = std::iter::zip(&key.columns, &key.foreign_columns);
            Some(ForeignKey {
                constraint: key.name.clone(),
                relation_oid: key.relation,
                relation: (*names.relations.get(&key.relation)?).clone(),
                column_numbers: key.columns.clone(),
                foreign_oid: key.foreign_relation,
                foreign_relation: (*names.relations.get(&key.foreign_relation)?).clone(),
                foreign_column_numbers: key.foreign_columns.clone(),
                columns: pairs
                    .filter_map(|(column, foreign)| {
                        Some((
                            names.column(key.relation, *column)?.to_owned(),
                            names.column(key.foreign_relation, *foreign)?.to_owned(),
                        ))
                    })
                    .collect(),
                is_unique: unique.contains(&(key.relation, set(&key.columns))),
            })
        })
        .collect();
    found.sort_unstable_by(|a, b| {
        (a.relation_oid, &a.constraint).cmp(&(b.relation_oid, &b.constraint))
    });
    found
}

/// Sorted by name of the relation.
fn primary_keys(keys: &[Key], names: &Names<'_>) -> Vec<PrimaryKey> {
    let mut found: Vec<PrimaryKey> = keys
        .iter()
        .filter(|key| key.kind == 'p')
        .filter_map(|key| {
            let columns = key.columns.iter();
            let mut columns: Vec<String> = columns
                .filter_map(|number| names.column(key.relation, *number))
                .map(str::to_owned)
                .collect();
            columns.sort_unstable();
            Some(PrimaryKey {
                relation_oid: key.relation,
                relation: (*names.relations.get(&key.relation)?).clone(),
                column_numbers: key.columns.clone(),
                columns,
            })
        })
        .collect();
    found.sort_unstable_by(|a, b| {
        (&a.relation.name, a.relation_oid).cmp(&(&b.relation.name, b.relation_oid))
    });
    found
}

fn set(numbers: &[i16]) -> Vec<i16> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}
