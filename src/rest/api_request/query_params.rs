//! Splits the query string and sends each part to its parser.

use std::collections::{BTreeSet, HashMap};

use super::filter::Filter;
use super::logic::LogicTree;
use super::order::OrderTerm;
use super::range::RowRange;
use super::select::SelectItem;

/// Names of the embedded levels from the root down; empty for the root.
pub type EmbedPath = Vec<String>;

/// The parsed query string.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QueryParams {
    /// Sorted, canonical form of the query string, for `Content-Location`.
    pub canonical: String,
    /// Candidate arguments of a function call, in order, repeats kept.
    pub rpc_params: Vec<(String, String)>,
    /// `limit`/`offset` per level, keyed by the path joined with dots; the root's key is `""`.
    pub ranges: HashMap<EmbedPath, RowRange>,
    pub order: Vec<(EmbedPath, Vec<OrderTerm>)>,
    pub logic: Vec<(EmbedPath, LogicTree)>,
    /// `columns=`.
    pub columns: Option<BTreeSet<String>>,
    /// Never empty: `*` when `select` is absent. An empty `select=` gives an empty vector.
    pub select: Vec<SelectItem>,
    /// Every filter, in order, with the level it applies to.
    pub filters: Vec<(EmbedPath, Filter)>,
    /// Filters of the root level.
    pub root_filters: Vec<Filter>,
    /// Filters of embedded levels.
    pub embed_filters: Vec<(EmbedPath, Filter)>,
    /// Columns that root filters name (PUT compares them with the primary key).
    pub filter_fields: BTreeSet<String>,
    /// `on_conflict=`.
    pub on_conflict: Option<Vec<String>>,
}
