//! Brings definitions back: what is missing is made, what differs is made again, what is left over is
//! removed, until the catalogue is the target.
//!
//! In: the target, inside the transaction that has dropped and renamed already. Each round reads the
//! catalogue anew, because making one thing gives it defaults (grants by default privilege, an owner) that
//! the next round puts right.

use std::collections::{HashMap, HashSet};

use tokio_postgres::Transaction;

use super::access::base;
use super::order::sorted;
use super::ours::Ours;
use super::plan::{Plan, STRUCTURE};
use super::tolerated::name;
use crate::migrate::Fault;
use crate::migrate::catalogue::{self, Change, Object, Snapshot};

/// More rounds than any real difference needs.
const ROUNDS: usize = 6;

/// In the order in which things are made.
const ORDER: [&str; 18] = [
    "schema",
    "type",
    "table",
    "column",
    "sequence",
    "function",
    "view",
    "default",
    "not null",
    "constraint",
    "index",
    "rule",
    "trigger",
    "policy",
    "row security",
    "owner",
    "grant",
    "comment",
];

/// What the restoration is told.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// How it shall be.
    pub target: &'a Snapshot,
    /// How it was when the rollback began.
    pub current: &'a Snapshot,
    /// What was worked out from the two.
    pub plan: &'a Plan,
    /// What the run made.
    pub ours: &'a Ours,
}

/// Makes the catalogue equal to the target, apart from what is somebody else's. Returns it as it is then.
///
/// # Errors
/// When something cannot be made again, with its names; when PostgreSQL refuses a definition.
pub async fn restore(client: &Transaction<'_>, wanted: Wanted<'_>) -> Result<Snapshot, Fault> {
    client
        .batch_execute("set local check_function_bodies = off")
        .await?;
    let mut last = vec![];
    // Somebody else's, removed because they stood on something that is made again.
    let mut removed: HashMap<(String, String), String> = HashMap::new();
    for _ in 0..ROUNDS {
        let now = catalogue::read(client).await?;
        let todo = work(wanted, &now, &removed);
        if !todo.impossible.is_empty() {
            return Err(Fault::failed(format!(
                "this cannot be brought back from its definition: {}",
                todo.impossible.join(", ")
            ))
            .hint(
                "nothing was changed; look at these objects, or use --to backup or the full dump",
            ));
        }
        if todo.statements.is_empty() {
            return Ok(now);
        }
        if todo.statements == last {
            break;
        }
        for sql in &todo.statements {
            client
                .batch_execute(sql)
                .await
                .map_err(|error| Fault::from(error).at(first_line(sql)))?;
        }
        last = todo.statements;
        removed.extend(todo.removed);
    }
    Err(Fault::failed(format!(
        "the catalogue does not settle; still to do: {}",
        last.iter()
            .map(|sql| first_line(sql))
            .collect::<Vec<_>>()
            .join("; ")
    ))
    .hint("nothing was changed"))
}

fn first_line(sql: &str) -> &str {
    sql.lines().next().unwrap_or_default()
}

/// The differences that are ours to settle, for reports and proofs. Empty: the target is reached.
pub fn remaining(wanted: Wanted<'_>, now: &Snapshot) -> Vec<String> {
    let todo = work(wanted, now, &HashMap::new());
    todo.statements.into_iter().chain(todo.impossible).collect()
}

#[derive(Debug, Default)]
struct Work {
    statements: Vec<String>,
    impossible: Vec<String>,
    /// Removed with what they stand on, and how they are made again as they are.
    removed: Vec<((String, String), String)>,
}

fn work(wanted: Wanted<'_>, now: &Snapshot, removed: &HashMap<(String, String), String>) -> Work {
    let target: HashMap<(&str, &str), &Object> = index(wanted.target);
    let is: HashMap<(&str, &str), &Object> = index(now);
    let mut todo = Work::default();
    let mut remove: Vec<&Object> = vec![];
    let mut make: Vec<&Object> = vec![];
    let mut again: Vec<String> = vec![];
    for difference in catalogue::compare(wanted.target, now) {
        let name = (difference.kind.as_str(), difference.identity.as_str());
        let tolerated = (difference.kind.clone(), difference.identity.clone());
        if wanted.plan.tolerated.contains(&tolerated) {
            if difference.change == Change::Missing {
                again.extend(removed.get(&tolerated).cloned());
            }
            continue;
        }
        match difference.change {
            Change::Missing => make.push(target[&name]),
            Change::Changed => {
                if is_replaced_in_place(name.0) {
                    make.push(target[&name]);
                } else {
                    remove.push(is[&name]);
                }
            }
            Change::Added => {
                let object = is[&name];
                if is_leftover(wanted, &target, now, object) {
                    remove.push(object);
                }
            }
        }
    }
    let remove = with_dependents(now, remove, &mut todo.impossible);
    for object in &remove {
        match (&object.remove, can_go(&object.kind)) {
            (Some(sql), true) => {
                todo.statements.push(sql.clone());
                todo.removed
                    .extend(object.make.clone().map(|make| (name(object), make)));
            }
            _ => todo.impossible.push(object.identity.clone()),
        }
    }
    // What is removed now is missing in the next round and made then.
    if todo.statements.is_empty() {
        for object in in_order(wanted.target, make) {
            match &object.make {
                Some(sql) => todo.statements.push(sql.clone()),
                None => todo.impossible.push(object.identity.clone()),
            }
        }
        todo.statements.extend(again);
    }
    todo
}

