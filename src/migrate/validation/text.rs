//! A report for people.

use std::fmt::Write;

use super::rules::Severity;
use super::{Outcome, Report};
use crate::migrate::decision::Rate;

/// The report as text, some forty lines for a CRM in order.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "Baseline: {}", report.baseline);
    let records: Vec<_> = report
        .records
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    let _ = writeln!(out, "Records: {}", records.join(", "));
    if let Some(space) = &report.space {
        let _ = writeln!(out, "Space: {space}");
    }
    findings(&mut out, report);
    out.push_str("\nRecords with warnings (must be less than 1 %)\n");
    for rate in report.rates.iter().chain(&report.orphans) {
        let _ = writeln!(out, "  {}", rate_line(rate));
    }
    let score = &report.score;
    let _ = writeln!(
        out,
        "\nQuality: {} of 100, {} (completeness {}, accuracy {}, consistency {}, validity {})",
        score.total,
        score.level.name(),
        score.completeness,
        score.accuracy,
        score.consistency,
        score.validity
    );
    out.push_str(&verdict(report));
    out
}

fn findings(out: &mut String, report: &Report) {
    let mut found: Vec<&Outcome> = report
        .rules
        .iter()
        .filter(|rule| rule.count != Some(0))
        .collect();
    found.sort_by_key(|rule| (rule.count.is_some(), std::cmp::Reverse(rule.severity)));
    if found.is_empty() {
        out.push_str("\nFindings: none\n");
        return;
    }
    out.push_str("\nFindings\n");
    for rule in found {
        let _ = writeln!(
            out,
            "  {:<8} {:<10} {}",
            rule.severity.name(),
            rule.id,
            counted(rule)
        );
        for (entity, ids) in &rule.samples {
            let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
            let _ = writeln!(out, "{:22}{entity} {}", "", ids.join(", "));
        }
        for item in rule.items.iter().take(5) {
            let _ = writeln!(out, "{:22}{item}", "");
        }
        if rule.severity > Severity::Low || rule.error.is_some() {
            let _ = writeln!(out, "{:22}hint: {}", "", rule.hint);
        }
    }
}

fn counted(rule: &Outcome) -> String {
    match (&rule.error, rule.count) {
        (Some(error), _) => format!("{}: not evaluated: {error}", rule.title),
        (None, count) if rule.of > 0 => format!(
            "{}: {} of {} = {} %{}",
            rule.title,
            count.unwrap_or_default(),
            rule.of,
            rule.percent,
            if rule.gated || !rule.severity.weighs() {
                ""
            } else {
                " (reported only)"
            }
        ),
        (None, count) => format!("{}: {}", rule.title, count.unwrap_or_default()),
    }
}

fn rate_line(rate: &Rate) -> String {
    format!(
        "{:<10} {:>9} of {:>9} = {:>8} %  {}",
        rate.of,
        rate.with_findings,
        rate.records,
        rate.percent(),
        if rate.passes() { "ok" } else { "TOO MANY" }
    )
}

/// The decision, its reasons, and for a caution two lines that nobody overlooks.
pub fn verdict(report: &Report) -> String {
    let verdict = &report.verdict;
    let mut out = format!(
        "\n{}: {} (confidence {} %)\n",
        verdict.verdict,
        verdict.decision.name(),
        verdict.confidence
    );
    for reason in &verdict.reasons {
        let _ = writeln!(out, "  - {reason}");
    }
    if verdict.decision == crate::migrate::decision::Decision::ProceedWithCaution {
        out.push_str("*** PROCEED WITH CAUTION: nothing stands in the way, and the findings above are real.\n");
        out.push_str("*** Look at them, and migrate only when you can live with each one.\n");
    }
    out
}
