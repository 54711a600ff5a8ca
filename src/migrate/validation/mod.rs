//! Validation: may this CRM be migrated? Rules over rows and over the system, in one snapshot.
//!
//! In: a session of the engine and [`Options`]. Out: a [`Report`] with what each rule found, the warning
//! rates, the score and the decision. Nothing is written: [`store`] keeps a report for those who want to.
//! The rules are a table ([`rules`]), each with SQL of its own that looks at all rows at once; a rule that
//! cannot be evaluated blocks.

pub mod catalogue;
mod evaluate;
pub mod fix;
pub mod rules;
pub mod space;
pub mod store;
mod table;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;
use tokio_postgres::Client;
use uuid::Uuid;

use super::decision::{Rate, Verdict};
use super::error::Fault;
use super::score::Score;
use super::session::{self, Found};
use super::stage_map::{StageMap, Unmapped};
use crate::pg::ident::quote_ident;
use crate::pg::migrations::Baseline;
use rules::{Group, Rule, Severity};

pub(crate) use evaluate::configured;
pub use evaluate::evaluate;
pub use text::text;

/// Amounts above it are reported, unless `OPPORTUNITY_MAX_AMOUNT` says otherwise.
pub const DEFAULT_MAX_AMOUNT: i64 = 1_000_000;

/// How a CRM is judged.
#[derive(Debug, Clone)]
pub struct Options {
    /// What stage texts mean.
    pub stage_map: StageMap,
    /// Which rules count for the warning rate, see [`gated_rules`]; empty for the usual ones.
    pub gate_rules: Vec<String>,
    /// Rules whose findings the operator takes note of; their severity falls to INFO. S2, S2-grants, S2-publications, S5 only.
    pub acknowledged: Vec<String>,
    /// Free bytes of the data volume, as the operator states them.
    pub free_bytes: Option<u64>,
    /// Rule Q5.
    pub max_amount: i64,
    /// The run whose backup rule S7 asks for; none: S7 is not checked.
    pub run: Option<Uuid>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            stage_map: StageMap::default(),
            gate_rules: Vec::new(),
            acknowledged: Vec::new(),
            free_bytes: None,
            max_amount: DEFAULT_MAX_AMOUNT,
            run: None,
        }
    }
}

/// Rules that an operator may acknowledge.
const ACKNOWLEDGEABLE: &[&str] = &["S2", "S2-grants", "S2-publications", "S5"];

/// What one rule found.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    pub id: &'static str,
    /// As it counts here.
    pub severity: Severity,
    pub group: Group,
    pub title: &'static str,
    /// `PASS`, `WARN`, `FAIL`.
    pub status: &'static str,
    /// Records or items; none when the rule could not be evaluated.
    pub count: Option<u64>,
    /// Records that the rule looks at; 0 for the system.
    pub of: u64,
    /// `count` in percent of `of`, cut after four decimals.
    pub percent: String,
    /// Up to five ids per kind of record, the lowest.
    pub samples: BTreeMap<&'static str, Vec<i64>>,
    /// What the system's rules found, by name; at most a hundred.
    pub items: Vec<String>,
    pub hint: &'static str,
    /// Counts for the warning rate.
    pub gated: bool,
    /// `validate --fix` can repair it.
    pub auto_fix: bool,
    /// Why it was not evaluated.
    pub error: Option<String>,
}

/// The judgement of a CRM.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The run that it was made for, or an id of its own.
    pub run: Uuid,
    pub tool_version: &'static str,
    /// Database clock, RFC 3339.
    pub taken_at: String,
    /// `fork` or `upstream`.
    pub baseline: &'static str,
    #[serde(flatten)]
    pub verdict: Verdict,
    pub score: Score,
    /// Per kind of record, then all together.
    pub rates: Vec<Rate>,
    /// The orphan checks R1 and R3, with a line of their own.
    pub orphans: Vec<Rate>,
    /// Records per kind.
    pub records: BTreeMap<&'static str, u64>,
    pub rules: Vec<Outcome>,
    /// The operator's stage map and what is done with texts that nobody knows.
    pub stage_map: StageMap,
    pub space: Option<space::Space>,
    pub acknowledged: Vec<String>,
}

impl Report {
    /// What the rule of that id found, if it was checked.
    pub fn rule(&self, id: &str) -> Option<&Outcome> {
        self.rules.iter().find(|outcome| outcome.id == id)
    }
}

/// Judges the CRM in a snapshot of its own, which changes nothing.
///
/// # Errors
/// Exit code 3 when there is no CRM before its migration, or the server cannot be asked.
pub async fn gate(client: &mut Client, options: &Options) -> Result<Report, Fault> {
    let baseline = before_migration(client).await?;
    let transaction = client
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let report = evaluate(&transaction, baseline, options).await?;
    transaction.rollback().await?;
    Ok(report)
}

