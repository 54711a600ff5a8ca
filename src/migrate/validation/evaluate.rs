//! Runs the rules inside a snapshot and puts their findings together.
//!
//! In: a transaction that only reads. Out: a [`Report`]. Each rule has a savepoint, so that one that fails
//! says so and leaves the others their snapshot.

use std::collections::BTreeMap;

use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::catalogue::{self, Fact};
use super::rules::{Argument, Check, Entity, Group, RULES, Rule, Severity};
use super::space::{self, Space};
use super::{Options, Outcome, Report, gated_rules, severity, tables, with_names};
use crate::migrate::decision::{self, Finding, Rate};
use crate::migrate::error::{Fault, one_line};
use crate::migrate::score::{self, Facts, Filled, Share};
use crate::pg::ident::quote_ident;
use crate::pg::migrations::Baseline;

const COUNTS: &str = include_str!("sql/counts.sql");
const COMPLETENESS: &str = include_str!("sql/completeness.sql");
const FOUND: &str = include_str!("sql/found.sql");
const STAGES: &str = include_str!("sql/stages.sql");
const CONFIGURATION: &str = include_str!("sql/configuration.sql");
/// Items that a report lists.
const MOST_ITEMS: usize = 100;

/// Stages and sectors that a site has configured; empty where nothing is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Configured {
    /// Texts that mean won.
    pub won: Vec<String>,
    /// Sectors.
    pub sectors: Vec<String>,
    /// Columns of the old board.
    pub stages: Vec<String>,
}

/// Everything the rules look at besides rows.
struct Ground {
    baseline: Baseline,
    counts: BTreeMap<Entity, u64>,
    live: Result<Vec<Fact>, Fault>,
    space: Result<Space, Fault>,
}

/// Judges the CRM in the transaction's snapshot.
///
/// # Errors
/// When the server cannot be asked at all; a rule that fails is part of the report.
pub async fn evaluate(
    transaction: &Transaction<'_>,
    baseline: Baseline,
    options: &Options,
) -> Result<Report, Fault> {
    transaction
        .batch_execute("set local timezone = 'UTC'; set local search_path = public, extensions; set local jit = off")
        .await?;
    let gated = gated_rules(&options.gate_rules).map_err(Fault::environment)?;
    prepare(transaction, options).await?;
    let ground = Ground {
        baseline,
        counts: counts(transaction, baseline).await?,
        live: apart(transaction, catalogue::facts(transaction)).await?,
        space: apart(transaction, space::measure(transaction, options.free_bytes)).await?,
    };
    let mut outcomes = Vec::with_capacity(RULES.len());
    for rule in RULES {
        if matches!(rule.check, Check::Items(_, Argument::Run)) && options.run.is_none() {
            continue;
        }
        let of = rule.scope.iter().map(|entity| ground.counts[entity]).sum();
        let found = check(transaction, rule, &ground, options).await?;
        outcomes.push(outcome(rule, found, of, &gated, options));
    }
    let rates = rates(transaction, &ground, &outcomes).await?;
    assemble(transaction, &ground, outcomes, rates, options).await
}

