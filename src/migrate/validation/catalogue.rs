//! The catalogue against what the migration expects: the baseline's facts, and the names it will create.
//!
//! In: the facts of the live database. Out: lists of differences, one line each, for the rules S1, S2 and
//! S3. What is expected is checked in beside this file and written by a test from `migrations/`.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::GenericClient;

use crate::mapping;
use crate::migrate::error::Fault;
use crate::pg::migrations::Baseline;

/// The facts of a database: `facts.sql`.
pub const FACTS: &str = include_str!("sql/facts.sql");

/// One fact of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// `relation`, `column`, `default`, `constraint`, `index`, `policy`, `trigger`, `function`, `type`.
    pub kind: String,
    /// Its table or view; the object itself for what has none. Schema public is left out.
    pub relation: String,
    /// Its name.
    pub identity: String,
    /// Its definition, in a word.
    pub fact: String,
}

impl Fact {
    /// `kind relation identity`: what it is called, without what it is like.
    pub fn key(&self) -> String {
        format!("{} {} {}", self.kind, self.relation, self.identity)
    }

    /// For people.
    fn shown(&self) -> String {
        match self.kind.as_str() {
            "relation" => format!("{} {}", self.fact, self.identity),
            "function" | "type" => format!("{} {}", self.kind, self.identity),
            kind => format!("{kind} {} of {}", self.identity, self.relation),
        }
    }

    /// One line of a checked-in file.
    pub fn line(&self) -> String {
        let fact = self.fact.split_whitespace().collect::<Vec<_>>().join(" ");
        format!(
            "{}\t{}\t{}\t{fact}",
            self.kind, self.relation, self.identity
        )
    }

    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split('\t');
        Some(Self {
            kind: parts.next()?.into(),
            relation: parts.next()?.into(),
            identity: parts.next()?.into(),
            fact: parts.next()?.into(),
        })
    }
}

/// Reads the facts; the session's search path is `public, extensions`.
///
/// # Errors
/// When the server cannot be asked.
pub async fn facts(client: &impl GenericClient) -> Result<Vec<Fact>, Fault> {
    let rows = client.query(FACTS, &[]).await?;
    Ok(rows
        .iter()
        .filter_map(|row| {
            let fact = Fact {
                kind: row.get(0),
                relation: row.get(1),
                identity: row.get(2),
                fact: row.get(3),
            };
            // As a line of a file, so that both sides are cut alike.
            Fact::parse(&fact.line())
        })
        .collect())
}

/// What the baseline is made of.
pub fn expected(baseline: Baseline) -> Vec<Fact> {
    let text = match baseline {
        Baseline::Fork => include_str!("baseline_fork.txt"),
        Baseline::Upstream => include_str!("baseline_upstream.txt"),
    };
    text.lines().filter_map(Fact::parse).collect()
}

/// What the migration creates: `create<TAB>kind<TAB>relation<TAB>identity`, with the new names of tables.
pub fn created(
    baseline: Baseline,
) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    changes(baseline).filter_map(|(action, kind, relation, identity)| {
        (action == "create").then_some((kind, relation, identity))
    })
}

/// What the migration creates, alters, drops, renames: action, kind, relation, identity.
pub fn changes(
    baseline: Baseline,
) -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> {
    let text = match baseline {
        Baseline::Fork => include_str!("changes_fork.txt"),
        Baseline::Upstream => include_str!("changes_upstream.txt"),
    };
    text.lines().filter_map(|line| {
        let mut parts = line.split('\t');
        Some((parts.next()?, parts.next()?, parts.next()?, parts.next()?))
    })
}

/// A difference between two catalogues, with the tables' new names: the lines of `changes_*.txt`.
pub fn difference(before: &[Fact], after: &[Fact]) -> Vec<String> {
    let is_table = |name: &str| {
        before.iter().any(|fact| {
            fact.kind == "relation" && fact.identity == name && fact.fact.starts_with("table")
        })
    };
    let mut lines: Vec<String> = mapping::table::RELATIONS
        .iter()
        .filter_map(|map| Some((map.old.iter().find(|old| is_table(old))?, map.new)))
        .map(|(old, new)| format!("rename\ttable\t{old}\t{new}"))
        .collect();
    let before: BTreeMap<String, Fact> = before.iter().map(renamed).map(|f| (f.key(), f)).collect();
    let after: BTreeMap<String, Fact> = after.iter().map(|f| (f.key(), f.clone())).collect();
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (action, fact) = match (before.get(key), after.get(key)) {
            (None, Some(new)) => ("create", new),
            (Some(old), None) => ("drop", old),
            (Some(old), Some(new)) if old.fact != new.fact => ("alter", new),
            _ => continue,
        };
        // A relation is what it is: table, view, sequence.
        let kind = match fact.kind.as_str() {
            "relation" => fact.fact.split(',').next().unwrap_or_default(),
            kind => kind,
        };
        lines.push(format!(
            "{action}\t{kind}\t{}\t{}",
            fact.relation, fact.identity
        ));
    }
    lines
}