/// The baseline of a CRM that has not been migrated.
///
/// # Errors
/// Exit code 3 when it has been.
pub async fn before_migration(client: &Client) -> Result<Baseline, Fault> {
    match session::detect(client).await? {
        Found::Baseline(baseline) => Ok(baseline),
        Found::Begun(_) => Err(Fault::environment("a migration has begun here")
            .hint("`oppbase migrate status` tells how far it is; continue with `oppbase migrate run --resume`")),
        Found::Migrated(_) => Err(Fault::environment("the database is migrated already")
            .hint("check it with `oppbase migrate verify`")),
    }
}

/// The rules that count for the warning rate. Each entry is a rule's id: bare ids replace the usual set,
/// `+ID` adds to it, `-ID` takes from it, `all` is every warning.
///
/// # Errors
/// One line when there is no such rule.
pub fn gated_rules(entries: &[String]) -> Result<Vec<&'static Rule>, String> {
    let weighs = |rule: &&Rule| rule.group != Group::System && rule.severity.weighs();
    let bare = |entry: &String| !entry.starts_with(['+', '-']);
    let mut set: Vec<&'static Rule> = if entries.iter().any(bare) {
        Vec::new()
    } else {
        rules::RULES.iter().filter(|rule| rule.gated).collect()
    };
    for entry in entries {
        if entry == "all" {
            set = rules::RULES.iter().filter(weighs).collect();
            continue;
        }
        let id = entry.trim_start_matches(['+', '-']);
        let rule = rules::by_id(id).filter(weighs).ok_or_else(|| {
            format!("\"{id}\" is no rule whose findings are warnings about records")
        })?;
        set.retain(|other| other.id != rule.id);
        if !entry.starts_with('-') {
            set.push(rule);
        }
    }
    Ok(set)
}

/// Whether the findings of a rule may be acknowledged.
///
/// # Errors
/// One line when they may not.
pub fn may_acknowledge(id: &str) -> Result<(), String> {
    if ACKNOWLEDGEABLE
        .iter()
        .any(|known| known.eq_ignore_ascii_case(id))
    {
        return Ok(());
    }
    Err(format!(
        "\"{id}\" cannot be acknowledged; only {} can",
        ACKNOWLEDGEABLE.join(" and ")
    ))
}

/// Puts the baseline's names of the note tables into SQL.
pub(crate) fn with_names(sql: &str, baseline: Baseline) -> String {
    let (deal_notes, contact_notes) = note_tables(baseline);
    sql.replace(
        "{deal_notes}",
        &format!("public.{}", quote_ident(deal_notes)),
    )
    .replace(
        "{contact_notes}",
        &format!("public.{}", quote_ident(contact_notes)),
    )
}

/// The note tables of a baseline: deals', contacts'.
pub fn note_tables(baseline: Baseline) -> (&'static str, &'static str) {
    match baseline {
        Baseline::Fork => ("dealNotes", "contactNotes"),
        Baseline::Upstream => ("deal_notes", "contact_notes"),
    }
}

/// The tables of a baseline that a migration touches, in schema public.
pub fn tables(baseline: Baseline) -> [&'static str; 8] {
    let (deal_notes, contact_notes) = note_tables(baseline);
    [
        "sales",
        "tags",
        "companies",
        "contacts",
        "deals",
        contact_notes,
        deal_notes,
        "tasks",
    ]
}

/// A rule's severity in the circumstances.
fn severity(rule: &Rule, options: &Options, count: u64, of: u64) -> Severity {
    let acknowledged = options
        .acknowledged
        .iter()
        .any(|id| id.eq_ignore_ascii_case(rule.id));
    match rule.id {
        _ if acknowledged => Severity::Info,
        // Where one record in five is so, it is the site's habit.
        "F3" if u128::from(count) * 5 > u128::from(of) => Severity::Low,
        "F8-unknown" => match options.stage_map.unmapped {
            Unmapped::Warn => rule.severity,
            Unmapped::Lead => Severity::Info,
            Unmapped::Fail => Severity::Critical,
        },
        _ => rule.severity,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_rules_replace_add_and_take() {
        let ids = |entries: &[&str]| -> Vec<&str> {
            let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
            let rules = gated_rules(&entries).expect("known rules");
            rules.iter().map(|rule| rule.id).collect()
        };
        assert!(!ids(&[]).contains(&"R2") && ids(&[]).contains(&"R4"));
        assert!(ids(&["+r2"]).contains(&"R2") && ids(&["+R2"]).contains(&"R4"));
        assert!(!ids(&["-R4"]).contains(&"R4"));
        assert_eq!(ids(&["R4", "F2"]), ["R4", "F2"]);
        assert!(ids(&["all"]).contains(&"F4") && ids(&["all"]).contains(&"R3"));
        for bad in ["X9", "R6", "S1"] {
            assert!(gated_rules(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_missing_address_is_a_habit_above_a_fifth() {
        let rule = rules::by_id("F3").expect("a rule");
        let options = Options::default();
        assert_eq!(severity(rule, &options, 20, 100), Severity::Medium);
        assert_eq!(severity(rule, &options, 21, 100), Severity::Low);
    }

    #[test]
    fn only_what_can_wait_is_acknowledged() {
        assert!(may_acknowledge("s2").is_ok());
        assert!(may_acknowledge("S1").is_err());
    }
}
