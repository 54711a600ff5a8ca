//! Who may read and write after a rollback: the target's rights, as somebody has left them since the run.
//!
//! In: the recorded target, the last moment that the run recorded, the catalogue as it is. Out: the target
//! without what somebody has taken away since, with what they have set otherwise or given since on what is made
//! again. What stands on a relation that keeps PostgreSQL's number needs none of this for itself: it stays there
//! as it is. Pure; [`undone`] looks at the result again, whatever way it came about.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::ours::{Ours, counterpart, unquoted};
use super::tolerated::name;
use crate::migrate::catalogue::{Object, ROLES, Snapshot};
use crate::migrate::touched::ACCESS;

/// What becomes of the target's rights.
#[derive(Debug, Default)]
pub struct Rights {
    /// Rights of the recorded target.
    pub recorded: Vec<Object>,
    /// Kinds and identities of those that are not given again.
    pub withheld: HashSet<(String, String)>,
}

/// The target with the rights that it shall have, and what becomes of those that it had.
pub fn as_left(mut target: Snapshot, current: &Snapshot, ours: &Ours) -> (Snapshot, Rights) {
    let is_right = |object: &Object| ACCESS.contains(&object.kind.as_str());
    let recorded: Vec<Object> = target
        .objects
        .iter()
        .filter(|o| is_right(o))
        .cloned()
        .collect();
    let mut withheld = HashSet::new();
    target.objects.retain_mut(|object| {
        if !is_right(object) {
            return true;
        }
        let is_taken_away = ours.is_dropped_since(object, current);
        if is_taken_away || is_of_gone_role(object, current) {
            withheld.insert(name(object));
            return false;
        }
        if let Some(now) = set_otherwise(object, current, ours) {
            object.facts.clone_from(&now.facts);
            object.make.clone_from(&now.make);
        }
        true
    });
    let (given, refused) = given_since(&target, current, ours);
    target.objects.extend(given);
    withheld.extend(refused.iter().map(name));
    target
        .objects
        .sort_by(|a, b| (&a.kind, &a.identity).cmp(&(&b.kind, &b.identity)));
    (target, Rights { recorded, withheld })
}

/// The right as somebody has set it since, under the same name: an owner, an option.
fn set_otherwise<'a>(object: &Object, current: &'a Snapshot, ours: &Ours) -> Option<&'a Object> {
    let now = counterpart(current, ours.in_the_end(object)?)?;
    (ours.is_changed_since(now) && now.identity == object.identity && object.kind != "policy")
        .then_some(now)
}

/// Grants that came since, on what may be made again under the same name: those that are given again, and those that
/// are not, because what is made again shows more than what they were given on.
fn given_since(target: &Snapshot, current: &Snapshot, ours: &Ours) -> (Vec<Object>, Vec<Object>) {
    let names: HashMap<(String, String), &Object> = target
        .objects
        .iter()
        .map(|object| (name(object), object))
        .collect();
    let on = |grant: &Object| {
        let now = current.by_key(grant.parent.as_deref()?)?;
        Some((*names.get(&name(now))?, now))
    };
    current
        .objects
        .iter()
        .filter(|object| object.kind == "grant" && !names.contains_key(&name(object)))
        .filter(|grant| ours.in_the_end(grant).is_none() && on(grant).is_some())
        .cloned()
        .partition(|grant| on(grant).is_some_and(|(was, now)| shows_no_more(was, now)))
}

/// Whether who may use `now` sees no more by `was`: the same words, or those that run with the caller's rights.
fn shows_no_more(was: &Object, now: &Object) -> bool {
    let text = |fact: &str| was.facts.get(fact).and_then(Value::as_str);
    let has_callers_rights = match was.kind.as_str() {
        "view" => has_option(was, "security_invoker"),
        "function" => text("definition").is_some_and(|text| !text.contains("SECURITY DEFINER")),
        _ => true,
    };
    was.facts == now.facts || has_callers_rights
}

/// Whether a view has this option switched on.
fn has_option(view: &Object, option: &str) -> bool {
    let options = view.facts.get("options").and_then(Value::as_array);
    options.into_iter().flatten().any(|text| {
        let (name, value) = text
            .as_str()
            .and_then(|t| t.split_once('='))
            .unwrap_or_default();
        name == option && ["on", "true", "1", "yes"].contains(&value)
    })
}

/// Whether the role that it names is there no more, or under another name.
fn is_of_gone_role(object: &Object, current: &Snapshot) -> bool {
    let Some(Value::Array(roles)) = current.notes.get(ROLES) else {
        return false;
    };
    let role = match object.kind.as_str() {
        "grant" => Some(unquoted(&object.name)).filter(|role| role != "public"),
        "owner" => object
            .facts
            .get("role")
            .and_then(Value::as_str)
            .map(Into::into),
        _ => None,
    };
    role.is_some_and(|role| !roles.iter().any(|known| known == role.as_str()))
}

/// Rights that the run had left, that somebody took away or changed since, and that are `now` as they were before
/// the run: a rollback that has any of them must not happen.
pub fn undone(rights: &Rights, ours: &Ours, current: &Snapshot, now: &Snapshot) -> Vec<String> {
    let is_back = |was: &&Object| {
        let Some(last) = ours.in_the_end(was) else {
            return false;
        };
        let left = counterpart(current, last);
        let is_as_left = left.is_some_and(|left| {
            (left.facts == last.facts && left.name == last.name) || left.facts == was.facts
        });
        let stays = left.is_some_and(|left| now.by_key(&left.key).is_some());
        let named = |object: &&Object| object.kind == was.kind && object.identity == was.identity;
        let is = now.objects.iter().find(named);
        !is_as_left && !stays && is.is_some_and(|is| is.facts == was.facts)
    };
    let back = rights.recorded.iter().filter(is_back);
    back.map(|right| right.identity.clone()).collect()
}
