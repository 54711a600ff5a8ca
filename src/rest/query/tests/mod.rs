//! Statements of whole requests: a request line in, SQL out.
//!
//! The snapshots are read as SQL; that they run is shown by the suites that have a database.

mod body;
mod call;
mod count;
mod embed;
mod filter;
mod select;
mod settings;
mod write;

use serde_json::{Map, json};

use super::snippet::Param;
use super::{MainQuery, main_query};
use crate::auth::AuthResult;
use crate::config::RestConfig;
use crate::rest::api_request::{HttpRequest, parse};
use crate::rest::plan::action_plan;
use crate::rest::plan::testing::schema_cache;
use crate::schema_cache::SchemaCache;

/// What every statement ends its select list with, left out of the snapshots.
const RESPONSE_SETTINGS: &str = "nullif(current_setting('response.headers', true), '') AS response_headers, nullif(current_setting('response.status', true), '') AS response_status";

/// A request on its way.
struct Sent {
    http: HttpRequest,
    config: RestConfig,
    cache: SchemaCache,
}

/// A request with method and target, `/projects?select=id`.
fn sent(method: &str, target: &str) -> Sent {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let segments = path.split('/').filter(|s| !s.is_empty());
    Sent {
        http: HttpRequest {
            method: method.into(),
            path_segments: segments.map(str::to_owned).collect(),
            path: path.into(),
            query: query.into(),
            ..HttpRequest::default()
        },
        config: RestConfig {
            schemas: vec!["test".into()],
            anon_role: Some("anon".into()),
            aggregates_enabled: true,
            plan_enabled: true,
            ..RestConfig::default()
        },
        cache: schema_cache(),
    }
}

fn get(target: &str) -> Sent {
    sent("GET", target)
}

impl Sent {
    fn header(mut self, name: &str, value: &str) -> Self {
        self.http.headers.push((name.into(), value.into()));
        self
    }

    fn prefer(self, value: &str) -> Self {
        self.header("prefer", value)
    }

    fn accept(self, value: &str) -> Self {
        self.header("accept", value)
    }

    fn body(mut self, json: &str) -> Self {
        self.http.body = json.to_owned().into();
        self.header("content-type", "application/json")
    }

    fn max_rows(mut self, rows: u64) -> Self {
        self.config.max_rows = Some(rows);
        self
    }

    fn query(&self) -> MainQuery {
        let request = parse(&self.http, &self.config).unwrap();
        let plan = action_plan(&request, &self.cache, &self.config).unwrap();
        let auth = AuthResult {
            role: "anon".into(),
            claims: Map::from_iter([("sub".to_owned(), json!("1"))]).into(),
        };
        main_query(&plan, &request, &auth, &self.config, 150_000)
    }

    /// The main statement's text and parameters.
    fn main(&self) -> (String, Vec<Param>) {
        self.query().main.unwrap().render()
    }

    /// The main statement, the part that is always the same shortened.
    fn sql(&self) -> String {
        let (text, _) = self.main();
        assert!(text.contains(RESPONSE_SETTINGS));
        text.replace(RESPONSE_SETTINGS, "…")
    }

    /// The rows' query alone: what stands between `FROM (` and its alias.
    fn rows(&self) -> String {
        let text = self.sql();
        let (_, rows) = text.split_once("AS response_inserted FROM (").unwrap();
        rows.strip_suffix(") _postgrest_t").unwrap().to_owned()
    }
}

/// The texts of unknown-typed parameters.
fn unknowns(params: &[Param]) -> Vec<&str> {
    params
        .iter()
        .map(|param| match param {
            Param::Unknown(Some(text)) => text.as_str(),
            other => panic!("not an unknown: {other:?}"),
        })
        .collect()
}
