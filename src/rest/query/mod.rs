//! Stage 3: the plan as SQL snippets. Pure.

pub mod snippet;

use snippet::Snippet;

/// The statements of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct MainQuery {
    /// `select set_config(…), …`: search path, role, claims, headers…, all transaction-local.
    pub tx_settings: Snippet,
    /// `select pre_request()`, when configured.
    pub pre_request: Option<Snippet>,
    /// The main statement; see [`crate::rest::transaction::ResultSet`] for its columns.
    pub main: Option<Snippet>,
    /// `EXPLAIN (FORMAT JSON) …` of the count, for planned and estimated counts.
    pub explain_count: Option<Snippet>,
}
