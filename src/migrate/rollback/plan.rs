//! What to undo: the catalogue as it is, as it was, and as the run left it -> drops, moves, renames.
//!
//! Pure. An object that was there before keeps PostgreSQL's number through every rename, so it is found
//! again under whatever name; what was not there is the run's ([`Ours`]) or somebody else's. The run's is
//! dropped, or moved away where it holds rows; somebody else's stays, and where it stands on something that
//! must go, the plan is blocked and says by whom.

use std::collections::{HashMap, HashSet};

use super::ours::Ours;
use super::tolerated;
use crate::migrate::catalogue::{Object, Snapshot, is_same_part};

/// Kinds that are objects of their own; the others hang on these.
pub const STRUCTURE: [&str; 12] = [
    "schema",
    "type",
    "table",
    "column",
    "constraint",
    "index",
    "sequence",
    "view",
    "function",
    "trigger",
    "rule",
    "policy",
];

/// Kinds that can be dropped and made again from their definition.
const MADE_AGAIN: [&str; 7] = [
    "view",
    "function",
    "trigger",
    "rule",
    "policy",
    "constraint",
    "index",
];

/// Kinds that stay as somebody has changed them since the run.
const STAYS_ALTERED: [&str; 5] = ["policy", "constraint", "trigger", "rule", "index"];

/// What a run makes for the platform in a schema that is captured, where it is missing. It stays, like the rest of it.
const PLATFORM: [&str; 4] = [
    "schema extensions",
    "type extensions.http_header",
    "type extensions.http_response",
    "function extensions.http_get(character varying)",
];

/// What becomes of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// This statement removes it.
    Drop(String),
    /// A table or type of the run: moved out of the way with its rows.
    Move {
        /// `table` or `type`.
        kind: String,
        /// Key of the object.
        key: String,
    },
}

/// Columns that the run added to a table that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedColumns {
    /// The table, as it is called now.
    pub table: String,
    /// The table's name as it was, bare and unquoted.
    pub name: String,
    /// Its columns that were there before, quoted, as they are called now: whether it has an `id`.
    pub has_id: bool,
    /// The columns to keep a copy of, quoted.
    pub columns: Vec<String>,
}

/// Everything that a structural rollback does before it restores definitions.
#[derive(Debug, Default)]
pub struct Plan {
    /// In order.
    pub steps: Vec<Step>,
    /// Statements that give old names back, in order; after the steps.
    pub renames: Vec<String>,
    /// To be copied before the steps.
    pub added_columns: Vec<AddedColumns>,
    /// Tables of the run.
    pub moved_tables: Vec<Object>,
    /// Tables to lock, as they are called now.
    pub locks: Vec<String>,
    /// What is in the way: somebody else's, and stands on something that must go.
    pub blockers: Vec<String>,
    /// Tables, functions and triggers that somebody has given another name since and that are needed under their
    /// own, each with the statement that gives it back.
    pub renamed: Vec<String>,
    /// Somebody else's objects that stay, by identity.
    pub kept: Vec<String>,
    /// Kinds and identities of the target that somebody else has changed or removed since: left as they are.
    pub tolerated: HashSet<(String, String)>,
    /// Views and functions that somebody has changed since, and that become what they were before all the same.
    pub turned_back: Vec<String>,
    /// Keys of somebody else's objects.
    pub foreign_keys: HashSet<String>,
}

impl Plan {
    /// Whether there is nothing to undo in the structure.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.renames.is_empty()
    }
}

/// Works the plan out.
pub fn plan(target: &Snapshot, current: &Snapshot, ours: &Ours) -> Plan {
    let mut work = Work::new(target, current, ours);
    work.tolerate();
    work.classify();
    work.close();
    work.bring_back_doomed();
    let mut plan = work.finish();
    plan.turned_back = tolerated::turned_back(target, current, ours);
    plan.turned_back.retain(|name| !plan.kept.contains(name));
    plan
}

