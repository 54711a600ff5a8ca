//! What the engine knows of the database's catalogue: an immutable value behind an atomic pointer.
//!
//! Loaded by catalogue queries in one transaction, reloaded by `NOTIFY pgrst`. A failed reload keeps
//! the old value. Source: <https://docs.postgrest.org/en/stable/references/schema_cache.html>.

pub mod debounce;
pub mod decode;
pub mod dump;
pub mod fuzzy;
mod gather;
pub mod listener;
pub mod load;
pub mod low_priority;
pub mod media_handler;
pub mod node_tree;
pub mod pace;
pub mod relate;
pub mod relationship;
pub mod representation;
pub mod routine;
pub mod suggest;
pub mod table;
pub mod view_keys;

use std::collections::HashMap;

use crate::pg::ident::QualifiedIdentifier;
use media_handler::MediaHandlers;
use relationship::Relationship;
use representation::Representations;
use routine::Routine;
use suggest::NameIndex;
use table::Table;

/// The catalogue as the planner sees it.
#[derive(Debug, Clone, Default)]
pub struct SchemaCache {
    pub tables: HashMap<QualifiedIdentifier, Table>,
    /// Key: (source relation, schema of the target).
    pub relationships: HashMap<(QualifiedIdentifier, String), Vec<Relationship>>,
    /// Overloads, fewest parameters first.
    pub routines: HashMap<QualifiedIdentifier, Vec<Routine>>,
    pub representations: Representations,
    pub media_handlers: MediaHandlers,
    /// Index behind [`suggest`], filled at first use.
    pub names: NameIndex,
}

/// Equal when the planner would see the same; the index of names is derived.
impl PartialEq for SchemaCache {
    fn eq(&self, other: &Self) -> bool {
        self.tables == other.tables
            && self.relationships == other.relationships
            && self.routines == other.routines
            && self.representations == other.representations
            && self.media_handlers == other.media_handlers
    }
}
