//! Who may read and write after a rollback: the target's rights, as somebody has left them since the run.
//!
//! In: the recorded target, the last moment that the run recorded, the catalogue as it is. Out: the target
//! without what somebody has taken away since, with what they have set otherwise or given since on what is made
//! again. What stands on a relation that keeps PostgreSQL's number needs none of this for itself: it stays there
//! as it is. Pure; [`undone`] looks at the result again, whatever way it came about.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::access::{Since, base, is_of_gone_role};
use super::ours::{Ours, unquoted};
use super::tolerated::name;
use crate::migrate::catalogue::{Object, Snapshot};
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
    keep_switches(&mut target, current, ours);
    let since = Since {
        target: &target,
        current,
        ours,
    };
    let withheld = Withheld::new(since);
    let bound = still_bound(since);
    let names: HashMap<String, Object> = structure(&target);
    target.objects.retain_mut(|object| {
        if !is_right(object) {
            return true;
        }
        if is_on_renamed(object, &names, current, ours) {
            rights.withheld.insert(name(object));
            return false;
        }
        if object.kind == "owner" {
            return keep_owner(object, current, ours, &mut rights);
        }
        let is_taken_away =
            ours.is_dropped_since(object, current) || withheld.grants.contains(&object.key);
        if is_taken_away || is_of_gone_role(object, current) {
            rights.withheld.insert(name(object));
            return false;
        }
        let kept = current
            .by_key(&object.key)
            .filter(|_| bound.contains(&object.key));
        if kept.is_some() {
            rights.withheld.insert(name(object));
        }
        if let Some(now) = kept.or_else(|| set_otherwise(object, current, ours)) {
            object.facts.clone_from(&now.facts);
            object.make.clone_from(&now.make);
        }
        true
    });
    let (given, refused) = given_since(&target, current, ours, &withheld);
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
/// or what they read, or what their owner sees. (The run's own views do so.) Returns them.
fn narrow(target: &mut Snapshot, current: &Snapshot, ours: &Ours) -> Vec<String> {
    let since = Since {
        target,
        current,
        ours,
    };
    let shows_more = |view: &Object| {
        let last = ours.in_the_end(view);
        view.kind == "view"
            && !has_option(view, INVOKER)
            && last.is_none_or(|last| has_option(last, INVOKER))
            && (since.is_access_changed(view) || since.is_owner_other(view))
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

/// Row-level security that the run has switched on, by its key, where somebody has given privileges or made policies
/// since: it stays on.
fn still_bound(since: Since<'_>) -> HashSet<String> {
    let is_on = |object: &Object| object.facts["on"] == true;
    let switches = since.target.objects.iter().filter(|object| {
        let now = since.current.by_key(&object.key);
        object.kind == "row security" && !is_on(object) && now.is_some_and(is_on)
    });
    switches
        .filter(|switch| {
            let table = switch.parent.as_deref();
            let table = table.and_then(|key| since.target.by_key(key));
            table.is_some_and(|table| since.is_access_changed(table))
        })
        .map(|switch| switch.key.clone())
        .collect()
}

/// Relations and functions by their keys.
fn structure(target: &Snapshot) -> HashMap<String, Object> {
    let objects = target.objects.iter();
    objects
        .filter(|object| matches!(object.kind.as_str(), "table" | "view" | "function"))
        .map(|object| (object.key.clone(), object.clone()))
        .collect()
}

/// Whether somebody has given what the right is on another name since: its rights stay with it.
fn is_on_renamed(
    right: &Object,
    target: &HashMap<String, Object>,
    current: &Snapshot,
    ours: &Ours,
) -> bool {
    let parent = right.parent.as_deref().map(base).unwrap_or_default();
    let was = target.get(parent);
    let now = was.and_then(|was| current.by_key(&was.key));
    let (Some(was), Some(now)) = (was, now) else {
        return false;
    };
    right.kind != "policy" && was.name != now.name && !ours.has_renamed(was, now)
}

/// Triggers that somebody has switched off or on since stay so, even where they are made again.
fn keep_switches(target: &mut Snapshot, current: &Snapshot, ours: &Ours) {
    for trigger in target
        .objects
        .iter_mut()
        .filter(|object| object.kind == "trigger")
    {
        let last = ours.in_the_end(trigger);
        let now = last.and_then(|last| current.counterpart(last));
        let (Some(last), Some(now)) = (last, now) else {
            continue;
        };
        if last.facts["enabled"] == now.facts["enabled"] {
            continue;
        }
        let switch = match now.facts["enabled"].as_str() {
            Some("D") => "disable",
            Some("R") => "enable replica",
            Some("A") => "enable always",
            _ => "enable",
        };
        let definition = trigger.facts["definition"].as_str().unwrap_or_default();
        trigger.make = Some(format!(
            "{definition}; alter table {} {switch} trigger {}",
            trigger.relation, trigger.name
        ));
        trigger.facts["enabled"] = now.facts["enabled"].clone();
    }
}

/// The relation or function that a grant is on, and the role that has it.
fn on_and_to(grant: &Object) -> (&str, &str) {
    let on = grant.parent.as_deref().map(base).unwrap_or_default();
    (on, &grant.name)
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

/// Grants of the target that the run took away and that do not come back. It had put narrower ones in the place of
/// some, and those stay.
#[derive(Debug, Default)]
struct Withheld {
    /// Keys of the target's grants.
    grants: HashSet<String>,
    /// What they are on, by its key in the end, and their privilege.
    places: HashSet<(String, String)>,
    /// Those of them that everybody had.
    everybodys: HashSet<(String, String)>,
}

impl Withheld {
    fn new(since: Since<'_>) -> Self {
        let mut withheld = Self::default();
        let Some(last) = since.ours.moment() else {
            return withheld;
        };
        let taken = Taken::new(last, since.current);
        let mut known: HashMap<&str, bool> = HashMap::new();
        let grants = since.target.objects.iter();
        for grant in grants.filter(|object| object.kind == "grant") {
            let (on, role) = on_and_to(grant);
            let parent = since.target.by_key(on);
            let (Some(parent), None) = (parent, since.ours.in_the_end(grant)) else {
                continue;
            };
            let then = since.ours.in_the_end(parent);
            let then = then.map_or("", |then| then.key.as_str());
            let shows_more = || match parent.kind.as_str() {
                "function" => since.is_function_other(parent),
                _ => since.are_rows_changed(parent),
            };
            let is_more_seen = || match role {
                "public" => parent.kind != "function" && since.may_everybody_see_more(parent),
                _ => since.is_member_of_others(&unquoted(role)),
            };
            if taken.has(then, role, privilege(grant))
                || is_more_seen()
                || *known.entry(on).or_insert_with(shows_more)
            {
                withheld.grants.insert(grant.key.clone());
                let place = (then.to_owned(), privilege(grant).to_owned());
                if role == "public" {
                    withheld.everybodys.insert(place.clone());
                }
                withheld.places.insert(place);
            }
        }
        withheld
    }

    /// Whether this grant of the run has taken the place of one that does not come back, and is there still.
    fn has_successor(&self, grant: &Object, ours: &Ours) -> bool {
        let last = ours.in_the_end(grant);
        last.is_some_and(|last| self.places.contains(&place(last)))
    }

    /// Whether it has taken the place of one that everybody had, its role as well.
    fn had_everybody(&self, grant: &Object, ours: &Ours) -> bool {
        let last = ours.in_the_end(grant);
        last.is_some_and(|last| self.everybodys.contains(&place(last)))
    }
}

/// Grants of the run that somebody has taken away since: who takes it from those who were left does not want everybody
/// to have it again, and who takes one privilege from a role does not want it to have another.
struct Taken {
    places: HashSet<(String, String)>,
    roles: HashSet<(String, String)>,
}

impl Taken {
    fn new(last: &Snapshot, current: &Snapshot) -> Self {
        // The owner's go with the owner, and those of a role that is gone with the role.
        let owners: HashMap<&str, &str> = last
            .objects
            .iter()
            .filter(|object| object.kind == "owner")
            .filter_map(|owner| {
                Some((owner.parent.as_deref()?, owner.facts.get("role")?.as_str()?))
            })
            .collect();
        let is_taken = |grant: &&Object| {
            let (on, role) = on_and_to(grant);
            grant.kind == "grant"
                && current.counterpart(grant).is_none()
                && !is_of_gone_role(grant, current)
                && owners.get(on).is_none_or(|owner| *owner != unquoted(role))
        };
        let grants: Vec<&Object> = last.objects.iter().filter(is_taken).collect();
        let on_and_to = |grant: &&Object| {
            let (on, role) = on_and_to(grant);
            (on.to_owned(), role.to_owned())
        };
        Self {
            places: grants.iter().map(|grant| place(grant)).collect(),
            roles: grants.iter().map(on_and_to).collect(),
        }
    }

    /// Whether one of the same privilege, or one of the same role, is among them.
    fn has(&self, on: &str, role: &str, privilege: &str) -> bool {
        let is = |set: &HashSet<(String, String)>, what: &str| {
            set.contains(&(on.to_owned(), what.to_owned()))
        };
        is(&self.places, privilege) || is(&self.roles, role)
    }
}

/// What a grant is on, and its privilege.
fn place(grant: &Object) -> (String, String) {
    let (on, _) = on_and_to(grant);
    (on.to_owned(), privilege(grant).to_owned())
}

/// `SELECT` of a grant.
fn privilege(grant: &Object) -> &str {
    grant.key.rsplit(' ').next().unwrap_or_default()
}

/// Grants that came since, or that stand in the place of one that does not come back, on what may be made again
/// under the same name: those that are given again, and those that
/// are not, because what is made again shows more than what they were given on.
fn given_since(
    target: &Snapshot,
    current: &Snapshot,
    ours: &Ours,
    withheld: &Withheld,
) -> (Vec<Object>, Vec<Object>) {
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
        .filter(|grant| ours.in_the_end(grant).is_none() || withheld.has_successor(grant, ours))
        .filter(|grant| on(grant).is_some())
        .cloned()
        .partition(|grant| {
            let had_it = withheld.had_everybody(grant, ours);
            on(grant).is_some_and(|(was, now)| {
                (had_it || shows_no_more(was, now)) && has_column(grant, was)
            })
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
