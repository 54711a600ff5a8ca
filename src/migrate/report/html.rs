//! The report as one HTML page.
//!
//! In: a [`Report`]. Out: a page that names no other file: style and plots are inside. Every value goes
//! through the template's escaping; long values of samples are cut.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Value, json};

use super::facts::Step;
use super::plots::{Bar, bars, duration, grouped, height};
use super::{Report, seconds};
use crate::migrate::Fault;
use crate::migrate::verify::Sample;

const PAGE: &str = include_str!("report.html.j2");
const STYLE: &str = include_str!("report.css");

/// Longest value of a sample that is shown, in characters.
const MAX_VALUE: usize = 160;

/// Renders the page.
///
/// # Errors
/// When the template is at odds with the facts, which a test would show.
pub fn render(report: &Report) -> Result<String, Fault> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_filter("grouped", grouped);
    environment.add_filter("duration", duration);
    let refuse = |e: minijinja::Error| Fault::failed(format!("the report's template: {e:#}"));
    environment
        .add_template("report.html", PAGE)
        .map_err(refuse)?;
    environment
        .get_template("report.html")
        .and_then(|template| template.render(Serde(values(report))))
        .map_err(refuse)
}

fn values(report: &Report) -> Value {
    let at = |moment: Option<chrono::DateTime<chrono::Utc>>| {
        moment.map(|moment| moment.format("%Y-%m-%d %H:%M:%S UTC").to_string())
    };
    let checks = checks(report);
    json!({
        "style": STYLE,
        "report": report,
        "tone": tone(&report.status),
        "generated_at": at(Some(report.generated_at)),
        "started_at": at(Some(report.run.started_at)),
        "completed_at": at(report.run.completed_at),
        "rollback_deadline": at(report.rollback_deadline),
        "archive_until": at(report.archive_until),
        "size": size(report.environment.size_bytes),
        "duration": report.duration_s.map(duration),
        "phases": report.steps.iter().filter(|s| s.step.is_none()).map(|s| step(report, s)).collect::<Vec<_>>(),
        "timeline": report.steps.iter().map(|s| step(report, s)).collect::<Vec<_>>(),
        "plots": {
            "durations": plot(durations(report)),
            "counts": plot(counts(report)),
            "stages_before": plot(stages(&report.stages_before, "before")),
            "stages_after": plot(stages(&report.stages_after, "after")),
            "scores": plot(scores(report)),
        },
        "severities": severities(&checks, report),
        "issues": checks,
        "samples": samples(&report.samples),
    })
}

fn plot(bars: Vec<Bar>) -> Value {
    json!({ "height": height(&bars), "bars": bars })
}

fn tone(status: &str) -> &'static str {
    match status {
        "SUCCESS" => "good",
        "FAILED" => "bad",
        _ => "fair",
    }
}

fn size(bytes: i64) -> String {
    let mib = u32::try_from(bytes >> 20).map_or(f64::INFINITY, f64::from);
    if mib >= 1024.0 {
        format!("{:.1} GiB", mib / 1024.0)
    } else {
        format!("{mib:.0} MiB")
    }
}

fn step(report: &Report, step: &Step) -> Value {
    json!({
        "phase": step.phase,
        "name": step.step.as_ref().unwrap_or(&step.name),
        "is_phase": step.step.is_none(),
        "status": step.status,
        "offset": step.started_at.map(|at| duration(seconds(report.run.started_at, at))),
        "started_at": step.started_at.map(|at| at.format("%H:%M:%S").to_string()),
        "duration": step.duration_s.map(duration),
        "rows": step.rows.map(grouped),
        "error": step.error,
    })
}

/// The steps; a phase without steps stands for itself.
fn durations(report: &Report) -> Vec<Bar> {
    let has_steps = |phase: &str| {
        let mut steps = report.steps.iter();
        steps.any(|step| step.phase == phase && step.step.is_some())
    };
    bars(
        report
            .steps
            .iter()
            .filter(|step| step.step.is_some() || !has_steps(&step.phase))
            .filter_map(|step| {
                let name = step.step.as_ref().unwrap_or(&step.name);
                let took = step.duration_s?;
                Some((
                    format!("{} {name}", step.phase),
                    duration(took),
                    took,
                    "after",
                ))
            }),
    )
}

