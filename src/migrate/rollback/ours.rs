//! Tells what a run made and changed from what somebody else did.

use std::collections::HashSet;

use super::plan::STRUCTURE;
use crate::migrate::catalogue::{Object, Snapshot};
use crate::migrate::touched::{ACCESS, Reached, Touched};

/// What the run made: by name, and by PostgreSQL's number where it was recorded.
#[derive(Debug)]
pub struct Ours {
    touched: &'static Touched,
    reached: Reached,
    keys: HashSet<String>,
    /// The last recorded moment after the target: who differs from it was changed by somebody else.
    last: Option<Snapshot>,
    /// The last moment before the cut-over, just before it. Until then nothing is renamed, and words that stand for
    /// names are those of the target.
    earlier: Option<Snapshot>,
    /// The run recorded its end.
    is_complete: bool,
    /// Keys of the relations of the target.
    relations: HashSet<String>,
}

impl Ours {
    /// From the target, the moments recorded after it, in order, whether the run's end is among them, and the
    /// names that a run which came so far has made and changed.
    pub fn new(
        target: &Snapshot,
        later: Vec<Snapshot>,
        is_complete: bool,
        (touched, reached): (&'static Touched, Reached),
    ) -> Self {
        let relations = target.objects.iter();
        let mut ours = Self {
            touched,
            reached,
            keys: HashSet::new(),
            last: None,
            earlier: None,
            is_complete,
            relations: relations
                .filter(|object| matches!(object.kind.as_str(), "table" | "view"))
                .map(|object| object.key.clone())
                .collect(),
        };
        for snapshot in &later {
            for object in &snapshot.objects {
                if ours.may_have_touched(object) {
                    ours.keys.insert(object.key.clone());
                }
            }
        }
        let mut later = later.into_iter();
        if is_complete {
            ours.last = later.next_back();
        }
        ours.earlier = later.next_back();
        if !is_complete {
            ours.last.clone_from(&ours.earlier);
        }
        ours
    }

    /// Whether it says who may read and write a relation of the target, and the run has not come to change that:
    /// it changes nothing of the kind before its cut-over, which does not happen when somebody else has.
    pub fn is_sites_access(&self, object: &Object) -> bool {
        let relation = |key: &str| {
            self.relations
                .contains(key.split(" column ").next().unwrap_or(key))
        };
        !self.is_complete
            && ACCESS.contains(&object.kind.as_str())
            && object.parent.as_deref().is_some_and(relation)
    }

    /// Whether the run has come to make or change an object of this name, or who may use it.
    fn may_have_touched(&self, object: &Object) -> bool {
        !self.is_sites_access(object) && self.touched.may_touch(object, self.reached)
    }

    /// Whether the run made this object, which was not there before. No list knows the names of all rights, so
    /// there the number counts that was recorded.
    pub fn made(&self, object: &Object) -> bool {
        !self.is_sites_access(object)
            && (self.touched.names(object, self.reached) || self.keys.contains(&object.key))
    }

    /// Whether the run left this object of the target as it was, so that a difference is somebody else's.
    pub fn left_alone(&self, target: &Object) -> bool {
        // What hangs on something is called after it.
        let hangs = !STRUCTURE.contains(&target.kind.as_str());
        // No list knows the names of a site's comments, and the run makes anew what some are on.
        let is_unknown = target.kind == "comment" && self.last.is_some();
        (!is_unknown && !self.may_have_touched(target))
            || self.in_the_end(target).is_some_and(|last| {
                last.facts == target.facts && (hangs || last.name == target.name)
            })
    }

    /// Whether it has a name that a run neither makes nor changes.
    pub fn is_untouched(&self, target: &Object) -> bool {
        !self.may_have_touched(target)
    }

    /// Whether it is, or stands on, a relation of the target.
    pub fn is_of_target(&self, object: &Object) -> bool {
        let parent = object.parent.as_deref().unwrap_or_default();
        let relation = parent.split(" column ").next().unwrap_or_default();
        self.relations.contains(&object.key) || self.relations.contains(relation)
    }

    /// Whether the run still had it in the end, in whatever words, and it is there no more.
    pub fn is_dropped_since(&self, target: &Object, current: &Snapshot) -> bool {
        self.in_the_end(target)
            .is_some_and(|last| current.counterpart(last).is_none())
    }

    /// Whether somebody has changed it, or made it again in another way, since the run recorded it last.
    pub fn is_changed_since(&self, current: &Object) -> bool {
        self.in_the_end(current)
            .is_some_and(|last| last.facts != current.facts || last.name != current.name)
    }

    /// Whether the name that it has now was given to it by the run.
    pub fn has_renamed(&self, target: &Object, current: &Object) -> bool {
        self.touched.names(target, self.reached)
            && self
                .in_the_end(current)
                .is_some_and(|last| last.name == current.name && last.name != target.name)
    }

    /// The moment that the run recorded last; none when it recorded no moment after the target.
    pub fn moment(&self) -> Option<&Snapshot> {
        self.last.as_ref()
    }

    /// The last moment that the run recorded before its cut-over; none when that is the target.
    pub fn before_cutover(&self) -> Option<&Snapshot> {
        self.earlier.as_ref()
    }

    /// As the run recorded it last.
    pub fn in_the_end(&self, object: &Object) -> Option<&Object> {
        self.last.as_ref()?.counterpart(object)
    }
}

/// A quoted name without its quotes.
pub fn unquoted(name: &str) -> String {
    match name.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}