/// The fact with the new names of its table and column.
pub fn renamed(fact: &Fact) -> Fact {
    let Some(map) = mapping::relation_by_old_name(&fact.relation) else {
        return fact.clone();
    };
    let mut new = fact.clone();
    map.new.clone_into(&mut new.relation);
    if fact.kind == "relation" {
        map.new.clone_into(&mut new.identity);
    }
    if matches!(fact.kind.as_str(), "column" | "default")
        && let Some(column) = mapping::column_by_old_name(map, &fact.identity)
    {
        column.new.clone_into(&mut new.identity);
    }
    new
}

/// Kinds in which a difference from the baseline stops the migration: it moves these objects, and new
/// policies are made for what the old ones protected.
const DECISIVE: &[&str] = &["relation", "column", "constraint", "policy"];

/// S1: what is missing or different where it matters, and what differs otherwise or is there besides.
pub fn compare(baseline: Baseline, live: &[Fact]) -> (Vec<String>, Vec<String>) {
    let expected = expected(baseline);
    let by_key: BTreeMap<String, &Fact> = live.iter().map(|fact| (fact.key(), fact)).collect();
    let (mut differs, mut extra) = (Vec::new(), Vec::new());
    for wanted in &expected {
        let list = if DECISIVE.contains(&wanted.kind.as_str()) {
            &mut differs
        } else {
            &mut extra
        };
        match by_key.get(&wanted.key()) {
            None => list.push(format!("{} is missing", wanted.shown())),
            Some(found) if found.fact != wanted.fact => list.push(format!(
                "{} is \"{}\" and not \"{}\"",
                wanted.shown(),
                found.fact,
                wanted.fact
            )),
            Some(_) => {}
        }
    }
    let known: BTreeSet<String> = expected.iter().map(Fact::key).collect();
    // The old names become views, which could not show such a column: old clients would lose it.
    let faces: Vec<&str> = mapping::table::RELATIONS
        .iter()
        .flat_map(|map| map.old.iter().copied())
        .collect();
    let is_hidden = |fact: &&Fact| {
        fact.kind == "column"
            && faces.contains(&fact.relation.as_str())
            && !known.contains(&fact.key())
            && is_of_known(&known, fact)
    };
    differs.extend(
        live.iter()
            .filter(is_hidden)
            .map(|fact| format!("{} is not in the baseline", fact.shown())),
    );
    extra.extend(
        live.iter()
            .filter(|fact| !known.contains(&fact.key()) && fact.kind != "default")
            .filter(|fact| !is_hidden(fact))
            // The parts of an unknown table are not listed beside it.
            .filter(|fact| fact.kind == "relation" || is_of_known(&known, fact))
            .map(|fact| format!("{} is not in the baseline", fact.shown())),
    );
    (differs, extra)
}

fn is_of_known(known: &BTreeSet<String>, fact: &Fact) -> bool {
    matches!(fact.kind.as_str(), "function" | "type")
        || known.contains(&format!("relation {0} {0}", fact.relation))
}

/// S3: names that the migration creates and that are taken.
pub fn taken(baseline: Baseline, live: &[Fact]) -> Vec<String> {
    let expected: BTreeSet<String> = expected(baseline).iter().map(Fact::key).collect();
    // Relations and indexes share their names.
    let name_of = |kind: &str, relation: &str, identity: &str| match kind {
        "relation" | "table" | "view" | "sequence" | "index" => format!("relation {identity}"),
        _ => format!("{kind} {relation} {identity}"),
    };
    let others: BTreeMap<String, String> = live
        .iter()
        .filter(|fact| !expected.contains(&fact.key()))
        .map(|fact| {
            let new = renamed_part(fact);
            (
                name_of(&new.kind, &new.relation, &new.identity),
                fact.shown(),
            )
        })
        .collect();
    created(baseline)
        .filter(|(kind, _, _)| {
            matches!(
                *kind,
                "table" | "view" | "sequence" | "index" | "column" | "function" | "type"
            )
        })
        .filter_map(|(kind, relation, identity)| {
            others.get(&name_of(kind, relation, identity)).cloned()
        })
        .collect()
}

/// A part of a table under the table's new name; the table itself keeps its own.
fn renamed_part(fact: &Fact) -> Fact {
    if fact.kind == "relation" {
        fact.clone()
    } else {
        renamed(fact)
    }
}
