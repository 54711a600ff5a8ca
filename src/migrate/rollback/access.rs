//! Whose rows a relation shows: what decides that, and whether somebody has changed it since the run.
//!
//! In: a relation of the target, the catalogue as it is, what the run recorded last. Out: yes or no. Pure.
//! Rights are harmless alone and not together: a privilege that the run took away and a policy that came since
//! would show what neither has shown, and a view with its owner's rights shows what was hidden from the caller since.
//! What a function reads and calls nobody can tell, so where a policy asks one of a site's own, any change counts.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::ours::{Ours, unquoted};
use crate::migrate::catalogue::{ELSEWHERE, Object, ROLES, Snapshot};
use crate::migrate::touched::ACCESS;

/// What says which rows somebody with a privilege sees.
const ROWS: [&str; 3] = ["policy", "row security", "owner"];

/// The moments that are compared.
#[derive(Debug, Clone, Copy)]
pub struct Since<'a> {
    /// As it was before the run.
    pub target: &'a Snapshot,
    /// As it is.
    pub current: &'a Snapshot,
    /// What the run left.
    pub ours: &'a Ours,
}

impl<'a> Since<'a> {
    /// Whether somebody has changed who may use a relation of the target, or what it reads.
    pub fn is_access_changed(self, relation: &Object) -> bool {
        self.is_changed(relation, &ACCESS)
    }

    /// Whether somebody has changed which of its rows, or of those that it reads, are shown to whom.
    pub fn are_rows_changed(self, relation: &Object) -> bool {
        self.is_changed(relation, &ROWS)
    }

    /// Whether the role that owned this relation is there no more, is called otherwise, or may see other rows than
    /// when the run ended.
    pub fn is_owner_other(self, relation: &Object) -> bool {
        let is_its = |object: &&Object| {
            object.kind == "owner" && object.parent.as_deref() == Some(&relation.key)
        };
        let Some(owner) = self.target.objects.iter().find(is_its) else {
            return false;
        };
        let role = owner.facts.get("role").and_then(Value::as_str);
        is_of_gone_role(owner, self.current) || self.is_member_of_others(role.unwrap_or_default())
    }

    /// Whether a function of the target does something else since. What one reads and calls with its owner's rights
    /// nobody can tell, so there any change counts.
    pub fn is_function_other(self, function: &Object) -> bool {
        let now = self.current.counterpart(function);
        let definition = function.facts.get("definition").and_then(Value::as_str);
        let has_owners_rights = definition.is_some_and(|text| text.contains("SECURITY DEFINER"));
        now.is_some_and(|now| self.ours.is_changed_since(now))
            || has_owners_rights && (self.is_owner_other(function) || self.is_anything_changed())
    }

    /// Whether somebody may see more of a relation of the target by a privilege that everybody has, because of
    /// what roles have become since: one sees all rows, or a policy names one, or it owns what is read.
    pub fn may_everybody_see_more(self, relation: &Object) -> bool {
        let Some(changed) = self.changed_roles() else {
            return true;
        };
        let relations = self.read_by(relation);
        let rights = self.target.objects.iter().chain(&self.current.objects);
        let mut rights = rights.filter(|right| relations.contains(relation_of(right)));
        (!changed.members.is_empty() && self.asks_programs(&relations))
            || rights.any(|right| changed.all().any(|role| names_role(right, role)))
    }