pub(super) struct Work<'a> {
    pub(super) target: &'a Snapshot,
    pub(super) current: &'a Snapshot,
    pub(super) ours: &'a Ours,
    pub(super) by_key: HashMap<&'a str, &'a Object>,
    pub(super) target_keys: HashMap<&'a str, &'a Object>,
    pub(super) target_names: HashMap<(&'a str, &'a str), &'a Object>,
    /// Current key -> the object of the target that it is, though its number is another.
    pub(super) same: HashMap<&'a str, &'a Object>,
    /// The other way round.
    pub(super) target_to_current: HashMap<&'a str, &'a str>,
    pub(super) doomed: HashSet<&'a str>,
    pub(super) plan: Plan,
}

impl<'a> Work<'a> {
    fn new(target: &'a Snapshot, current: &'a Snapshot, ours: &'a Ours) -> Self {
        let key = |object: &'a Object| (object.key.as_str(), object);
        let name = |object: &'a Object| ((object.kind.as_str(), object.identity.as_str()), object);
        Self {
            target,
            current,
            ours,
            by_key: current.objects.iter().map(key).collect(),
            target_keys: target.objects.iter().map(key).collect(),
            target_names: target.objects.iter().map(name).collect(),
            same: HashMap::new(),
            target_to_current: HashMap::new(),
            doomed: HashSet::new(),
            plan: Plan::default(),
        }
    }

    /// What somebody else has changed: left as it is, and what has another name keeps it.
    fn tolerate(&mut self) {
        for wanted in tolerated::by_others(self.target, self.current, self.ours) {
            let now = self.by_key.get(wanted.key.as_str());
            if now.is_some_and(|now| !self.ours.has_renamed(wanted, now)) {
                self.plan.foreign_keys.insert(wanted.key.clone());
            }
            self.plan.tolerated.insert(tolerated::name(wanted));
        }
    }

    /// What has to go all the same, because it stands on something that goes, is made again as it was.
    fn bring_back_doomed(&mut self) {
        let mut tolerated = self.plan.tolerated.clone();
        tolerated.retain(|(kind, identity)| {
            let wanted = self.target_names.get(&(kind.as_str(), identity.as_str()));
            !wanted.is_some_and(|wanted| self.is_doomed(wanted))
        });
        self.plan.tolerated = tolerated;
    }

    /// It goes, or what it hangs on goes or is made anew.
    fn is_doomed(&self, wanted: &Object) -> bool {
        let goes = |object: &Object| {
            let now = self.target_to_current.get(object.key.as_str());
            self.doomed.contains(now.copied().unwrap_or(&object.key))
        };
        let is_there = |object: &Object| {
            self.by_key.contains_key(object.key.as_str())
                || self.target_to_current.contains_key(object.key.as_str())
        };
        let parent = |object: &Object| {
            let key = object.parent.as_deref()?;
            // The columns of a view are no objects of their own.
            let view = || self.target_keys.get(key.split(" column ").next()?);
            self.target_keys.get(key).or_else(view).copied()
        };
        let mut above = std::iter::successors(parent(wanted), |object| parent(object));
        goes(wanted)
            || above.any(|object| {
                goes(object)
                    || (!is_there(object)
                        && !self.plan.tolerated.contains(&tolerated::name(object)))
            })
    }

    /// Every object that was not there: the run's is doomed, somebody else's stays.
    fn classify(&mut self) {
        let mut foreign = std::mem::take(&mut self.plan.foreign_keys);
        // Parents come before what hangs on them.
        let mut order: Vec<&'a Object> = self.current.objects.iter().collect();
        order.sort_by_key(|object| STRUCTURE.iter().position(|kind| *kind == object.kind));
        for object in order {
            if !STRUCTURE.contains(&object.kind.as_str())
                || self.target_keys.contains_key(object.key.as_str())
            {
                continue;
            }
            if let Some(twin) = self.altered(object) {
                self.plan.tolerated.insert(tolerated::name(twin));
                self.same.insert(&object.key, twin);
                foreign.insert(object.key.clone());
                continue;
            }
            if let Some(twin) = self.twin(object) {
                self.same.insert(&object.key, twin);
                self.target_to_current.insert(&twin.key, &object.key);
                continue;
            }
            let parent = object.parent.as_deref().unwrap_or_default();
            // What sits on a table goes with it; what is in a schema is there for itself.
            let on_doomed = self.doomed.contains(parent) && !parent.starts_with("namespace ");
            // The schemas themselves belong to the platform; `private` is ours while nobody else is in it.
            let shared = object.kind == "schema" && object.name != "private";
            let owner = self.owner_of_sequence(object);
            let owned = owner.is_some_and(|owner| self.doomed.contains(owner));
            if !shared && (on_doomed || owned || self.ours.made(object)) {
                self.doomed.insert(&object.key);
            } else {
                let on_foreign = foreign.contains(parent);
                foreign.insert(object.key.clone());
                if on_foreign {
                    continue;
                }
                // Its words may name what is about to change its name: nobody can know.
                let on_renamed = self.target_keys.get(parent).is_some_and(|was| {
                    self.by_key
                        .get(parent)
                        .is_some_and(|is| is.identity != was.identity)
                });
                if object.kind == "trigger" && on_renamed {
                    self.plan.blockers.push(object.identity.clone());
                }
                if !PLATFORM.contains(&object.identity.as_str()) {
                    self.plan.kept.push(object.identity.clone());
                }
            }
        }
        self.plan.foreign_keys = foreign;
    }

