//! Recorded traffic of the real frontends, replayed in order against a fresh database.
//!
//! `OPPBASE_FIXTURES` names the folder with `recorded/*.jsonl`: one JSON object a line with `step`,
//! `method`, `path`, `query`, `headers`, `body`, `status`, `response`. Keys, tokens, user ids and refresh
//! tokens are replaced by ours. Compared: status, content type, total of a list, and the shape of JSON.
//! Without the variable the tests say so and pass.

#![allow(
    clippy::unwrap_used,
    reason = "a test says with a panic that it failed"
)]

mod compare;
mod session;

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::common::{Template, TestDb, spawn_app};
use session::Session;

/// One request and what it was answered.
#[derive(Debug, Clone, Deserialize)]
pub struct Recorded {
    pub step: String,
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub query: String,
    pub headers: std::collections::BTreeMap<String, String>,
    pub body: Option<String>,
    pub status: u16,
    pub response: Response,
}

/// Headers and the start of the body.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    #[serde(rename = "content-type")]
    pub content_type: Option<String>,
    #[serde(rename = "content-range")]
    pub content_range: Option<String>,
    #[serde(default)]
    pub body: String,
}

/// An answer of ours.
pub struct Answer {
    pub status: u16,
    pub content_type: Option<String>,
    pub content_range: Option<String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Where we answer better than the recorded stand-in, by decision: method, path, part of the query or
/// body, the statuses.
const BETTER: &[(&str, &str, &str, u16, u16)] = &[
    // Known faults of the frontends are read as they were meant.
    ("GET", "/rest/v1/deals", "type.ilike", 400, 200),
    ("PATCH", "/rest/v1/deals", "last_seen", 400, 200),
    ("PATCH", "/rest/v1/opportunities", "last_seen", 400, 200),
    ("POST", "/rest/v1/opportunityNotes", "undefined", 400, 201),
];

fn is_better(recorded: &Recorded, status: u16) -> bool {
    BETTER.iter().any(|(method, path, part, theirs, ours)| {
        recorded.method == *method
            && recorded.path == *path
            && (recorded.query.contains(part)
                || recorded
                    .body
                    .as_deref()
                    .is_some_and(|body| body.contains(part)))
            && (recorded.status, status) == (*theirs, *ours)
    })
}

/// Replays a file; gives one line per difference.
async fn replay(name: &str, template: Template) -> Vec<String> {
    let Some(folder) = std::env::var_os("OPPBASE_FIXTURES").map(PathBuf::from) else {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("SKIPPED: replay of {name}: OPPBASE_FIXTURES is not set");
        }
        return Vec::new();
    };
    let path = folder.join("recorded").join(format!("{name}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let db = TestDb::new(template).await;
    let dir = tempfile::tempdir().unwrap();
    let app = spawn_app(&db, |config| {
        config.crm.mail.folder = Some(dir.path().join("mail"));
        config.crm.mail.interval_s = 0;
        config.storage.dir = Some(dir.path().join("storage"));
    })
    .await;
    let mut session = Session::new(&app, dir.path().join("mail"));
    let mut differences = Vec::new();
    for (line, text) in text.lines().enumerate() {
        let recorded: Recorded = serde_json::from_str(text).unwrap();
        let answer = session.send(&recorded).await;
        session.learn(&recorded, &answer);
        if is_better(&recorded, answer.status) {
            continue;
        }
        for difference in compare::differences(&recorded, &answer) {
            let Recorded {
                step,
                method,
                path,
                query,
                ..
            } = &recorded;
            let line = line + 1;
            differences.push(format!(
                "{line} [{step}] {method} {path}{query}: {difference}"
            ));
        }
    }
    differences
}

async fn assert_same(name: &str, template: Template) {
    let differences = replay(name, template).await;
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

#[tokio::test]
async fn the_legacy_frontends_traffic() {
    assert_same("legacy", Template::Fork).await;
}

#[tokio::test]
async fn the_opportunities_frontends_traffic() {
    assert_same("opportunities", Template::Fork).await;
}

#[tokio::test]
async fn the_upstream_frontends_traffic() {
    assert_same("upstream", Template::Upstream).await;
}
