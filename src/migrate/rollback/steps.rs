//! The plan in SQL: what is doomed -> drops and moves in order, copies of columns, renames, locks.

use std::collections::{HashMap, HashSet};

use super::order::sorted;
use super::ours::unquoted;
use super::plan::{AddedColumns, STRUCTURE, Step, Work};
use super::tolerated;
use crate::migrate::catalogue::Object;

impl<'a> Work<'a> {
    fn is_moved(&self, key: &str) -> bool {
        self.doomed.contains(key)
            && self
                .by_key
                .get(key)
                .is_some_and(|object| object.kind == "table")
    }

    /// A column that is kept aside has this type, or one that an earlier rollback of some phases kept aside.
    fn is_held(&self, key: &str) -> bool {
        let now = self
            .current
            .objects
            .iter()
            .any(|object| object.kind == "column" && object.depends.iter().any(|on| on == key));
        let outside = self.current.outside.values().flatten();
        now || outside
            .into_iter()
            .any(|(words, on)| on == key && words.contains(" crm_backup."))
    }

    /// Dependents before what they stand on, children before their table.
    pub(super) fn steps(&mut self) {
        let mut names = vec![];
        let mut needs: HashMap<String, Vec<String>> = HashMap::new();
        for object in &self.current.objects {
            if !self.doomed.contains(object.key.as_str()) {
                continue;
            }
            names.push(object.key.clone());
            let under = object.depends.iter().chain(object.parent.as_ref());
            for key in under {
                needs
                    .entry(key.clone())
                    .or_default()
                    .push(object.key.clone());
                // Who uses a column of a doomed table uses the table.
                if let Some((table, _)) = key.split_once(" column ")
                    && object.parent.as_deref() != Some(table)
                {
                    needs
                        .entry(table.to_owned())
                        .or_default()
                        .push(object.key.clone());
                }
            }
        }
        for key in sorted(&names, &needs) {
            let object = self.by_key[key.as_str()];
            let table = object.parent.as_deref().unwrap_or_default();
            match object.kind.as_str() {
                "table" => {
                    self.plan.moved_tables.push(object.clone());
                    self.plan.steps.push(Step::Move {
                        kind: "table".into(),
                        key,
                    });
                }
                "type" if self.is_held(&key) => self.plan.steps.push(Step::Move {
                    kind: "type".into(),
                    key,
                }),
                // They go with their table, rows and all.
                "column" if self.is_moved(table) => {}
                "sequence" if self.owner_of_sequence(object).is_some() => {}
                // The key of a moved table stays, and so it keeps its index.
                "constraint" if self.is_moved(table) && is_primary_key(object) => {}
                _ => {
                    if let Some(sql) = &object.remove {
                        self.plan.steps.push(Step::Drop(sql.clone()));
                    }
                }
            }
        }
    }

    /// What the added columns hold, apart from search vectors, which can be worked out again.
    pub(super) fn columns(&mut self) {
        for table in &self.target.objects {
            let Some(now) = self.by_key.get(table.key.as_str()) else {
                continue;
            };
            if table.kind != "table" || now.kind != "table" {
                continue;
            }
            let own = |object: &&&Object| {
                object.kind == "column" && object.parent.as_deref() == Some(&table.key)
            };
            let objects: Vec<_> = self.current.objects.iter().collect();
            let columns: Vec<_> = objects
                .iter()
                .filter(own)
                .filter(|column| self.doomed.contains(column.key.as_str()))
                .filter(|column| column.facts.get("type").is_none_or(|t| t != "tsvector"))
                .map(|column| column.name.clone())
                .collect();
            if columns.is_empty() {
                continue;
            }
            let has_id = objects.iter().filter(own).any(|column| {
                column.name == "id" && column.facts.get("type").is_some_and(|t| t == "bigint")
            });
            self.plan.added_columns.push(AddedColumns {
                table: now.relation.clone(),
                name: unquoted(&table.name),
                has_id,
                columns,
            });
        }
    }

