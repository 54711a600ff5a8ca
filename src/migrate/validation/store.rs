//! Keeps a report: rows of `migration.migration_validation_results`, and a JSON file for people.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio_postgres::Client;
use uuid::Uuid;

use super::{Outcome, Report};
use crate::migrate::decision::Rate;
use crate::migrate::error::Fault;
use crate::migrate::state;

const INSERT: &str = include_str!("sql/store.sql");

/// One row of the table.
struct Row {
    check_type: String,
    entity_name: Option<String>,
    count: Option<i64>,
    of: i64,
    status: &'static str,
    message: String,
}

/// Writes the report into the database; schema `migration` is made when it is missing. What was stored for
/// the same run before is replaced.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn store(client: &mut Client, report: &Report) -> Result<(), Fault> {
    state::ensure(client).await?;
    let transaction = client.transaction().await?;
    transaction
        .execute(
            "delete from migration.migration_validation_results where run_id = $1",
            &[&report.run],
        )
        .await?;
    for row in rows(report) {
        transaction
            .execute(
                INSERT,
                &[
                    &report.run,
                    &row.check_type,
                    &row.entity_name,
                    &row.count,
                    &row.of,
                    &row.status,
                    &row.message,
                ],
            )
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

fn rows(report: &Report) -> Vec<Row> {
    let rules = report.rules.iter().map(of_rule);
    let rates = report
        .rates
        .iter()
        .map(|rate| of_rate("warning_rate", rate));
    let orphans = report
        .orphans
        .iter()
        .map(|rate| of_rate("orphan_rate", rate));
    let score = Row {
        check_type: "quality_score".into(),
        entity_name: None,
        count: Some(i64::from(report.score.total.0)),
        of: 10_000,
        status: if report.score.total.0 < 8_000 {
            "WARN"
        } else {
            "PASS"
        },
        message: format!(
            "{} of 100, {}",
            report.score.total,
            report.score.level.name()
        ),
    };
    let decision = Row {
        check_type: "decision".into(),
        entity_name: None,
        count: None,
        of: 0,
        status: match (
            report.verdict.decision.is_go(),
            report.verdict.reasons.is_empty(),
        ) {
            (true, true) => "PASS",
            (true, false) => "WARN",
            (false, _) => "FAIL",
        },
        message: [report.verdict.decision.name().to_owned()]
            .into_iter()
            .chain(report.verdict.reasons.iter().cloned())
            .collect::<Vec<_>>()
            .join("; "),
    };
    rules
        .chain(rates)
        .chain(orphans)
        .chain([score, decision])
        .collect()
}

fn of_rule(outcome: &Outcome) -> Row {
    let scope = super::rules::by_id(outcome.id).map_or(&[][..], |rule| rule.scope);
    let names: Vec<_> = scope.iter().map(|entity| entity.name()).collect();
    Row {
        check_type: outcome.id.into(),
        entity_name: (!names.is_empty()).then(|| names.join(", ")),
        count: outcome.count.and_then(|count| i64::try_from(count).ok()),
        of: i64::try_from(outcome.of).unwrap_or(i64::MAX),
        status: outcome.status,
        message: match &outcome.error {
            Some(error) => format!("{}: not evaluated: {error}", outcome.title),
            None => format!("{} ({})", outcome.title, outcome.severity.name()),
        },
    }
}

fn of_rate(check_type: &str, rate: &Rate) -> Row {
    Row {
        check_type: check_type.into(),
        entity_name: Some(rate.of.into()),
        count: i64::try_from(rate.with_findings).ok(),
        of: i64::try_from(rate.records).unwrap_or(i64::MAX),
        status: if rate.passes() { "PASS" } else { "FAIL" },
        message: format!(
            "{} of {} records = {} %, must be less than 1 %",
            rate.with_findings,
            rate.records,
            rate.percent()
        ),
    }
}

/// `reports/validation-<run>.json` beside the log.
///
/// # Errors
/// When the file cannot be written: exit code 3.
pub fn write_file(log_file: &Path, report: &Report) -> Result<PathBuf, Fault> {
    write_json(log_file, &file_name(report.run), report)
}

fn file_name(run: Uuid) -> String {
    format!("validation-{run}.json")
}

/// Writes a JSON document into `reports/` beside the log, whole or not at all.
///
/// # Errors
/// When the file cannot be written: exit code 3.
pub fn write_json(log_file: &Path, name: &str, value: &impl Serialize) -> Result<PathBuf, Fault> {
    let path = log_file.with_file_name("reports").join(name);
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(path.with_file_name(""))?;
        let partial = path.with_extension("partial");
        std::fs::write(&partial, serde_json::to_vec_pretty(value)?)?;
        std::fs::rename(&partial, &path)
    };
    write().map_err(|error| {
        Fault::environment(format!("{} cannot be written: {error}", path.display()))
            .hint("choose another folder with --log-file")
    })?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_goes_beside_the_log_and_leaves_no_partial_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("logs/migration.log");
        let path = write_json(&log, "a.json", &[1, 2]).expect("written");
        assert_eq!(path, folder.path().join("logs/reports/a.json"));
        assert_eq!(
            std::fs::read_dir(path.with_file_name(""))
                .expect("the folder")
                .count(),
            1
        );
    }
}