fn index(snapshot: &Snapshot) -> HashMap<(&str, &str), &Object> {
    snapshot
        .objects
        .iter()
        .map(|object| ((object.kind.as_str(), object.identity.as_str()), object))
        .collect()
}

/// Its `make` sets it, whatever it was.
fn is_replaced_in_place(kind: &str) -> bool {
    matches!(
        kind,
        "function"
            | "default"
            | "row security"
            | "owner"
            | "grant"
            | "comment"
            | "default privilege"
    )
}

/// Removing it loses nothing that its definition does not bring back.
fn can_go(kind: &str) -> bool {
    !matches!(kind, "table" | "column" | "sequence" | "type" | "schema")
}

/// What is there and was not, and is neither somebody else's nor on something that is.
fn is_leftover(
    wanted: Wanted<'_>,
    target: &HashMap<(&str, &str), &Object>,
    now: &Snapshot,
    object: &Object,
) -> bool {
    if wanted.plan.foreign_keys.contains(&object.key) {
        return false;
    }
    // An owner and row security are always there, one way or another.
    if wanted.ours.is_sites_access(object)
        || matches!(object.kind.as_str(), "owner" | "row security")
    {
        return false;
    }
    if STRUCTURE.contains(&object.kind.as_str()) {
        return true;
    }
    if let Some(parent) = object.parent.as_deref()
        && let Some(parent) = now.by_key(parent)
        && !target.contains_key(&(parent.kind.as_str(), parent.identity.as_str()))
    {
        return false;
    }
    let was_there = wanted.current.by_key(&object.key).is_some();
    !was_there || wanted.ours.made(object)
}

/// The objects and whatever stands on them, dependents first. What cannot be made again is impossible.
fn with_dependents<'a>(
    now: &'a Snapshot,
    objects: Vec<&'a Object>,
    impossible: &mut Vec<String>,
) -> Vec<&'a Object> {
    let mut keys: HashSet<&str> = objects.iter().map(|object| object.key.as_str()).collect();
    let mut all = objects;
    loop {
        let more: Vec<&Object> = now
            .objects
            .iter()
            .filter(|object| !keys.contains(object.key.as_str()))
            .filter(|object| STRUCTURE.contains(&object.kind.as_str()))
            .filter(|object| object.depends.iter().any(|key| keys.contains(base(key))))
            .collect();
        if more.is_empty() {
            break;
        }
        for object in more {
            if can_go(&object.kind) {
                keys.insert(&object.key);
                all.push(object);
            } else {
                impossible.push(object.identity.clone());
                return vec![];
            }
        }
    }
    let names: Vec<String> = all.iter().map(|object| object.key.clone()).collect();
    let mut needs: HashMap<String, Vec<String>> = HashMap::new();
    for object in &all {
        for key in &object.depends {
            needs
                .entry(base(key).to_owned())
                .or_default()
                .push(object.key.clone());
        }
    }
    pick(&names, &needs, &all)
}

fn pick<'a>(
    names: &[String],
    needs: &HashMap<String, Vec<String>>,
    objects: &[&'a Object],
) -> Vec<&'a Object> {
    sorted(names, needs)
        .iter()
        .filter_map(|key| objects.iter().find(|object| object.key == *key).copied())
        .collect()
}

/// By kind, views and functions by what they use, keys before what refers to them.
fn in_order<'a>(target: &'a Snapshot, mut objects: Vec<&'a Object>) -> Vec<&'a Object> {
    let rank = |object: &Object| {
        let kind = match object.kind.as_str() {
            "view" => "function",
            kind => kind,
        };
        let place = ORDER.iter().position(|known| *known == kind);
        let refers = object.make.as_deref().is_some_and(|sql| {
            object.kind == "constraint"
                && !sql.contains(" PRIMARY KEY (")
                && !sql.contains(" UNIQUE ")
        });
        (place.unwrap_or(ORDER.len()), refers)
    };
    objects.sort_by_key(|object| rank(object));
    let names: Vec<String> = objects.iter().map(|object| object.key.clone()).collect();
    let mut needs: HashMap<String, Vec<String>> = HashMap::new();
    for object in &objects {
        if let Some(object) = target.by_key(&object.key)
            && matches!(object.kind.as_str(), "view" | "function")
        {
            let list = object.depends.iter().map(|key| base(key).to_owned());
            needs.insert(object.key.clone(), list.collect());
        }
    }
    pick(&names, &needs, &objects)
}