    /// Old names: columns and constraints first, under the table's present name, then the rest. A column whose
    /// old name another one has meanwhile takes a name between.
    pub(super) fn renames(&mut self) {
        let mut first = vec![];
        let mut then = vec![];
        let mut swapped: Vec<String> = vec![];
        let mut last = vec![];
        // Names that other columns have now.
        let taken: HashSet<(&str, &str)> = self
            .current
            .objects
            .iter()
            .filter(|object| object.kind == "column" && !self.doomed.contains(object.key.as_str()))
            .map(|object| (object.relation.as_str(), object.name.as_str()))
            .collect();
        for now in &self.current.objects {
            let was = self
                .target_keys
                .get(now.key.as_str())
                .or_else(|| self.same.get(now.key.as_str()));
            let Some(was) = was else { continue };
            if was.name == now.name || self.doomed.contains(now.key.as_str()) {
                continue;
            }
            if self.plan.tolerated.contains(&tolerated::name(was))
                && !self.ours.has_renamed(was, now)
            {
                continue;
            }
            let (relation, from, to) = (&now.relation, &now.name, &was.name);
            if let Some(other) = self.holder_of(now, to) {
                self.plan.blockers.push(other.identity.clone());
            }
            match now.kind.as_str() {
                "column" if taken.contains(&(relation, to)) => {
                    let between = format!("migration_rename_{}", swapped.len());
                    first.push(format!(
                        "alter table {relation} rename column {from} to {between}"
                    ));
                    swapped.push(format!(
                        "alter table {relation} rename column {between} to {to}"
                    ));
                }
                "column" => then.push(format!(
                    "alter table {relation} rename column {from} to {to}"
                )),
                "constraint" => {
                    first.push(format!(
                        "alter table {relation} rename constraint {from} to {to}"
                    ));
                }
                "trigger" => {
                    first.push(format!("alter trigger {from} on {relation} rename to {to}"))
                }
                "policy" => first.push(format!("alter policy {from} on {relation} rename to {to}")),
                "table" => last.push(format!("alter table {relation} rename to {to}")),
                "sequence" => last.push(format!("alter sequence {relation} rename to {to}")),
                "type" => last.push(format!("alter type {relation} rename to {to}")),
                "index" => {
                    let index = now.identity.trim_start_matches("index ");
                    last.push(format!("alter index {index} rename to {to}"));
                }
                _ => {}
            }
        }
        self.plan.renames = [first, then, swapped, last].concat();
    }

    /// What stays on the same table under the name that this part is to have again.
    fn holder_of(&self, part: &Object, name: &str) -> Option<&'a Object> {
        let is_part = matches!(
            part.kind.as_str(),
            "constraint" | "trigger" | "policy" | "rule"
        );
        let others = self.current.objects.iter().filter(|_| is_part);
        others
            .filter(|other| other.kind == part.kind && other.parent == part.parent)
            .find(|other| other.name == name && !self.doomed.contains(other.key.as_str()))
    }

    /// Tables that change, and those that their keys refer to.
    pub(super) fn locks(&mut self) {
        let mut keys: HashSet<&str> = HashSet::new();
        for object in &self.current.objects {
            let changes = self.doomed.contains(object.key.as_str())
                || self
                    .target_keys
                    .get(object.key.as_str())
                    .is_some_and(|was| was.name != object.name);
            if !changes || !STRUCTURE.contains(&object.kind.as_str()) {
                continue;
            }
            keys.insert(&object.key);
            keys.extend(object.parent.as_deref());
            if object.kind == "constraint" {
                keys.extend(
                    object
                        .depends
                        .iter()
                        .map(|key| key.split(" column ").next().unwrap_or(key)),
                );
            }
        }
        self.plan.locks = self
            .current
            .objects
            .iter()
            .filter(|object| object.kind == "table" && keys.contains(object.key.as_str()))
            .map(|object| object.relation.clone())
            .collect();
        self.plan.locks.sort();
    }
}

fn is_primary_key(constraint: &Object) -> bool {
    constraint
        .facts
        .get("definition")
        .and_then(|d| d.as_str())
        .is_some_and(|d| d.starts_with("PRIMARY KEY"))
}
