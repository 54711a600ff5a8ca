//! What a load found, kept for the next one, which replaces parts of it. Pure.
//!
//! Comes in: [`Facts`], or a [`Patch`] to them. Goes out: a [`SchemaCache`] that shares with the one before
//! what is the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::gather::{Relations, foreign_keys, primary_keys};
use super::media_handler::MediaHandlers;
use super::relate::{self, Parts, Tables};
use super::relationship::Relationship;
use super::representation::Representations;
use super::routine::Routine;
use super::view_keys::{self, View};
use super::{Routines, SchemaCache};
use crate::pg::ident::QualifiedIdentifier;

/// All that the catalogue queries found.
#[derive(Debug)]
pub(super) struct Facts {
    pub relations: Relations,
    pub routines: RoutineFacts,
    pub representations: Representations,
}

/// What they found of functions.
#[derive(Debug)]
pub(super) struct RoutineFacts {
    /// By OID.
    pub routines: BTreeMap<u32, Routine>,
    /// [`Relationship::Computed`] only.
    pub computed: Vec<Relationship>,
    pub media_handlers: MediaHandlers,
}

/// What was read again.
#[derive(Debug)]
pub(super) struct Patch {
    /// Relations that were asked for; those that were not found are gone.
    pub asked: BTreeSet<u32>,
    pub relations: Relations,
    /// Functions that were asked for, and what was found; computed relationships and media handlers are all
    /// there are. None when none has changed.
    pub routines: Option<(BTreeSet<u32>, RoutineFacts)>,
    pub representations: Representations,
}

impl Facts {
    /// The cache that these facts make.
    pub(super) fn assemble(&self, schemas: &[String]) -> SchemaCache {
        let mut tables = self.tables();
        let views: Vec<View> = self.views();
        let views = view_keys::trace(&views);
        let primary_keys = primary_keys(&self.relations);
        let foreign_keys = foreign_keys(&self.relations);
        relate::add_view_primary_keys(&mut tables, &primary_keys, &views);
        let relationships = relate::relationships(Parts {
            schemas,
            tables: &tables,
            primary_keys: &primary_keys,
            foreign_keys: &foreign_keys,
            views: &views,
            computed: &self.routines.computed,
        });
        SchemaCache {
            tables: Arc::new(tables),
            relationships: Arc::new(relationships),
            routines: Arc::new(by_name(self.routines.routines.values().cloned())),
            representations: self.representations.clone(),
            media_handlers: self.routines.media_handlers.clone(),
            ..SchemaCache::default()
        }
    }

    fn tables(&self) -> Tables {
        let shown = self.relations.values();
        shown
            .filter_map(|facts| Some((facts.relation.name.clone(), facts.table.clone()?)))
            .collect()
    }

    fn views(&self) -> Vec<View> {
        let relations = self.relations.values();
        relations.filter_map(|facts| facts.view.clone()).collect()
    }

    /// Replaces what was read again. The cache that the facts make then; `cache` is the one they made before.
    pub(super) fn replace(
        &mut self,
        patch: Patch,
        cache: &SchemaCache,
        schemas: &[String],
    ) -> SchemaCache {
        let mut next = cache.clone();
        next.representations = patch.representations.clone();
        self.representations = patch.representations;
        let mut is_structural = false;
        if let Some((asked, found)) = patch.routines {
            is_structural |= found.computed != self.routines.computed;
            self.routines.computed = found.computed;
            self.routines.media_handlers = found.media_handlers;
            self.routines.routines.retain(|oid, _| !asked.contains(oid));
            self.routines.routines.extend(found.routines);
            next.routines = Arc::new(by_name(self.routines.routines.values().cloned()));
            next.media_handlers = self.routines.media_handlers.clone();
            next.names = Arc::default();
        }
        is_structural |= patch.asked.iter().any(|oid| {
            match (self.relations.get(oid), patch.relations.get(oid)) {
                (None, None) => false,
                (Some(before), Some(now)) => !now.has_structure_of(before),
                _ => true,
            }
        });
        self.relations.retain(|oid, _| !patch.asked.contains(oid));
        let changed: Vec<u32> = patch.relations.keys().copied().collect();
        self.relations.extend(patch.relations);
        if is_structural {
            let fresh = self.assemble(schemas);
            next.tables = fresh.tables;
            next.relationships = fresh.relationships;
            next.names = Arc::default();
        } else if !changed.is_empty() {
            next.tables = Arc::new(self.with_tables(&cache.tables, &changed));
        }
        next
    }

    /// The tables with those of these relations, where no key has changed: views keep theirs.
    fn with_tables(&self, before: &Tables, changed: &[u32]) -> Tables {
        let mut tables = before.clone();
        let changed = changed.iter().filter_map(|oid| self.relations.get(oid));
        for facts in changed {
            if let (Some(table), Some(place)) = (&facts.table, tables.get_mut(&facts.relation.name))
            {
                let key = place.primary_key.clone();
                *place = table.clone();
                if place.primary_key != key {
                    Arc::make_mut(place).primary_key = key;
                }
            }
        }
        tables
    }
}

/// Routines by name, overloads sorted.
fn by_name(routines: impl Iterator<Item = Routine>) -> Routines {
    let mut map: HashMap<QualifiedIdentifier, Vec<Routine>> = HashMap::new();
    for routine in routines {
        let name = QualifiedIdentifier::new(&routine.schema, &routine.name);
        map.entry(name).or_default().push(routine);
    }
    for overloads in map.values_mut() {
        overloads.sort_unstable();
    }
    map
}
