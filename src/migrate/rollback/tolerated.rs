//! What somebody else has changed of what was there before a run: it is not the run's to bring back.

use std::collections::{HashMap, HashSet};

use super::ours::Ours;
use super::plan::STRUCTURE;
use crate::migrate::catalogue::{Object, Snapshot};

/// Kinds that cannot be dropped and made again from their definition.
const HOLDS_ROWS: [&str; 4] = ["table", "column", "sequence", "type"];

/// Kind and identity.
pub fn name(object: &Object) -> (String, String) {
    (object.kind.clone(), object.identity.clone())
}

/// Objects of the target that differ, or are not there under their name, without the run's doing.
pub fn by_others<'a>(target: &'a Snapshot, current: &Snapshot, ours: &Ours) -> Vec<&'a Object> {
    let gone = gone(target, current, ours);
    let names: HashMap<(&str, &str), &Object> = current
        .objects
        .iter()
        .map(|object| ((object.kind.as_str(), object.identity.as_str()), object))
        .collect();
    let differs = |wanted: &&Object| {
        names
            .get(&(wanted.kind.as_str(), wanted.identity.as_str()))
            .is_none_or(|is| is.facts != wanted.facts || is_of_another(is, wanted))
    };
    // A policy stays with its table, whatever that is called: as it was, it may show rows that it hides now. What
    // holds rows cannot be made again.
    let is_altered = |wanted: &Object| {
        let now = current.by_key(&wanted.key);
        let stays = wanted.kind == "policy" || HOLDS_ROWS.contains(&wanted.kind.as_str());
        stays && now.is_some_and(|now| ours.is_changed_since(now))
    };
    let is_theirs = |wanted: &&Object| {
        ours.left_alone(wanted)
            || ours.is_dropped_since(wanted, current)
            || gone.contains(wanted.key.as_str())
            || is_altered(wanted)
    };
    target
        .objects
        .iter()
        .filter(differs)
        .filter(is_theirs)
        .collect()
}

/// Views and functions of both the target and the run that somebody has changed since the run: new clients' words
/// are in them, so they become what they were before it.
pub fn turned_back(target: &Snapshot, current: &Snapshot, ours: &Ours) -> Vec<String> {
    let is_of_target = |object: &&Object| {
        target.objects.iter().any(|was| {
            was.kind == object.kind && was.identity == object.identity && !ours.left_alone(was)
        })
    };
    current
        .objects
        .iter()
        .filter(|object| matches!(object.kind.as_str(), "view" | "function"))
        .filter(|object| ours.is_changed_since(object))
        .filter(is_of_target)
        .map(|object| object.identity.clone())
        .collect()
}

/// A right or a default of the same words on a view that has the table's old name.
fn is_of_another(is: &Object, wanted: &Object) -> bool {
    !STRUCTURE.contains(&is.kind.as_str()) && is.parent != wanted.parent
}

/// Keys of what somebody else has removed, and of what stood on it. A run renames tables, columns, sequences and
/// types that were there before, and never removes one.
fn gone<'a>(target: &'a Snapshot, current: &Snapshot, ours: &Ours) -> HashSet<&'a str> {
    let keys: HashSet<&str> = current
        .objects
        .iter()
        .map(|object| object.key.as_str())
        .collect();
    let is_removed = |object: &&Object| {
        HOLDS_ROWS.contains(&object.kind.as_str()) || ours.is_dropped_since(object, current)
    };
    let mut gone: HashSet<&str> = target
        .objects
        .iter()
        .filter(is_removed)
        .map(|object| object.key.as_str())
        .filter(|key| !keys.contains(key))
        .collect();
    loop {
        let before = gone.len();
        for object in &target.objects {
            let mut under = object.depends.iter().chain(object.parent.as_ref());
            let is_there = keys.contains(object.key.as_str());
            if !is_there && under.any(|key| gone.contains(key.as_str())) {
                gone.insert(&object.key);
            }
        }
        if gone.len() == before {
            return gone;
        }
    }
}