fn counts(report: &Report) -> Vec<Bar> {
    bars(report.counts.iter().flat_map(|count| {
        let bar = |name: String, rows: Option<i64>, kind: &'static str| {
            rows.map(|rows| (name, grouped(rows), float(rows), kind))
        };
        let repeated = if count.before.is_some() {
            String::new()
        } else {
            count.table.clone()
        };
        [
            bar(count.table.clone(), count.before, "before"),
            bar(repeated, count.after, "after"),
        ]
        .into_iter()
        .flatten()
    }))
}

fn stages(stages: &[(String, i64)], kind: &'static str) -> Vec<Bar> {
    bars(stages.iter().map(|(stage, rows)| {
        let name = if stage.trim().is_empty() {
            "(empty)".into()
        } else {
            stage.clone()
        };
        (name, grouped(*rows), float(*rows), kind)
    }))
}

fn scores(report: &Report) -> Vec<Bar> {
    let categories = report
        .verification
        .iter()
        .filter_map(|v| v["categories"].as_array());
    let scored = categories.flatten().map(|category| {
        let score = category["score"].as_f64().unwrap_or_default();
        let title = category["title"].as_str().unwrap_or_default();
        (
            title.to_owned(),
            format!("{score:.1}"),
            score,
            if score < 100.0 { "low" } else { "after" },
        )
    });
    // The scale is that of the score, not of the best category.
    let scale = ("".to_owned(), String::new(), 100.0, "scale");
    let mut drawn = bars(scored.chain([scale]));
    drawn.pop();
    drawn
}

/// Far below the range in which a float loses whole numbers.
fn float(rows: i64) -> f64 {
    rows as f64
}

/// Every check that counts against the migration, worst first.
fn checks(report: &Report) -> Vec<Value> {
    let order = |check: &Value| {
        ["critical", "high", "medium", "low"]
            .iter()
            .position(|name| check["severity"] == *name)
    };
    let categories = report
        .verification
        .iter()
        .filter_map(|v| v["categories"].as_array());
    let mut found: Vec<Value> = categories
        .flatten()
        .filter_map(|category| category["checks"].as_array())
        .flatten()
        .filter(|check| check["status"] != "passed" && order(check).is_some())
        .cloned()
        .collect();
    found.sort_by_key(order);
    found
}

/// How many issues there are of each severity: broken checks and incidents.
fn severities(checks: &[Value], report: &Report) -> Vec<Value> {
    ["critical", "high", "medium", "low"]
        .iter()
        .map(|name| {
            let checks = checks
                .iter()
                .filter(|check| check["severity"] == **name)
                .count();
            let incidents = report.incidents.iter();
            let incidents = incidents
                .filter(|i| i.severity.eq_ignore_ascii_case(name))
                .count();
            json!({ "name": name, "checks": checks, "incidents": incidents })
        })
        .collect()
}

fn samples(samples: &[Sample]) -> Vec<Value> {
    samples
        .iter()
        .map(|sample| {
            let after = sample.after.as_ref();
            let before = sample.before.as_object();
            let columns: Vec<Value> = before
                .into_iter()
                .flatten()
                .map(|(column, value)| {
                    let now = after.map(|after| &after[column.as_str()]);
                    json!({
                        "column": column, "before": cut(value), "after": now.map(cut),
                        "is_equal": now == Some(value),
                    })
                })
                .collect();
            json!({
                "table": sample.table, "id": sample.id, "is_equal": sample.is_equal,
                "new": sample.new, "columns": columns, "is_gone": after.is_none(),
            })
        })
        .collect()
}

/// A value as people write it, cut.
fn cut(value: &Value) -> String {
    let text = match value {
        Value::Null => return "—".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= MAX_VALUE {
        return text;
    }
    text.chars().take(MAX_VALUE).chain(['…']).collect()
}
