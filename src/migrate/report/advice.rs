//! Recommendations: what the facts of a run ask somebody to do, the most urgent first.
//!
//! In: a [`Report`]. Out: sentences. Pure.

use serde_json::Value;

use super::Report;
use crate::migrate::state::Status;

/// What to do next.
pub fn advice(report: &Report) -> Vec<String> {
    let mut list = vec![];
    state(report, &mut list);
    verification(report, &mut list);
    backups(report, &mut list);
    rows(report, &mut list);
    list
}

fn state(report: &Report, list: &mut Vec<String>) {
    match report.run.status {
        Status::Failed => list.push(
            "The run stopped. Continue it with `oppbase migrate run --resume`, or undo it with `oppbase migrate rollback`."
                .into(),
        ),
        Status::RolledBack => list.push(
            "The run was undone and the old schema is in use. Find the cause before a new run; the archived new rows are kept."
                .into(),
        ),
        Status::InProgress | Status::Pending => list.push(
            "The run is not complete: `oppbase migrate status` says whether somebody works on it.".into(),
        ),
        Status::Completed | Status::Skipped => {}
    }
}

fn verification(report: &Report, list: &mut Vec<String>) {
    if report.run.status != Status::Completed {
        return;
    }
    let Some(verification) = &report.verification else {
        list.push("The run has not been verified: run `oppbase migrate verify`.".into());
        return;
    };
    let deadline = report
        .rollback_deadline
        .map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string())
        .unwrap_or_default();
    if verification["verdict"] == "FAILED" {
        list.push(format!(
            "The verification failed. Decide before {deadline} whether to undo the run (`oppbase migrate rollback`)."
        ));
    }
    let checks = || {
        verification["categories"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|category| category["checks"].as_array())
            .flatten()
            .filter(|check| check["status"] != "passed" && check["severity"] != "info")
    };
    let unknown = checks().filter(|check| check["status"] == "not_evaluated");
    let unknown = unknown.count();
    if unknown > 0 {
        list.push(format!(
            "{unknown} checks could not be evaluated and count as broken: see the reason beside each."
        ));
    }
    let is_slow = |check: &Value| {
        check["id"]
            .as_str()
            .is_some_and(|id| id.starts_with("performance."))
    };
    if checks().any(is_slow) {
        list.push(
            "Some queries are slower than planned: run ANALYZE, look at the server's load, and verify again.".into(),
        );
    }
    if verification["verdict"] != "FAILED" {
        list.push(format!(
            "Sign below once the samples have been looked at. The run may be undone until {deadline}."
        ));
    }
}

fn backups(report: &Report, list: &mut Vec<String>) {
    if report.backups.is_empty() {
        list.push("No backup set is recorded: nothing could be compared, and only a structural rollback is possible.".into());
    } else if report.backups.iter().any(|copy| !copy.is_verified) {
        list.push(
            "The backup set was not verified: make another one with `oppbase migrate backup`."
                .into(),
        );
    }
    if let Some(reason) = report
        .backups
        .iter()
        .find_map(|copy| copy.no_dump_reason.as_ref())
    {
        list.push(format!(
            "There is no full dump beside the copies ({reason})."
        ));
    }
}

fn rows(report: &Report, list: &mut Vec<String>) {
    if report.incident_count > 0 {
        list.push(format!(
            "Incidents recorded: {}, among them rows that were skipped. Have their owners look at them.",
            report.incident_count
        ));
    }
    let failed = report
        .validation
        .iter()
        .filter(|finding| finding.status == "FAIL");
    let failed = failed.count();
    if failed > 0 {
        list.push(format!(
            "{failed} findings of the validation were failures: repair the rows they name."
        ));
    }
}
