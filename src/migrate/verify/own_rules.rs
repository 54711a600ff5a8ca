//! The rules of a site: triggers, constraints, NOT NULL on tables and columns that are neither the product's nor a
//! run's. They refuse the rows that trials make, as they would without a migration.
//!
//! In: a refusal. Out: what to set aside before trying again. Only what PostgreSQL names as the one that refused, or
//! the site's triggers, whose refusals name nothing. A trial that fails without them too has failed.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::outcome::Check;
use super::outcome::Severity::Medium;
use super::own::Own;
use super::trial::{Refusal, Trial};
use crate::mapping;
use crate::migrate::Fault;
use crate::migrate::touched::touched;
use crate::migrate::validation::catalogue;
use crate::pg::migrations::Baseline;

const RULES: &str = include_str!("sql/own_rules.sql");

/// A constraint, a unique index, a NOT NULL or a domain of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnRule {
    kind: String,
    /// None of a domain.
    table: Option<String>,
    /// Of the constraint, index, column or domain.
    name: String,
    /// Statement that sets it aside.
    off: String,
    /// For people.
    words: String,
}

impl OwnRule {
    /// Reads those of schema public.
    pub(super) async fn read(client: &Client, baseline: Baseline) -> Result<Vec<Self>, Fault> {
        let known = Known::of(baseline);
        let rows = client.query(RULES, &[]).await?;
        let all = rows.iter().map(|row| Self {
            kind: row.get(0),
            table: row.get(1),
            name: row.get(2),
            off: row.get(3),
            words: row.get(4),
        });
        Ok(all.filter(|rule| !known.has(rule)).collect())
    }

    /// Whether it is this one.
    pub(super) fn is(&self, kind: &str, table: &str, name: &str) -> bool {
        self.kind == kind && self.table.as_deref() == Some(table) && self.name == name
    }

    fn refused(&self, refusal: &Refusal) -> bool {
        let is = |found: &Option<String>| found.as_deref() == Some(self.name.as_str());
        let is_here = refusal.table.is_some() && refusal.table == self.table;
        match self.kind.as_str() {
            "not null" => is_here && refusal.code == "23502" && is(&refusal.column),
            "domain" => refusal.code == "23502" && is(&refusal.data_type),
            "domain constraint" => match (&refusal.data_type, &refusal.constraint) {
                (Some(domain), Some(constraint)) => self.name == format!("{domain} {constraint}"),
                _ => false,
            },
            _ => is_here && is(&refusal.constraint),
        }
    }
}

/// What the product has after a run.
struct Known {
    baseline: Baseline,
    /// Constraints and indexes: table and name.
    named: BTreeSet<(String, String)>,
    /// Columns that are not null: table and name.
    not_null: BTreeSet<(String, String)>,
}

impl Known {
    fn of(baseline: Baseline) -> Self {
        let mut known = Self {
            baseline,
            named: BTreeSet::new(),
            not_null: BTreeSet::new(),
        };
        for fact in catalogue::expected(baseline).iter().map(catalogue::renamed) {
            let place = (fact.relation, fact.identity);
            match fact.kind.as_str() {
                "constraint" | "index" => known.named.insert(place),
                "column" if fact.fact.ends_with(" not null") => known.not_null.insert(place),
                _ => false,
            };
        }
        for (kind, relation, name) in catalogue::created(baseline) {
            let place = (relation.to_owned(), name.to_owned());
            match kind {
                "constraint" | "index" => known.named.insert(place),
                "column" => known.not_null.insert(place),
                _ => false,
            };
        }
        known
    }

    /// Whether it is the product's. A run knows some of its tables by their old names.
    fn has(&self, rule: &OwnRule) -> bool {
        let Some(table) = &rule.table else {
            return false;
        };
        let place = (table.clone(), rule.name.clone());
        if rule.kind == "not null" && self.not_null.contains(&place)
            || rule.kind != "not null" && self.named.contains(&place)
        {
            return true;
        }
        let renamed = mapping::table::RELATIONS
            .iter()
            .filter(|map| map.new == table)
            .flat_map(|map| map.old.iter().copied());
        std::iter::once(table.as_str()).chain(renamed).any(|table| {
            let name = match rule.kind.as_str() {
                "not null" => format!("not null of column public.{table}.{}", rule.name),
                kind => format!("{kind} {} on public.{table}", rule.name),
            };
            touched(self.baseline).has_name(&name)
        })
    }
}

