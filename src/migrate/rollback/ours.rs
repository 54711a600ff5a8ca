//! Tells what a run made from what somebody else made.

use std::collections::HashSet;

use super::known::is_known;
use crate::migrate::catalogue::{Object, Snapshot};

/// How much of a run its recorded moments know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The phases that it had finished; it went no further than into the next one.
    Phases,
    /// The same, and then it was cut over: it was killed before that was recorded.
    AllButCutOver,
    /// Everything.
    All,
}

/// What the run made, by PostgreSQL's number and by name.
#[derive(Debug, Default)]
pub struct Ours {
    keys: HashSet<String>,
    names: HashSet<(String, String)>,
    /// The last recorded moment after the target: who differs from it was changed by somebody else.
    last: Option<Snapshot>,
    /// The run recorded its end, so all that it made is known by number and name.
    is_complete: bool,
}

impl Ours {
    /// From the moments recorded after the target, in order, and what the run had done when the last of them
    /// was recorded.
    pub fn new(later: Vec<Snapshot>, recorded: Recorded) -> Self {
        let mut ours = Self {
            is_complete: recorded == Recorded::All,
            ..Self::default()
        };
        for snapshot in &later {
            for object in &snapshot.objects {
                ours.keys.insert(object.key.clone());
                ours.names
                    .insert((object.kind.clone(), object.identity.clone()));
            }
        }
        if recorded != Recorded::AllButCutOver {
            ours.last = later.into_iter().next_back();
        }
        ours
    }

    /// Nothing was recorded after the target that tells the run's work from somebody else's: it stopped early,
    /// or right after its cut-over.
    pub fn is_blind(&self) -> bool {
        self.last.is_none()
    }

    /// Whether the run made this object, which was not there before.
    pub fn made(&self, object: &Object) -> bool {
        self.keys.contains(&object.key)
            || self
                .names
                .contains(&(object.kind.clone(), object.identity.clone()))
            || (self.may_be_known(&object.kind) && is_known(&object.kind, &unquoted(&object.name)))
    }

    /// Names of what sits on a table are unique to the table only, so they tell nothing once all is recorded.
    fn may_be_known(&self, kind: &str) -> bool {
        !self.is_complete || matches!(kind, "table" | "view" | "function" | "type")
    }

    /// Whether the run left this object of the target as it was, so that a difference is somebody else's.
    pub fn left_alone(&self, target: &Object) -> bool {
        self.last.as_ref().is_some_and(|last| {
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
