//! Puts together what the queries found of each relation: columns, comments, keys. Then the keys of all
//! relations, with names instead of numbers. Pure.
//!
//! Comes in: rows as [`super::decode`] read them, in any order. Goes out: [`RelationFacts`], and what
//! relationships are made of.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;

use super::relate::{ForeignKey, PrimaryKey};
use super::table::{Column, Table};
use super::view_keys::View;
use crate::pg::ident::QualifiedIdentifier;

/// A type with its modifier.
pub(super) type TypeId = (u32, i32);

/// One row of `relations.sql`.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub name: String,
    pub relation: u32,
    /// `pg_constraint.contype`.
    pub kind: char,
    pub columns: Vec<i16>,
    pub foreign_relation: u32,
    pub foreign_columns: Vec<i16>,
}

/// What the queries found of some relations.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub relations: Vec<Relation>,
    pub columns: HashMap<u32, Vec<RawColumn>>,
    /// By relation and column number; 0 is the relation itself.
    pub comments: HashMap<(u32, i32), String>,
    pub keys: Vec<Key>,
    pub events: HashMap<u32, i32>,
    pub types: HashMap<TypeId, ColumnType>,
    pub views: HashMap<u32, View>,
}

/// A relation, as the catalogue has it.
#[derive(Debug)]
pub(super) struct RelationFacts {
    pub relation: Relation,
    /// Numbers and names, sorted.
    pub columns: Vec<(i16, String)>,
    /// Sorted.
    pub keys: Vec<Key>,
    pub view: Option<View>,
    /// Unless it is hidden. A view has no primary key yet.
    pub table: Option<Arc<Table>>,
}

/// Relations by OID.
pub(super) type Relations = BTreeMap<u32, RelationFacts>;

impl RelationFacts {
    fn column(&self, number: i16) -> Option<&str> {
        let at = self
            .columns
            .binary_search_by_key(&number, |column| column.0);
        Some(self.columns.get(at.ok()?)?.1.as_str())
    }

    /// Whether keys and relationships say the same as with what was known before.
    pub(super) fn has_structure_of(&self, before: &Self) -> bool {
        self.relation == before.relation
            && self.keys == before.keys
            && self.view == before.view
            && before
                .columns
                .iter()
                .all(|(number, name)| self.column(*number) == Some(name))
    }
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

    /// Each relation by itself.
    pub(super) fn finish(mut self) -> Relations {
        let mut keys: HashMap<u32, Vec<Key>> = HashMap::new();
        for key in std::mem::take(&mut self.keys) {
            keys.entry(key.relation).or_default().push(key);
        }
        let relations = std::mem::take(&mut self.relations);
        relations
            .into_iter()
            .map(|relation| {
                let keys = keys.remove(&relation.oid).unwrap_or_default();
                (relation.oid, self.facts(relation, keys))
            })
            .collect()
    }

    fn facts(&mut self, relation: Relation, mut keys: Vec<Key>) -> RelationFacts {
        keys.sort_unstable();
        let mut columns = self.columns.remove(&relation.oid).unwrap_or_default();
        columns.sort_unstable_by_key(|column| column.number);
        let names = columns.iter();
        let mut facts = RelationFacts {
            columns: names.map(|c| (c.number, c.name.clone())).collect(),
            keys,
            view: self.views.remove(&relation.oid),
            table: None,
            relation,
        };
        if facts.relation.is_shown() {
            facts.table = Some(Arc::new(self.table(&facts, columns)));
        }
        facts
    }

    fn table(&mut self, facts: &RelationFacts, columns: Vec<RawColumn>) -> Table {
        let relation = &facts.relation;
        let events = self.events.get(&relation.oid).copied();
        let events = events.unwrap_or_else(|| relation.own_events());
        Table {
            schema: relation.name.schema.clone(),
            name: relation.name.name.clone(),
            description: self.comments.remove(&(relation.oid, 0)),
            is_view: relation.is_view(),
            insertable: events & INSERT != 0,
            updatable: events & UPDATE != 0,
            deletable: events & DELETE != 0,
            primary_key: primary_key(facts)
                .map(|key| key.columns)
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
        }
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

/// The foreign keys of all relations, sorted by relation and name.
pub(super) fn foreign_keys(relations: &Relations) -> Vec<ForeignKey> {
    let mut found: Vec<ForeignKey> = relations
        .values()
        .flat_map(|facts| {
            let unique: HashSet<Vec<i16>> = facts
                .keys
                .iter()
                .filter(|key| matches!(key.kind, 'p' | 'u'))
                .map(|key| set(&key.columns))
                .collect();
            let keys = facts.keys.iter().filter(|key| key.kind == 'f');
            keys.filter_map(move |key| {
                let target = relations.get(&key.foreign_relation)?;
                let pairs = std::iter::zip(&key.columns, &key.foreign_columns);
                Some(ForeignKey {
                    constraint: key.name.clone(),
                    relation_oid: key.relation,
                    relation: facts.relation.name.clone(),
                    column_numbers: key.columns.clone(),
                    foreign_oid: key.foreign_relation,
                    foreign_relation: target.relation.name.clone(),
                    foreign_column_numbers: key.foreign_columns.clone(),
                    columns: pairs
                        .filter_map(|(column, foreign)| {
                            let column = facts.column(*column)?.to_owned();
                            Some((column, target.column(*foreign)?.to_owned()))
                        })
                        .collect(),
                    is_unique: unique.contains(&set(&key.columns)),
                })
            })
        })
        .collect();
    found.sort_unstable_by(|a, b| {
        (a.relation_oid, &a.constraint).cmp(&(b.relation_oid, &b.constraint))
    });
    found
}

/// The primary keys of all relations, sorted by name of the relation.
pub(super) fn primary_keys(relations: &Relations) -> Vec<PrimaryKey> {
    let mut found: Vec<PrimaryKey> = relations.values().filter_map(primary_key).collect();
    found.sort_unstable_by(|a, b| {
        (&a.relation.name, a.relation_oid).cmp(&(&b.relation.name, b.relation_oid))
    });
    found
}

fn primary_key(facts: &RelationFacts) -> Option<PrimaryKey> {
    let key = facts.keys.iter().find(|key| key.kind == 'p')?;
    let columns = key.columns.iter();
    let mut columns: Vec<String> = columns
        .filter_map(|number| facts.column(*number))
        .map(str::to_owned)
        .collect();
    columns.sort_unstable();
    Some(PrimaryKey {
        relation_oid: key.relation,
        relation: facts.relation.name.clone(),
        column_numbers: key.columns.clone(),
        columns,
    })
}

fn set(numbers: &[i16]) -> Vec<i16> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}