/// Whether this is no rule, but a program that no longer fits the schema: what it names is not there, or is something
/// else now. A privilege that is refused may be a rule, and so may a setting that is missing.
fn no_longer_fits(refusal: &Refusal) -> bool {
    let code = refusal.code.as_str();
    let is_of_schema = code.starts_with("0A") || code.starts_with("42");
    is_of_schema && !["42501", "42704"].contains(&code) && !refusal.is_raised
}

/// Whether a rule of the site refused.
pub(super) fn is_own(own: &Own, refusal: &Refusal) -> bool {
    own.rules.iter().any(|rule| rule.refused(refusal))
}

/// What comes after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// To be tried again without what is set aside now.
    Again,
    /// A rule of the site refused, and could not be set aside.
    NotTried,
    /// It failed.
    Failed,
}

/// What is set aside in a trial.
#[derive(Debug, Default)]
pub(super) struct Aside {
    statements: Vec<String>,
    names: BTreeSet<String>,
    has_triggers: bool,
}

impl Aside {
    /// Sets aside what stood in the way.
    pub(super) fn after(&mut self, own: &Own, refusal: &Refusal) -> Next {
        if let Some(rule) = own.rules.iter().find(|rule| rule.refused(refusal)) {
            if !self.names.insert(rule.words.clone()) {
                return Next::NotTried;
            }
            self.statements.push(rule.off.clone());
            return Next::Again;
        }
        if self.has_triggers || own.triggers.is_empty() || no_longer_fits(refusal) {
            return Next::Failed;
        }
        self.has_triggers = true;
        for (off, name) in &own.triggers {
            self.statements.push(off.clone());
            self.names.insert(format!("trigger {name}"));
        }
        Next::Again
    }

    /// What several refusals come to: again, as long as anything more can be set aside, and none is more than a rule.
    pub(super) fn after_all<'a>(
        &mut self,
        own: &Own,
        refusals: impl Iterator<Item = &'a Refusal> + Clone,
    ) -> Next {
        let mut next = Next::Failed;
        if refusals.clone().any(no_longer_fits) {
            return next;
        }
        for refusal in refusals {
            match self.after(own, refusal) {
                Next::Again => next = Next::Again,
                Next::NotTried if next == Next::Failed => next = Next::NotTried,
                _ => {}
            }
        }
        next
    }

    /// Sets them aside until the trial ends. One that is in use stays, and refuses again: users wait behind us
    /// while we wait, so that is not long.
    pub(super) async fn set(&self, trial: &Trial<'_>) -> Result<(), Fault> {
        for statement in &self.statements {
            trial.run("set local lock_timeout = '300ms'").await?;
            trial.run(statement).await?;
        }
        if !self.is_empty() {
            trial.run("set local lock_timeout = '5s'").await?;
        }
        Ok(())
    }

    /// What another trial was made without, for people.
    pub(super) fn add(&mut self, other: Self) {
        self.names.extend(other.names);
    }

    /// Whether nothing is.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// For people, in one line.
    pub(super) fn words(&self) -> String {
        self.names().join(", ")
    }

    /// For people.
    pub(super) fn names(&self) -> Vec<String> {
        self.names.iter().cloned().collect()
    }
}

/// The check of a category that says without which rules its trials were made.
pub(super) fn own_rules(category: &str, aside: &Aside) -> Check {
    let names = aside.names();
    let count = i64::try_from(names.len()).unwrap_or(i64::MAX);
    let id = format!("{category}.own_rules");
    let title = "Rules of the site refuse what was tried; tried without them";
    Check::counted(&id, title, Medium, count, names)
}