    /// Keys of what these relations and their policies depend on.
    fn asked_by(self, relations: &HashSet<String>) -> HashSet<&'a str> {
        let is_of = |object: &&Object| match object.kind.as_str() {
            "policy" => relations.contains(relation_of(object)),
            "view" => relations.contains(&object.key),
            _ => false,
        };
        let objects = self.target.objects.iter().chain(&self.current.objects);
        let keys = objects.filter(is_of).flat_map(|object| &object.depends);
        keys.map(|key| base(key)).collect()
    }

    fn is_changed(self, relation: &Object, kinds: &[&str]) -> bool {
        let relations = self.read_by(relation);
        let own = self.keys_of(relation);
        let is_on = |object: &Object| relations.contains(relation_of(object));
        let is_behind = |object: &Object| is_on(object) && !own.contains(relation_of(object));
        self.is_any_changed(is_on, kinds)
            || self.is_any_changed(is_behind, &["view"])
            || self.is_any_given(is_behind)
            || self.is_an_owner_other(|parent| relations.contains(parent))
            || (self.asks_programs(&relations) && self.is_anything_changed())
    }

    /// Whether these relations or their policies ask a function or an operator of a site, or anything in schemas
    /// that are not captured.
    fn asks_programs(self, relations: &HashSet<String>) -> bool {
        let mut asked = self.asked_by(relations).into_iter();
        asked.any(|key| {
            let is_there = |snapshot: &Snapshot| snapshot.by_key(key).is_some();
            let is_captured =
                key.starts_with("proc ") && (is_there(self.current) || is_there(self.target));
            is_captured || key.starts_with("pg_operator ") || self.is_elsewhere(key)
        })
    }

    /// Whether somebody has changed anything that decides what a function shows: privileges and policies on what was
    /// there when the run ended, functions, what lies in other schemas, what an owner may see.
    fn is_anything_changed(self) -> bool {
        let known = self.known();
        let is_known = |right: &Object| known.contains(relation_of(right));
        self.is_any_given(is_known)
            || self.is_any_changed(is_known, &["policy", "row security", "owner", "view"])
            || self.is_a_function_changed()
            || self.is_elsewhere_changed()
            || self.is_an_owner_other(|_| true)
            || self.is_an_owner_elsewhere_other()
    }

    /// Keys of all that was there when the run ended: what somebody has made since nobody read then.
    fn known(&self) -> HashSet<&str> {
        let last = self.ours.moment();
        let objects = last.into_iter().flat_map(|last| &last.objects);
        objects.map(|object| object.key.as_str()).collect()
    }

    /// Whether it lies in a site's own schema that is not captured.
    fn is_elsewhere(self, key: &str) -> bool {
        let is_in =
            |snapshot: &Snapshot| elsewhere(snapshot).is_some_and(|it| it.contains_key(key));
        is_in(self.target) || is_in(self.current)
    }

    /// Whether anything has changed there: by number, made again under its name, or called as another is.
    fn is_elsewhere_changed(self) -> bool {
        let differ = |(then, later): (&'a Snapshot, &'a Snapshot)| {
            let (Some(then), Some(later)) = (elsewhere(then), elsewhere(later)) else {
                return false;
            };
            let names: HashMap<&Value, &String> =
                later.iter().map(|(key, facts)| (&facts[0], key)).collect();
            let bare = |facts: &'a Value| facts[0].as_str().and_then(|name| name.split('(').next());
            let known: HashSet<Option<&str>> = then.values().map(bare).collect();
            let mut new = later.iter().filter(|(key, _)| !then.contains_key(*key));
            new.any(|(_, facts)| known.contains(&bare(facts)))
                || then.iter().any(|(key, facts)| match later.get(key) {
                    Some(now) => now != facts,
                    None => names.contains_key(&facts[0]),
                })
        };
        self.windows().into_iter().flatten().any(differ)
    }

    /// Whether an owner of any of these may see other rows since: whoever reads its view sees them with it.
    fn is_an_owner_other(self, is_one: impl Fn(&str) -> bool) -> bool {
        let is_its = |object: &&Object| {
            object.kind == "owner" && is_one(object.parent.as_deref().unwrap_or_default())
        };
        let owners = self.current.objects.iter().filter(is_its);
        let roles: HashSet<&str> = owners
            .filter_map(|owner| owner.facts.get("role")?.as_str())
            .collect();
        roles.into_iter().any(|role| self.is_role_other(role))
    }

    /// Whether the owner of anything in schemas that are not captured may see other rows since.
    fn is_an_owner_elsewhere_other(self) -> bool {
        let others = elsewhere(self.current).into_iter().flatten();
        let roles: HashSet<&str> = others.filter_map(|(_, facts)| facts[2].as_str()).collect();
        roles.into_iter().any(|role| self.is_role_other(role))
    }

    /// Whether an object of these kinds has come, gone or changed since, or while the run was at work.
    fn is_any_changed(self, of: impl Fn(&Object) -> bool, kinds: &[&str]) -> bool {
        let is_on = |object: &&Object| kinds.contains(&object.kind.as_str()) && of(object);
        let mut windows = self.windows().into_iter().flatten();
        windows.any(|(then, now)| {
            let mut was = then.objects.iter().filter(is_on);
            let mut is = now.objects.iter().filter(is_on);
            was.any(|object| {
                self.is_others_in(object, then)
                    && now
                        .counterpart(object)
                        .is_none_or(|is| is.facts != object.facts || is.name != object.name)
            }) || is
                .any(|object| self.is_others_in(object, then) && then.counterpart(object).is_none())
        })
    }

    /// Whether a privilege has come since, or while the run was at work.
    fn is_any_given(self, of: impl Fn(&Object) -> bool) -> bool {
        let is_on = |object: &&Object| object.kind == "grant" && of(object);
        let mut windows = self.windows().into_iter().flatten();
        windows.any(|(then, now)| {
            let mut grants = now.objects.iter().filter(is_on);
            grants.any(|grant| self.is_others_in(grant, then) && then.counterpart(grant).is_none())
        })
    }

    /// What is compared: the target with the moment before the cut-over, the end with now. In between the cut-over
    /// gives words new names.
    fn windows(self) -> [Option<(&'a Snapshot, &'a Snapshot)>; 2] {
        let before = self.ours.before_cutover();
        let last = self.ours.moment();
        [
            before.map(|before| (self.target, before)),
            last.map(|last| (last, self.current)),
        ]
    }

    /// Whether a difference of this object is somebody else's: since the end any is, and before it those of what was
    /// there and the run does not touch.
    fn is_others_in(self, object: &Object, then: &Snapshot) -> bool {
        let is_target = std::ptr::eq(then, self.target);
        !is_target || (self.ours.is_untouched(object) && self.ours.is_of_target(object))
    }

    /// Whether somebody has changed any function since, or while the run was at work, or made one whose name another
    /// has: calls may mean the new one.
    fn is_a_function_changed(self) -> bool {
        let is_function = |object: &&Object| object.kind == "function";
        let mut now = self.current.objects.iter().filter(is_function);
        let mut then = self.target.objects.iter().filter(is_function);
        let mut windows = self.windows().into_iter().flatten();
        let is_one_of_a_known_name = windows.any(|(then, now)| {
            let of = |it: &Object| (it.parent.clone(), it.name.clone());
            let known = then.objects.iter().filter(is_function);
            let known: HashSet<_> = known.map(of).collect();
            let mut new = now.objects.iter().filter(is_function).filter(|it| {
                then.counterpart(it).is_none()
                    && (self.ours.is_untouched(it) || !std::ptr::eq(then, self.target))
            });
            new.any(|it| known.contains(&of(it)))
        });
        is_one_of_a_known_name
            || now.any(|function| self.ours.is_changed_since(function))
            || then.any(|function| {
                let earlier = self.ours.before_cutover();
                let later = earlier.and_then(|earlier| earlier.counterpart(function));
                self.ours.is_untouched(function)
                    && later.is_some_and(|later| later.facts != function.facts)
            })
    }

    /// Keys of a relation of the target: then, in the end and now.
    fn keys_of(self, relation: &Object) -> HashSet<String> {
        let last = self.ours.in_the_end(relation);
        let now = last.and_then(|last| self.current.counterpart(last));
        let all = [Some(relation), last, now].into_iter().flatten();
        all.map(|it| it.key.clone()).collect()
    }

    /// A relation of the target, all that it reads, and what their policies ask: their keys then, in the end and
    /// now.
    fn read_by(self, relation: &Object) -> HashSet<String> {
        let mut keys = HashSet::new();
        let mut open = vec![relation];
        while let Some(object) = open.pop() {
            if !keys.insert(object.key.clone()) {
                continue;
            }
            keys.extend(self.keys_of(object));
            let asked = |snapshot: &Snapshot| -> Vec<String> {
                let policies = snapshot.objects.iter().filter(|it| it.kind == "policy");
                let its = policies.filter(|policy| policy.parent.as_deref() == Some(&object.key));
                its.flat_map(|policy| policy.depends.clone()).collect()
            };
            let asked = [asked(self.target), asked(self.current)].concat();
            let read = object.depends.iter().chain(&asked);
            open.extend(read.filter_map(|key| {
                let object = self.target.by_key(base(key))?;
                matches!(object.kind.as_str(), "table" | "view").then_some(object)
            }));
        }
        keys
    }
}

