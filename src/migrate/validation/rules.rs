//! The rules, as data: id, severity, group, what it looks at, SQL file, hint.
//!
//! Everything that lists rules reads this table: the runner, the decision, the report, the reference page.
//! A rule over rows is a query that returns `(entity, id)`, a rule over the system one that returns `item`.
//! What two severities share a number in the written list is two rules here (`F8`, `F8-unknown`).

use serde::Serialize;

pub use super::table::RULES;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// To be known.
    Info,
    /// To be looked at some day.
    Low,
    /// A warning.
    Medium,
    /// A warning that people will notice after the migration.
    High,
    /// The row or the system cannot be migrated.
    Critical,
}

impl Severity {
    /// HIGH and MEDIUM are warnings.
    pub fn is_warning(self) -> bool {
        matches!(self, Self::High | Self::Medium)
    }

    /// A warning or worse.
    pub fn weighs(self) -> bool {
        self >= Self::Medium
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

/// What kind of promise a rule checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// R: what a row names exists.
    Referential,
    /// U: what should be there once is there once.
    Unique,
    /// F: what should be filled is filled.
    Required,
    /// Q: values are of the right shape.
    Quality,
    /// S: catalogue, rights, space, moment.
    System,
}

/// A kind of records. `contact_notes` and `deal_notes` are one kind in the warning rate: notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    Companies,
    Contacts,
    Deals,
    ContactNotes,
    DealNotes,
    Tasks,
    Tags,
    Sales,
}

impl Entity {
    /// All of them, in the order of the reports.
    pub const ALL: &[Self] = &[
        Self::Companies,
        Self::Contacts,
        Self::Deals,
        Self::ContactNotes,
        Self::DealNotes,
        Self::Tasks,
        Self::Tags,
        Self::Sales,
    ];

    /// As the rules' SQL writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Companies => "companies",
            Self::Contacts => "contacts",
            Self::Deals => "deals",
            Self::ContactNotes => "contact_notes",
            Self::DealNotes => "deal_notes",
            Self::Tasks => "tasks",
            Self::Tags => "tags",
            Self::Sales => "sales",
        }
    }

    /// The entity that the SQL writes as `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|entity| entity.name() == name)
    }
}

/// How a rule is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// SQL that returns `(entity, id)`.
    Rows(&'static str),
    /// SQL that returns `item`; what it may take is said in the file.
    Items(&'static str, Argument),
    /// The catalogue against the baseline's: differences that matter.
    CatalogueDiffers,
    /// The same: what is there besides.
    CatalogueExtra,
    /// Names that the migration creates and somebody else already has.
    NamesTaken,
    /// Free space.
    Space,
}

/// The argument of a rule's SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    None,
    /// `kind relation identity` of everything in the baseline.
    BaselineObjects,
    /// The tables that the migration touches.
    TouchedTables,
    /// The run; the rule is checked only at `run`.
    Run,
}

/// One rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Stable name.
    pub id: &'static str,
    pub severity: Severity,
    pub group: Group,
    /// Whose records are the denominator; empty for the system.
    pub scope: &'static [Entity],
    /// One line, what a finding is.
    pub title: &'static str,
    pub check: Check,
    /// What to do about a finding.
    pub hint: &'static str,
    /// Counts for the warning rate unless the operator says otherwise.
    pub gated: bool,
    /// Its HIGH findings refuse by their number. Otherwise the schema allows the row, and only the warning
    /// rate judges how many there may be.
    pub counted: bool,
    /// SQL by which `validate --fix` repairs it; returns `(entity, id, old)`.
    pub fix: Option<&'static str>,
}

/// The rule of that name, in any case.
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

impl Severity {
    /// The place in the order, for constants.
    pub(super) const fn rank(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::Group::{Quality, Referential, Required, System, Unique};
    use super::*;

    #[test]
    fn ids_are_unique_and_match_their_group() {
        for (position, rule) in RULES.iter().enumerate() {
            let letter = match rule.group {
                Referential => 'R',
                Unique => 'U',
                Required => 'F',
                Quality => 'Q',
                System => 'S',
            };
            assert!(rule.id.starts_with(letter), "{}", rule.id);
            assert!(
                !RULES[..position].iter().any(|other| other.id == rule.id),
                "{}",
                rule.id
            );
            assert!(
                !rule.hint.is_empty() && !rule.title.is_empty(),
                "{}",
                rule.id
            );
            assert_eq!(rule.scope.is_empty(), rule.group == System, "{}", rule.id);
        }
    }

    #[test]
    fn sql_names_its_rule_and_the_entities_of_its_scope() {
        for rule in RULES {
            let (Check::Rows(sql) | Check::Items(sql, _)) = rule.check else {
                continue;
            };
            let id = rule.id.split('-').next().expect("the part before");
            assert!(sql.starts_with(&format!("-- {id}. ")), "{}", rule.id);
            for entity in rule.scope {
                assert!(sql.contains(&format!("'{}'", entity.name())), "{}", rule.id);
            }
        }
    }

    #[test]
    fn the_gate_leaves_out_what_a_healthy_crm_breaks() {
        let left_out: Vec<_> = RULES
            .iter()
            .filter(|rule| rule.group != System && rule.severity.weighs() && !rule.gated)
            .map(|rule| rule.id)
            .collect();
        assert_eq!(left_out, ["R2", "F3", "F4"]);
    }
}
