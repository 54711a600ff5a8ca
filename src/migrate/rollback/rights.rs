//! Who may read and write after a rollback: the target's rights, as somebody has left them since the run.
//!
//! In: the recorded target, the last moment that the run recorded, the catalogue as it is. Out: the target
//! without what somebody has taken away since, with what they have set otherwise or given since on what is made
//! again. What stands on a relation that keeps PostgreSQL's number needs none of this for itself: it stays there
//! as it is. Pure; [`undone`] looks at the result again, whatever way it came about.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::ours::{Ours, unquoted};
use super::tolerated::name;
use crate::migrate::catalogue::{Object, ROLES, Snapshot};
use crate::migrate::touched::ACCESS;
use crate::pg::ident::quote_ident;

/// A view with it runs with the caller's rights.
const INVOKER: &str = "security_invoker";

/// What becomes of the target's rights.
#[derive(Debug, Default)]
pub struct Rights {
    /// Rights of the recorded target.
    pub recorded: Vec<Object>,
    /// Kinds and identities of those that do not come back as they were.
    pub withheld: HashSet<(String, String)>,
    /// Views that ran with their owner's rights and run with the caller's, because somebody has changed since who
    /// may read and write.
    pub narrowed: Vec<String>,
}

/// The target with the rights that it shall have, and what becomes of those that it had.
pub fn as_left(mut target: Snapshot, current: &Snapshot, ours: &Ours) -> (Snapshot, Rights) {
    let recorded: Vec<Object> = target
        .objects
        .iter()
        .filter(|o| is_right(o))
        .cloned()
        .collect();
    let mut rights = Rights {
        recorded,
        ..Rights::default()
    };
    rights.narrowed = narrow(&mut target, current, ours);
    let replaced = replaced_and_taken(&target, current, ours);
    target.objects.retain_mut(|object| {
        if !is_right(object) {
            return true;
        }
        if object.kind == "owner" {
            return keep_owner(object, current, ours, &mut rights);
        }
        let is_taken_away =
            ours.is_dropped_since(object, current) || replaced.contains(&object.key);
        if is_taken_away || is_of_gone_role(object, current) {
            rights.withheld.insert(name(object));
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
    rights.withheld.extend(refused.iter().map(name));
    target
        .objects
        .sort_by(|a, b| (&a.kind, &a.identity).cmp(&(&b.kind, &b.identity)));
    (target, rights)
}

fn is_right(object: &Object) -> bool {
    ACCESS.contains(&object.kind.as_str())
}

/// Views that ran with their owner's rights run with the caller's where somebody has changed since who may use them
/// or what they read. (The run's own views do so.) Returns them.
fn narrow(target: &mut Snapshot, current: &Snapshot, ours: &Ours) -> Vec<String> {
    let shows_more = |view: &Object| {
        let last = ours.in_the_end(view);
        view.kind == "view"
            && !has_option(view, INVOKER)
            && last.is_none_or(|last| has_option(last, INVOKER))
            && ours.is_access_changed(&read_by(view, target, current, ours), current)
    };
    let places: Vec<usize> = (0..target.objects.len())
        .filter(|place| shows_more(&target.objects[*place]))
        .collect();
    let mut narrowed = vec![];
    for place in places {
        let view = &mut target.objects[place];
        let mut options = texts(view, "options");
        options.push(format!("{INVOKER}=on"));
        let query = view.facts.get("query").and_then(Value::as_str);
        view.make = Some(format!(
            "create view {} with ({}) as {}",
            view.relation,
            options.join(", "),
            query.unwrap_or_default()
        ));
        view.facts["options"] = options.into();
        narrowed.push(view.identity.clone());
    }
    narrowed
}

/// A view of the target and all that it reads: their keys then, in the end and now.
fn read_by(view: &Object, target: &Snapshot, current: &Snapshot, ours: &Ours) -> HashSet<String> {
    let mut keys = HashSet::new();
    let mut open = vec![view];
    while let Some(object) = open.pop() {
        if !keys.insert(object.key.clone()) {
            continue;
        }
        let last = ours.in_the_end(object);
        keys.extend(last.map(|last| last.key.clone()));
        keys.extend(
            last.and_then(|last| current.counterpart(last))
                .map(|now| now.key.clone()),
        );
        let relations = object
            .depends
            .iter()
            .filter_map(|key| key.split(" column ").next());
        open.extend(relations.filter_map(|key| target.by_key(key)));
    }
    keys
}

/// The owner that it has now, where somebody has changed it or its name since. False when nobody can tell.
fn keep_owner(object: &mut Object, current: &Snapshot, ours: &Ours, rights: &mut Rights) -> bool {
    let now = current.counterpart(ours.in_the_end(object).unwrap_or(object));
    let is_gone = is_of_gone_role(object, current);
    let Some(now) = now else {
        return !is_gone;
    };
    if is_gone || ours.is_changed_since(now) {
        rights.withheld.insert(name(object));
        object.facts.clone_from(&now.facts);
        let role = now
            .facts
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default();
        object.make = Some(format!(
            "alter {} owner to {}",
            object.relation,
            quote_ident(role)
        ));
    }
    true
}

/// The right as somebody has set it since, under the same name: an option.
fn set_otherwise<'a>(object: &Object, current: &'a Snapshot, ours: &Ours) -> Option<&'a Object> {
    let now = current.counterpart(ours.in_the_end(object)?)?;
    (ours.is_changed_since(now) && now.identity == object.identity && object.kind != "policy")
        .then_some(now)
}

/// Keys of the target's grants that the run had replaced by others, of which somebody has taken one away since: who
/// takes it from those who were left does not want everybody to have it again.
fn replaced_and_taken(target: &Snapshot, current: &Snapshot, ours: &Ours) -> HashSet<String> {
    let is_grant = |object: &&Object| object.kind == "grant";
    let taken: HashSet<(&str, &str)> = ours
        .at_the_end()
        .iter()
        .filter(is_grant)
        .filter(|grant| current.counterpart(grant).is_none())
        // Whose role is gone wanted nothing of the others.
        .filter(|grant| !is_of_gone_role(grant, current))
        .filter_map(|grant| Some((grant.parent.as_deref()?, privilege(grant))))
        .collect();
    if taken.is_empty() {
        return HashSet::new();
    }
    let is_taken = |grant: &&Object| {
        let parent = grant.parent.as_deref().and_then(|key| target.by_key(key));
        let last = parent.and_then(|parent| ours.in_the_end(parent));
        ours.in_the_end(grant).is_none()
            && last.is_some_and(|last| taken.contains(&(last.key.as_str(), privilege(grant))))
    };
    let grants = target.objects.iter().filter(is_grant).filter(is_taken);
    grants.map(|grant| grant.key.clone()).collect()
}

/// `SELECT` of a grant.
fn privilege(grant: &Object) -> &str {
    grant.key.rsplit(' ').next().unwrap_or_default()
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
        let key = grant.parent.as_deref()?;
        let view = || current.by_key(key.split_once(" column ")?.0);
        let now = current.by_key(key).or_else(view)?;
        Some((*names.get(&name(now))?, now))
    };
    // The columns of a view are no objects of their own.
    let has_column = |grant: &Object, was: &Object| {
        let key = grant.parent.as_deref().unwrap_or_default();
        current.by_key(key).is_some()
            || current
                .view_column(key)
                .is_some_and(|column| target.has_view_column(&was.key, column))
    };
    current
        .objects
        .iter()
        .filter(|object| object.kind == "grant" && !names.contains_key(&name(object)))
        .filter(|grant| ours.in_the_end(grant).is_none() && on(grant).is_some())
        .cloned()
        .partition(|grant| {
            on(grant).is_some_and(|(was, now)| shows_no_more(was, now) && has_column(grant, was))
        })
}

/// Whether who may use `now` sees no more by `was`: the same words, or those that run with the caller's rights.
fn shows_no_more(was: &Object, now: &Object) -> bool {
    let text = |fact: &str| was.facts.get(fact).and_then(Value::as_str);
    let has_callers_rights = match was.kind.as_str() {
        "view" => has_option(was, INVOKER),
        "function" => text("definition").is_some_and(|text| !text.contains("SECURITY DEFINER")),
        _ => true,
    };
    was.facts == now.facts || has_callers_rights
}

/// Whether a view has this option switched on.
fn has_option(view: &Object, option: &str) -> bool {
    texts(view, "options").iter().any(|text| {
        let (name, value) = text.split_once('=').unwrap_or_default();
        name == option && ["on", "true", "1", "yes"].contains(&value)
    })
}

fn texts(object: &Object, fact: &str) -> Vec<String> {
    let list = object.facts.get(fact).and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(Into::into).collect()
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
        let left = current.counterpart(last);
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