fn elsewhere(snapshot: &Snapshot) -> Option<&Map<String, Value>> {
    snapshot.notes.get(ELSEWHERE)?.as_object()
}

/// Whether a right says something about this role: the owner's, one that it has, a policy that names it anywhere.
fn names_role(right: &Object, role: &str) -> bool {
    let fact = |name: &str| right.facts.get(name).and_then(Value::as_str);
    match right.kind.as_str() {
        "owner" => fact("role") == Some(role),
        "grant" => unquoted(&right.name) == role,
        // As an identifier, or in a text.
        "policy" => fact("definition").is_some_and(|words| {
            words.contains(role)
                || words.contains(&role.replace('"', "\"\""))
                || words.contains(&role.replace('\'', "''"))
        }),
        _ => false,
    }
}

/// The key of the relation that a right is on, or of the view that this is.
fn relation_of(object: &Object) -> &str {
    match object.kind.as_str() {
        "view" => &object.key,
        _ => base(object.parent.as_deref().unwrap_or_default()),
    }
}

/// The key of the relation that a column is of.
pub fn base(key: &str) -> &str {
    key.split(" column ").next().unwrap_or(key)
}

/// Whether the role that a right names is there no more, or under another name.
pub fn is_of_gone_role(right: &Object, current: &Snapshot) -> bool {
    let Some(Value::Array(roles)) = current.notes.get(ROLES) else {
        return false;
    };
    let role = match right.kind.as_str() {
        "grant" => Some(unquoted(&right.name)).filter(|role| role != "public"),
        "owner" => {
            let role = right.facts.get("role").and_then(Value::as_str);
            role.map(Into::into)
        }
        _ => None,
    };
    role.is_some_and(|role| !roles.iter().any(|known| known == role.as_str()))
}
