//! The old names on the wire: headers that say they end, 410 once they have ended, who still calls.
//!
//! In: a request's path and query, and what the database records about its migration ([`keep`] reads it
//! in the background; no request asks). Out: the [`Use`] of an old name with its headers and, after the
//! sunset, its error. A request that uses no old name costs a comparison of its path.
//!
//! | database | headers | answer |
//! |---|---|---|
//! | not migrated: `deals` is a table | none | the original tables |
//! | made new, never migrated | `Deprecation` | the old face, until `legacy-sunset` |
//! | migrated | `Deprecation`, `Sunset` | the old face, for `legacy-grace-days` |
//! | after the sunset | the same | 410 with a pointer |
//!
//! Sources: RFC 9745 (`Deprecation`), RFC 8594 (`Sunset`), RFC 8288 (`Link`), RFC 7234 section 5.5
//! (`Warning`).

pub mod keep;
mod messages;
pub mod names;
pub mod retirement;
pub mod store;
pub mod usage;

use arc_swap::ArcSwap;

pub use names::Use;
use retirement::Retirement;
use usage::Usage;

use crate::error::Error;
use crate::mapping;

/// What the server knows about its old names. Shared by all workers.
#[derive(Debug, Default)]
pub struct Surface {
    retirement: ArcSwap<Retirement>,
    /// Calls since the last flush.
    pub usage: Usage,
}

impl Surface {
    /// The old name that a request to `schema` uses, where it is the old face of something. `path` starts after
    /// the mount point.
    pub fn find(&self, schema: &str, path: &str, query: &str) -> Option<Use> {
        (schema == mapping::SCHEMA && self.retirement().is_old_face).then_some(())?;
        names::find(path, query)
    }

    /// An error as whoever uses the old name in `path` knows its words; as it is under other names.
    pub fn in_old_words(&self, schema: &str, path: &str, error: Error) -> Error {
        match self.find(schema, path, "") {
            Some(used) => messages::in_old_words(error, used.old),
            None => error,
        }
    }

    /// What is known now.
    pub fn retirement(&self) -> arc_swap::Guard<std::sync::Arc<Retirement>> {
        self.retirement.load()
    }

    /// Replaces what is known.
    pub fn set_retirement(&self, retirement: Retirement) {
        self.retirement.store(std::sync::Arc::new(retirement));
    }
}