/// What a check gives: how many, ids, names; or why it could not be made.
type Found = Result<(u64, BTreeMap<&'static str, Vec<i64>>, Vec<String>), String>;

async fn check(
    transaction: &Transaction<'_>,
    rule: &Rule,
    ground: &Ground,
    options: &Options,
) -> Result<Found, Fault> {
    let facts = |pick: fn(Baseline, &[Fact]) -> Vec<String>| match &ground.live {
        Ok(live) => items(pick(ground.baseline, live)),
        Err(fault) => Err(fault.to_string()),
    };
    Ok(match rule.check {
        Check::Rows(sql) => {
            let sql = FOUND.replace("{rule}", &with_names(sql, ground.baseline));
            rows_found(guarded(transaction, &sql, &[]).await?)
        }
        Check::Items(sql, argument) => {
            let sql = with_names(sql, ground.baseline);
            items_of(transaction, &sql, argument, ground.baseline, options.run).await?
        }
        Check::CatalogueDiffers => facts(|baseline, live| catalogue::compare(baseline, live).0),
        Check::CatalogueExtra => facts(|baseline, live| catalogue::compare(baseline, live).1),
        Check::NamesTaken => facts(catalogue::taken),
        Check::Space => match &ground.space {
            Ok(space) if space.is_enough() => items(Vec::new()),
            Ok(space) => items(vec![space.to_string()]),
            Err(fault) => Err(fault.to_string()),
        },
    })
}

fn items(list: Vec<String>) -> Found {
    Ok((list.len() as u64, BTreeMap::new(), list))
}

async fn items_of(
    transaction: &Transaction<'_>,
    sql: &str,
    argument: Argument,
    baseline: Baseline,
    run: Option<Uuid>,
) -> Result<Found, Fault> {
    let names: Vec<String> = match argument {
        Argument::BaselineObjects => catalogue::expected(baseline)
            .iter()
            .map(Fact::key)
            .collect(),
        Argument::TouchedTables => tables(baseline)
            .iter()
            .map(|table| format!("public.{}", quote_ident(table)))
            .collect(),
        Argument::Run | Argument::None => Vec::new(),
    };
    let parameters: Vec<&(dyn ToSql + Sync)> = match argument {
        Argument::None => Vec::new(),
        Argument::Run => vec![&run],
        Argument::BaselineObjects | Argument::TouchedTables => vec![&names],
    };
    let rows = guarded(transaction, sql, &parameters).await?;
    Ok(rows.and_then(|rows| items(rows.iter().map(|row| row.get(0)).collect())))
}

fn rows_found(rows: Result<Vec<tokio_postgres::Row>, String>) -> Found {
    let mut samples = BTreeMap::new();
    let mut count = 0;
    for row in rows? {
        let entity = Entity::parse(row.get(0)).ok_or("a rule named an unknown entity")?;
        count += row.get::<_, i64>(1).unsigned_abs();
        samples.insert(entity.name(), row.get(2));
    }
    Ok((count, samples, Vec::new()))
}

/// Runs a query under a savepoint. Outer error: the session is lost; inner one: the query failed.
async fn guarded(
    transaction: &Transaction<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Result<Vec<tokio_postgres::Row>, String>, Fault> {
    transaction.batch_execute("savepoint rule").await?;
    match transaction.query(sql, parameters).await {
        Ok(rows) => {
            transaction.batch_execute("release savepoint rule").await?;
            Ok(Ok(rows))
        }
        Err(error) => {
            transaction
                .batch_execute("rollback to savepoint rule; release savepoint rule")
                .await?;
            Ok(Err(one_line(&Fault::from(error).to_string())))
        }
    }
}

/// Runs anything under a savepoint of its own.
async fn apart<T>(
    transaction: &Transaction<'_>,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<Result<T, Fault>, Fault> {
    transaction.batch_execute("savepoint apart").await?;
    let outcome = work.await;
    transaction
        .batch_execute(match &outcome {
            Ok(_) => "release savepoint apart",
            Err(_) => "rollback to savepoint apart; release savepoint apart",
        })
        .await?;
    Ok(outcome)
}

fn outcome(rule: &Rule, found: Found, of: u64, gated: &[&Rule], options: &Options) -> Outcome {
    let (count, samples, mut items, error) = match found {
        Ok((count, samples, items)) => (Some(count), samples, items, None),
        Err(error) => (None, BTreeMap::new(), Vec::new(), Some(error)),
    };
    items.truncate(MOST_ITEMS);
    let severity = severity(rule, options, count.unwrap_or_default(), of);
    let rate = Rate {
        of: rule.id,
        records: of,
        with_findings: count.unwrap_or_default(),
    };
    Outcome {
        id: rule.id,
        severity,
        group: rule.group,
        title: rule.title,
        status: match (count, severity) {
            (Some(0), _) | (Some(_), Severity::Info) => "PASS",
            (None, _) | (Some(_), Severity::Critical) => "FAIL",
            (Some(_), _) => "WARN",
        },
        count,
        of,
        percent: rate.percent(),
        samples,
        items,
        hint: rule.hint,
        gated: severity.weighs() && gated.iter().any(|other| other.id == rule.id),
        auto_fix: rule.fix.is_some(),
        error,
    }
}

/// Records with at least one finding that counts, each once, however many rules it breaks.
async fn rates(
    transaction: &Transaction<'_>,
    ground: &Ground,
    outcomes: &[Outcome],
) -> Result<Vec<Rate>, Fault> {
    let parts: Vec<String> = outcomes
        .iter()
        .filter(|outcome| outcome.gated && outcome.count > Some(0))
        .filter_map(|outcome| match super::rules::by_id(outcome.id)?.check {
            Check::Rows(sql) => Some(format!("(\n{})", with_names(sql, ground.baseline))),
            _ => None,
        })
        .collect();
    let mut with_findings: BTreeMap<Entity, u64> = BTreeMap::new();
    if !parts.is_empty() {
        let sql = format!(
            "select entity, count(*) from ({}) findings (entity, id) group by entity",
            parts.join("\nunion\n")
        );
        for row in transaction.query(&sql, &[]).await? {
            if let Some(entity) = Entity::parse(row.get(0)) {
                with_findings.insert(entity, row.get::<_, i64>(1).unsigned_abs());
            }
        }
    }
    let kinds: [(&'static str, &[Entity]); 5] = [
        ("companies", &[Entity::Companies]),
        ("contacts", &[Entity::Contacts]),
        ("deals", &[Entity::Deals]),
        ("notes", &[Entity::ContactNotes, Entity::DealNotes]),
        ("tasks", &[Entity::Tasks]),
    ];
    let mut rates: Vec<Rate> = kinds
        .into_iter()
        .map(|(of, entities)| Rate {
            of,
            records: entities.iter().map(|e| ground.counts[e]).sum(),
            with_findings: entities.iter().filter_map(|e| with_findings.get(e)).sum(),
        })
        .collect();
    rates.push(Rate {
        of: "all",
        records: rates.iter().map(|rate| rate.records).sum(),
        with_findings: rates.iter().map(|rate| rate.with_findings).sum(),
    });
    Ok(rates)
}

async fn assemble(
    transaction: &Transaction<'_>,
    ground: &Ground,
    outcomes: Vec<Outcome>,
    rates: Vec<Rate>,
    options: &Options,
) -> Result<Report, Fault> {
    let orphans: Vec<Rate> = ["R1", "R3"]
        .into_iter()
        .filter_map(|id| outcomes.iter().find(|outcome| outcome.id == id))
        .map(|outcome| Rate {
            of: outcome.id,
            records: outcome.of,
            with_findings: outcome.count.unwrap_or_default(),
        })
        .collect();
    let filled = filled(transaction, ground.baseline).await?;
    let mut findings: Vec<Finding<'_>> = outcomes.iter().map(finding).collect();
    if filled.is_err() {
        findings.push(Finding {
            id: "completeness",
            severity: Severity::Critical,
            group: Group::Required,
            count: None,
            gated: false,
            counted: true,
            fixable: false,
        });
    }
    let score = score::score(&score_facts(filled.unwrap_or_default(), &outcomes));
    let lines: Vec<Rate> = rates.iter().chain(&orphans).copied().collect();
    let verdict = decision::decide(&findings, &lines, &score);
    let taken_at = "select to_char(now(), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
    Ok(Report {
        run: options.run.unwrap_or_else(Uuid::new_v4),
        tool_version: env!("CARGO_PKG_VERSION"),
        taken_at: transaction.query_one(taken_at, &[]).await?.get(0),
        baseline: ground.baseline.folder(),
        verdict,
        score,
        rates,
        orphans,
        records: ground.counts.iter().map(|(e, n)| (e.name(), *n)).collect(),
        rules: outcomes,
        stage_map: options.stage_map.clone(),
        space: ground.space.as_ref().ok().cloned(),
        acknowledged: options.acknowledged.clone(),
    })
}

fn finding(outcome: &Outcome) -> Finding<'_> {
    Finding {
        id: outcome.id,
        severity: outcome.severity,
        group: outcome.group,
        count: outcome.count,
        gated: outcome.gated,
        counted: super::rules::by_id(outcome.id).is_none_or(|rule| rule.counted),
        fixable: outcome.auto_fix,
    }
}

/// How full the records are; inner error: it could not be evaluated.
async fn filled(
    transaction: &Transaction<'_>,
    baseline: Baseline,
) -> Result<Result<Vec<Filled>, String>, Fault> {
    let number = |row: &tokio_postgres::Row, at: usize| row.get::<_, i64>(at).unsigned_abs();
    let rows = guarded(transaction, &with_names(COMPLETENESS, baseline), &[]).await?;
    Ok(rows.map(|rows| {
        rows.iter()
            .map(|row| Filled {
                records: number(row, 1),
                points: number(row, 2),
                full_points: number(row, 3),
            })
            .collect()
    }))
}

fn score_facts(filled: Vec<Filled>, outcomes: &[Outcome]) -> Facts {
    // The parts of a rule that has two count together.
    let share = |id: &&str| {
        let parts = outcomes
            .iter()
            .filter(|o| o.id == *id || o.id.starts_with(&format!("{id}-")));
        let mut share = Share { broken: 0, of: 0 };
        for part in parts.filter(|part| part.group != Group::System) {
            share.of = part.of;
            share.broken += part.count.unwrap_or(part.of);
        }
        share
    };
    let shares = |ids: &[&str]| ids.iter().map(share).collect();
    Facts {
        filled,
        accuracy: shares(&["Q1", "Q2", "Q3", "Q4", "Q5"]),
        consistency: shares(&["U1", "F8", "R12"]),
        validity: shares(&["F1", "F2", "F5", "F6", "F7", "Q6"]),
    }
}

async fn counts(
    transaction: &Transaction<'_>,
    baseline: Baseline,
) -> Result<BTreeMap<Entity, u64>, Fault> {
    let rows = transaction
        .query(&with_names(COUNTS, baseline), &[])
        .await?;
    let mut counts: BTreeMap<Entity, u64> = Entity::ALL.iter().map(|entity| (*entity, 0)).collect();
    for row in rows {
        if let Some(entity) = Entity::parse(row.get(0)) {
            counts.insert(entity, row.get::<_, i64>(1).unsigned_abs());
        }
    }
    Ok(counts)
}

/// Hands the rules what they compare with, as settings of this transaction.
async fn prepare(transaction: &Transaction<'_>, options: &Options) -> Result<(), Fault> {
    let configured = configured(transaction).await?;
    let rows = transaction.query(STAGES, &[]).await?;
    let unknown: Vec<String> = rows
        .iter()
        .map(|row| row.get::<_, String>(0))
        .filter(|text| {
            let (_, source) = options.stage_map.meaning(text, &configured.won);
            source == crate::migrate::stage_map::Source::Unknown
        })
        .filter(|text| !text.trim().is_empty())
        .collect();
    let json = |list: &[String]| serde_json::Value::from(list).to_string();
    transaction
        .execute(
            "select set_config('migration.unknown_stages', $1, true), set_config('migration.sectors', $2, true), \
                    set_config('migration.max_amount', $3, true)",
            &[&json(&unknown), &json(&configured.sectors), &options.max_amount.to_string()],
        )
        .await?;
    Ok(())
}

/// What the site has configured, else the built-in lists.
pub(crate) async fn configured(transaction: &Transaction<'_>) -> Result<Configured, Fault> {
    let mut configured = Configured {
        sectors: DEFAULT_SECTORS
            .iter()
            .flat_map(|label| [(*label).to_owned(), slug(label)])
            .collect(),
        stages: crate::mapping::table::DEFAULT_DEAL_STAGES
            .iter()
            .map(ToString::to_string)
            .collect(),
        ..Configured::default()
    };
    let exists = "select to_regclass('public.configuration') is not null";
    if !transaction.query_one(exists, &[]).await?.get::<_, bool>(0) {
        return Ok(configured);
    }
    if let Some(row) = transaction.query_opt(CONFIGURATION, &[]).await? {
        configured.won = row.get(0);
        if let Some(sectors) = row.get(1) {
            configured.sectors = sectors;
        }
        if let Some(stages) = row.get(2) {
            configured.stages = stages;
        }
    }
    Ok(configured)
}

/// Sectors of both products: labels of the fork, and upstream's slugs of them.
const DEFAULT_SECTORS: &[&str] = &[
    "Communication Services",
    "Consumer Discretionary",
    "Consumer Staples",
    "Energy",
    "Financials",
    "Health Care",
    "Industrials",
    "Information Technology",
    "Materials",
    "Real Estate",
    "Utilities",
];

fn slug(label: &str) -> String {
    label.to_ascii_lowercase().replace(' ', "-")
}
