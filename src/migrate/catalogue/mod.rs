//! What a database consists of, object by object, so that it can be told later what a migration changed
//! and how it was before.
//!
//! In: a connection (inside a transaction or not). Out: a [`Snapshot`] of the application's schemas:
//! schemas, types, tables, columns, constraints, indexes, sequences, views, functions, triggers, rules,
//! policies, and what hangs on them: defaults, NOT NULL, owners, row security, grants, comments, default
//! privileges. Each is one [`Object`] with its facts, the SQL that makes it and the SQL that removes it.
//! Not in it: the schemas `auth` and `storage` (but the application's triggers and policies on them),
//! extensions, and the engine's own state.
//!
//! A snapshot can be recorded for a run and a moment of it ([`capture`], [`load`]), compared with another
//! ([`compare()`]) and boiled down to one line ([`Snapshot::fingerprint`]). The rows have sums of their own
//! ([`rows`]), which do not depend on their order.
//! Source: <https://www.postgresql.org/docs/current/catalogs.html>.

mod compare;
mod lookup;
mod read;
mod rows;
mod store;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use compare::{Change, Difference, compare};
pub use lookup::is_same_part;
pub use read::read;
pub use rows::{RowSum, row_sums, sum_of};
pub use store::{capture, delete, keep, load, moments, record};

/// The moment before a run's first change.
pub const BEFORE: &str = "before";
/// The moment after a run's last change, the cut-over, recorded in its transaction. Between them a moment is named
/// as the phase that has just ended: `1.1`, `1.2`, `1.3`, `1.4`.
pub const AFTER: &str = "cutover";

/// Schemas that are captured. `extensions` has objects of extensions, which are left out, and a few of ours.
pub const SCHEMAS: [&str; 3] = ["public", "private", "extensions"];

/// The note of the roles that there are.
pub const ROLES: &str = "roles";
/// The note of the roles that each role is a member of, or that it sees all rows.
pub const MEMBERSHIPS: &str = "memberships";

/// The note of what policies and views may ask in a site's own schemas that are not captured: name and digest, by
/// key.
pub const ELSEWHERE: &str = "elsewhere";

/// The note of the columns of views: quoted names by number, by the view's key.
pub const VIEW_COLUMNS: &str = "view columns";

/// Views of schema public on the engine's own state: they stay when a run is undone.
pub const STATE_VIEWS: [&str; 4] = [
    "migration_history",
    "migration_progress",
    "migration_errors",
    "migration_validation_results",
];

/// One object, or one fact that hangs on an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// `table`, `column`, `view`, …; see the SQL files.
    pub kind: String,
    /// PostgreSQL's own number for it, such as `class 16400 column 3`: stays when it is renamed.
    pub key: String,
    /// Key of what it belongs to.
    pub parent: Option<String>,
    /// What people call it, unique within its kind: `column public.deals.stage`.
    pub identity: String,
    /// The relation that it is or sits on, quoted as SQL wants it.
    pub relation: String,
    /// Its own name, quoted.
    pub name: String,
    /// Everything that is compared.
    pub facts: Value,
    /// SQL that makes it, or sets it. None where it cannot be made from its definition alone (a table).
    pub make: Option<String>,
    /// SQL that removes it. None where it cannot be absent (an owner).
    pub remove: Option<String>,
    /// Keys of what it depends on, in any schema.
    #[serde(default)]
    pub depends: Vec<String>,
}

/// A database's objects at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// In the order of kind and identity.
    pub objects: Vec<Object>,
    /// Other facts by name: `history` (versions in `supabase_migrations.schema_migrations`),
    /// `configuration` (keys of the configuration row), `sequences` (last values), [`ROLES`],
    /// [`MEMBERSHIPS`], [`ELSEWHERE`], [`VIEW_COLUMNS`].
    pub notes: BTreeMap<String, Value>,
    /// Things outside the captured schemas that depend on captured ones: `(words, key depended on)`, by key.
    /// Not recorded.
    pub outside: HashMap<String, Vec<(String, String)>>,
    /// Row sums, when they were asked for.
    pub rows: Vec<RowSum>,
    /// For [`Snapshot::counterpart`].
    pub(in crate::migrate) lookup: lookup::Lookup,
}

impl Snapshot {
    /// The object with this key.
    pub fn by_key(&self, key: &str) -> Option<&Object> {
        self.objects.iter().find(|object| object.key == key)
    }

    /// The quoted name of a view's column, which is no object, by its key.
    pub fn view_column(&self, key: &str) -> Option<&str> {
        let (view, number) = key.split_once(" column ")?;
        self.notes
            .get(VIEW_COLUMNS)?
            .get(view)?
            .get(number)?
            .as_str()
    }

    /// Whether a view of this key has a column of this quoted name. No, when that was not recorded.
    pub fn has_view_column(&self, view: &str, name: &str) -> bool {
        let columns = self
            .notes
            .get(VIEW_COLUMNS)
            .and_then(|all| all.get(view)?.as_object());
        columns.is_some_and(|columns| columns.values().any(|known| known == name))
    }

    /// One line that is equal for equal catalogues: SHA-256 over kinds, identities and facts, in hex.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for object in &self.objects {
            hash.update(&object.kind);
            hash.update([0]);
            hash.update(&object.identity);
            hash.update([0]);
            hash.update(canonical(&object.facts));
            hash.update([0]);
        }
        hash.finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// JSON text whose keys are in order: jsonb sorts them by length, other writers as they come.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, String> = map
                .iter()
                .map(|(key, value)| (key, canonical(value)))
                .collect();
            format!("{sorted:?}")
        }
        Value::Array(list) => format!("{:?}", list.iter().map(canonical).collect::<Vec<_>>()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(identity: &str, facts: Value) -> Object {
        Object {
            kind: "table".into(),
            key: "class 1".into(),
            parent: None,
            identity: identity.into(),
            relation: String::new(),
            name: String::new(),
            facts,
            make: None,
            remove: None,
            depends: vec![],
        }
    }

    #[test]
    fn a_fingerprint_sees_facts_and_not_the_order_of_their_keys() {
        let of = |facts| {
            Snapshot {
                objects: vec![object("table a", facts)],
                ..Snapshot::default()
            }
            .fingerprint()
        };
        assert_eq!(
            of(json!({"a": 1, "b": [true]})),
            of(json!({"b": [true], "a": 1}))
        );
        assert_ne!(of(json!({"a": 1})), of(json!({"a": 2})));
        assert_eq!(of(json!({})).len(), 64);
    }
}
