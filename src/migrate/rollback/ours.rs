//! Tells what a run made from what somebody else made.

use std::collections::HashSet;

use super::known::is_known;
use super::plan::STRUCTURE;
use crate::migrate::catalogue::{Object, Snapshot};

/// What the run made, by PostgreSQL's number and by name.
#[derive(Debug, Default)]
pub struct Ours {
    keys: HashSet<String>,
    names: HashSet<(String, String)>,
    /// The last recorded moment after the target: who differs from it was changed by somebody else.
    last: Option<Snapshot>,
    /// The run recorded its end, so all that it made is known by number and name.
    is_complete: bool,
    /// Keys of the relations of the target.
    relations: HashSet<String>,
}

/// Who may read and write. Of relations that were there before, a run changes nothing of these before its
/// cut-over, and the cut-over does not happen when somebody else has.
const ACCESS: [&str; 3] = ["policy", "row security", "grant"];

impl Ours {
    /// From the target, the moments recorded after it, in order, and whether the run's end is among them.
    pub fn new(target: &Snapshot, later: Vec<Snapshot>, is_complete: bool) -> Self {
        let relations = target.objects.iter();
        let mut ours = Self {
            is_complete,
            relations: relations
                .filter(|object| matches!(object.kind.as_str(), "table" | "view"))
                .map(|object| object.key.clone())
                .collect(),
            ..Self::default()
        };
        for snapshot in &later {
            for object in &snapshot.objects {
                if ours.is_sites_access(object) {
                    continue;
                }
                ours.keys.insert(object.key.clone());
                ours.names
                    .insert((object.kind.clone(), object.identity.clone()));
            }
        }
        ours.last = later.into_iter().next_back();
        ours
    }

    /// Nothing was recorded after the target: a run that stopped early.
    pub fn is_blind(&self) -> bool {
        self.last.is_none()
    }

    /// Whether it says who may read and write a relation of the target, and the run has not come to change that.
    pub fn is_sites_access(&self, object: &Object) -> bool {
        let relation = |key: &str| {
            self.relations
                .contains(key.split(" column ").next().unwrap_or(key))
        };
        !self.is_complete
            && ACCESS.contains(&object.kind.as_str())
            && object.parent.as_deref().is_some_and(relation)
    }

    /// Whether the run made this object, which was not there before.
    pub fn made(&self, object: &Object) -> bool {
        if self.is_sites_access(object) {
            return false;
        }
        let is_recorded = self.keys.contains(&object.key)
            || self
                .names
                .contains(&(object.kind.clone(), object.identity.clone()));
        // Somebody else may have made something while the run was at work, under a name of their own.
        if STRUCTURE.contains(&object.kind.as_str()) {
            (is_recorded || self.may_be_known(&object.kind))
                && is_known(&object.kind, &unquoted(&object.name))
        } else {
            is_recorded
        }
    }

    /// Names of what sits on a table are unique to the table only, so they tell nothing once all is recorded.
    fn may_be_known(&self, kind: &str) -> bool {
        !self.is_complete || matches!(kind, "table" | "view" | "function" | "type")
    }

    /// Whether the run left this object of the target as it was, so that a difference is somebody else's.
    pub fn left_alone(&self, target: &Object) -> bool {
        self.is_sites_access(target)
            || self.last.as_ref().is_some_and(|last| {
                last.objects.iter().any(|object| {
                    object.kind == target.kind
                        && object.identity == target.identity
                        && object.facts == target.facts
                })
            })
    }
}

/// A quoted name without its quotes.
pub fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}
