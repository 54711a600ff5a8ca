//! Whose rows a relation shows: what decides that, and whether somebody has changed it since the run.
//!
//! In: a relation of the target, the catalogue as it is, what the run recorded last. Out: yes or no. Pure.
//! Rights are harmless alone and not together: a privilege that the run took away and a policy that came since
//! would show what neither has shown, and a view with its owner's rights shows what was hidden from the caller since.

use std::collections::HashSet;

use serde_json::Value;

use super::ours::{Ours, unquoted};
use crate::migrate::catalogue::{MEMBERSHIPS, Object, ROLES, Snapshot};
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

impl Since<'_> {
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

    /// Whether a role has become or ceased to be a member of another since, or another of it, or to be bound by
    /// row-level security.
    pub fn is_member_of_others(self, role: &str) -> bool {
        let memberships = |snapshot: &Snapshot| {
            let known = snapshot.notes.get(MEMBERSHIPS)?.as_object()?;
            let is_of = |of: &Value| {
                of.as_array()
                    .is_some_and(|of| of.iter().any(|of| of == role))
            };
            let members = known.iter().filter(|(_, of)| is_of(of));
            let members: Vec<String> = members.map(|(member, _)| member.clone()).collect();
            Some((known.get(role).cloned(), members))
        };
        let then = self.ours.moment().and_then(memberships);
        then.is_some_and(|then| Some(then) != memberships(self.current))
    }

    /// Whether a function of the target does something else since. What one reads and calls with its owner's rights
    /// nobody can tell, so there any change of rows and functions counts, and any privilege that was given.
    pub fn is_function_other(self, function: &Object) -> bool {
        let now = self.current.counterpart(function);
        let definition = function.facts.get("definition").and_then(Value::as_str);
        let has_owners_rights = definition.is_some_and(|text| text.contains("SECURITY DEFINER"));
        // What somebody has made since it did not read then.
        let known: HashSet<&str> = match self.ours.moment() {
            Some(last) => last.objects.iter().map(|it| it.key.as_str()).collect(),
            None => HashSet::new(),
        };
        let is_known = |right: &Object| known.contains(relation_of(right));
        now.is_some_and(|now| self.ours.is_changed_since(now))
            || has_owners_rights
                && (self.is_owner_other(function)
                    || self.is_a_function_changed()
                    || self.is_any_given(is_known)
                    || self.is_any_changed(is_known, &ROWS))
    }

    fn is_changed(self, relation: &Object, kinds: &[&str]) -> bool {
        let relations = self.read_by(relation);
        self.is_any_changed(|object| relations.contains(relation_of(object)), kinds)
    }

    /// Whether a right of these kinds has come, gone or changed since, or what a policy among them asks: since a
    /// function may ask another, any that somebody has changed.
    fn is_any_changed(self, of: impl Fn(&Object) -> bool, kinds: &[&str]) -> bool {
        let Some(last) = self.ours.moment() else {
            return false;
        };
        let is_on = |object: &&Object| kinds.contains(&object.kind.as_str()) && of(object);
        let mut then = last.objects.iter().filter(is_on);
        let mut now = self.current.objects.iter().filter(is_on);
        let is_one_changed = self.is_a_function_changed();
        let asks_changed = |object: &Object| {
            let asked = object.depends.iter();
            is_one_changed
                && object.kind == "policy"
                && asked
                    .filter_map(|key| self.current.by_key(key))
                    .any(|asked| asked.kind == "function")
        };
        then.any(|object| self.current.counterpart(object).is_none())
            || now.any(|object| {
                self.ours.in_the_end(object).is_none()
                    || self.ours.is_changed_since(object)
                    || asks_changed(object)
            })
    }

    /// Whether a privilege has come since.
    fn is_any_given(self, of: impl Fn(&Object) -> bool) -> bool {
        let objects = self.current.objects.iter();
        let mut grants = objects.filter(|object| object.kind == "grant" && of(object));
        grants.any(|grant| self.ours.in_the_end(grant).is_none())
    }

    /// Whether somebody has changed any function since.
    fn is_a_function_changed(self) -> bool {
        let objects = self.current.objects.iter();
        let mut functions = objects.filter(|object| object.kind == "function");
        functions.any(|function| self.ours.is_changed_since(function))
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
            let last = self.ours.in_the_end(object);
            let now = last.and_then(|last| self.current.counterpart(last));
            keys.extend([last, now].into_iter().flatten().map(|it| it.key.clone()));
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

/// The key of the relation that a right is on.
fn relation_of(right: &Object) -> &str {
    base(right.parent.as_deref().unwrap_or_default())
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