    pub(super) fn owner_of_sequence(&self, object: &'a Object) -> Option<&'a str> {
        if object.kind != "sequence" {
            return None;
        }
        object
            .depends
            .iter()
            .filter_map(|key| key.split_once(" column "))
            .map(|(table, _)| table)
            .find(|table| self.by_key.contains_key(table))
    }

    /// What somebody has changed, renamed or made otherwise since, in the place of what the run had there: it stays.
    /// A policy as it was before may show rows that this one hides, and a key may not fit the rows any more.
    fn altered(&self, object: &Object) -> Option<&'a Object> {
        if !STAYS_ALTERED.contains(&object.kind.as_str()) || !self.ours.is_changed_since(object) {
            return None;
        }
        let last = self.ours.in_the_end(object)?;
        // Whether it is switched on is no word of it, and is in the target already.
        let words =
            |object: &Object| (object.name.clone(), object.facts.get("definition").cloned());
        if object.kind == "trigger" && words(object) == words(last) {
            return None;
        }
        let is_it = |was: &&Object| {
            let then = self.ours.in_the_end(was);
            was.kind == object.kind && then.is_some_and(|then| std::ptr::eq(then, last))
        };
        self.target.objects.iter().find(is_it)
    }

    /// An object that was dropped and made again as it was, or as somebody else wanted it; an index that was
    /// rebuilt.
    fn twin(&self, object: &Object) -> Option<&'a Object> {
        let twin = self
            .target_names
            .get(&(object.kind.as_str(), object.identity.as_str()))
            .filter(|twin| twin.facts == object.facts || self.ours.left_alone(twin))
            .filter(|_| object.kind != "table");
        if twin.is_none() && object.kind == "policy" {
            let is_it = |was: &&Object| is_same_part(was, object) && was.facts == object.facts;
            return self.target.objects.iter().find(is_it);
        }
        if twin.is_some() || object.kind != "index" {
            return twin.copied();
        }
        let parent = object.parent.as_deref()?;
        let table = self.target_keys.get(parent)?;
        let definition = object.facts.get("definition")?.as_str()?.replacen(
            &format!(" ON {} ", object.relation),
            &format!(" ON {} ", table.relation),
            1,
        );
        self.target.objects.iter().find(|index| {
            index.kind == "index"
                && index.parent.as_deref() == Some(parent)
                && !self.by_key.contains_key(index.key.as_str())
                && index.facts.get("definition").and_then(|d| d.as_str())
                    == Some(definition.as_str())
        })
    }

    /// Whoever stands on something doomed is doomed if it can be made again, and in the way if not.
    fn close(&mut self) {
        loop {
            let mut more: Vec<&'a str> = vec![];
            for object in &self.current.objects {
                if self.doomed.contains(object.key.as_str())
                    || !STRUCTURE.contains(&object.kind.as_str())
                {
                    continue;
                }
                let Some(on) = object
                    .depends
                    .iter()
                    .find(|key| self.doomed.contains(key.as_str()))
                else {
                    continue;
                };
                let was_there = self.target_keys.contains_key(object.key.as_str())
                    || self.same.contains_key(object.key.as_str());
                // What somebody has changed since would come back as it was before.
                let is_known = was_there && !self.ours.is_changed_since(object);
                if is_known && MADE_AGAIN.contains(&object.kind.as_str()) {
                    more.push(&object.key);
                } else {
                    self.block(&object.identity, on);
                }
            }
            if more.is_empty() {
                break;
            }
            self.doomed.extend(more);
        }
        for dependents in self.current.outside.values() {
            for (words, on) in dependents {
                // Copies in our own schema keep the types that are moved there.
                let is_ours = words.starts_with("publication ") || words.contains(" crm_backup.");
                if self.doomed.contains(on.as_str()) && !is_ours {
                    self.block(words, on);
                }
            }
        }
        self.plan.blockers.sort();
        self.plan.blockers.dedup();
    }

    fn block(&mut self, who: &str, on: &str) {
        let on = self.by_key.get(on).map_or(on, |object| &object.identity);
        self.plan.blockers.push(format!("{who} (on {on})"));
    }

    /// A schema in which something stays, stays.
    fn spare_schemas(&mut self) {
        for object in &self.current.objects {
            if object.kind == "schema" && self.doomed.contains(object.key.as_str()) {
                let is_used = self.current.objects.iter().any(|inner| {
                    inner.parent.as_deref() == Some(&object.key)
                        && STRUCTURE.contains(&inner.kind.as_str())
                        && !self.doomed.contains(inner.key.as_str())
                });
                if is_used {
                    self.doomed.remove(object.key.as_str());
                    self.plan.foreign_keys.insert(object.key.clone());
                    self.plan.kept.push(object.identity.clone());
                }
            }
        }
    }

    /// What is to be made again and names a column to which somebody has given another name since.
    fn unnameable(&mut self) {
        for wanted in &self.target.objects {
            let stays = self.by_key.contains_key(wanted.key.as_str())
                && !self.doomed.contains(wanted.key.as_str());
            let is_made = MADE_AGAIN.contains(&wanted.kind.as_str())
                && !stays
                && !self.target_to_current.contains_key(wanted.key.as_str())
                && !self.plan.tolerated.contains(&tolerated::name(wanted));
            if !is_made {
                continue;
            }
            for key in &wanted.depends {
                let (Some(was), Some(now)) = (
                    self.target_keys.get(key.as_str()),
                    self.by_key.get(key.as_str()),
                ) else {
                    continue;
                };
                let is_theirs = self.plan.tolerated.contains(&tolerated::name(was))
                    && !self.ours.has_renamed(was, now);
                if was.kind == "column" && was.name != now.name && is_theirs {
                    let who = format!(
                        "{}, which is {} in {}",
                        now.identity, was.name, wanted.identity
                    );
                    self.plan.blockers.push(who);
                }
            }
        }
        self.plan.blockers.sort();
        self.plan.blockers.dedup();
    }

    /// What the run made, changed or built on, and somebody has given another name since: definitions name it as
    /// it was called.
    fn renamed_since(&mut self) {
        for now in &self.current.objects {
            let Some(last) = self.ours.in_the_end(now) else {
                continue;
            };
            if last.key != now.key || last.name == now.name {
                continue;
            }
            let alter = match now.kind.as_str() {
                "table" => format!("alter table {}", now.relation),
                "trigger" => format!("alter trigger {} on {}", now.name, now.relation),
                "function" => format!("alter {}", now.identity),
                _ => continue,
            };
            let on_it = |object: &Object| {
                object.kind == "column"
                    && object.parent.as_deref() == Some(&now.key)
                    && self.ours.made(object)
            };
            let is_needed = |wanted: &Object| {
                self.doomed.contains(wanted.key.as_str()) && wanted.depends.contains(&now.key)
            };
            if self.ours.made(now)
                || self.current.objects.iter().any(on_it)
                || self.target.objects.iter().any(is_needed)
            {
                let line = format!("{} ({alter} rename to {})", now.identity, last.name);
                self.plan.renamed.push(line);
            }
        }
    }

    fn finish(mut self) -> Plan {
        self.spare_schemas();
        self.renamed_since();
        self.unnameable();
        self.steps();
        self.columns();
        self.renames();
        self.locks();
        self.plan.kept.sort();
        self.plan
    }
}
