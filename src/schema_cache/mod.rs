//! What the engine knows of the database's catalogue: an immutable value behind an atomic pointer.
//!
//! Loaded by catalogue queries in one transaction, reloaded by `NOTIFY pgrst`: then only what has changed is
//! read. A failed reload keeps the old value. Source: <https://docs.postgrest.org/en/stable/references/schema_cache.html>.

mod catalogue;
pub mod debounce;
pub mod decode;
pub mod dump;
pub mod fuzzy;
mod gather;
mod known;
pub mod listener;
pub mod load;
pub mod low_priority;
pub mod media_handler;
pub mod node_tree;
mod read;
pub mod relate;
pub mod relationship;
pub mod representation;
pub mod routine;
pub mod suggest;
pub mod table;
pub mod view_keys;

use std::collections::HashMap;
use std::sync::Arc;

use crate::pg::ident::QualifiedIdentifier;
use media_handler::MediaHandlers;
use relate::{Relationships, Tables};
use representation::Representations;
use routine::Routine;
use suggest::NameIndex;

/// Overloads by name, fewest parameters first.
pub type Routines = HashMap<QualifiedIdentifier, Vec<Routine>>;

/// The catalogue as the planner sees it. What a reload finds unchanged, the next cache shares.
#[derive(Debug, Clone, Default)]
pub struct SchemaCache {
    pub tables: Arc<Tables>,
    /// Key: (source relation, schema of the target).
    pub relationships: Arc<Relationships>,
    pub routines: Arc<Routines>,
    pub representations: Representations,
    pub media_handlers: MediaHandlers,
    /// Index behind [`suggest`], filled at first use.
    pub names: Arc<NameIndex>,
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
