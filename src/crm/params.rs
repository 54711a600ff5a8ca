//! Parameters that every typed endpoint shares, as OpenAPI documents them.
//!
//! They are documentation only: the pipeline parses the query string itself. Columns filter as
//! `column=operator.value` and cannot be listed one by one here.
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html>.

use serde::Deserialize;
use utoipa::IntoParams;

/// Parameters of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// Columns and embedded resources: `id,name,company:companies(id,name)`.
    #[param(example = "id,name,stage,amount")]
    pub select: Option<String>,
    /// `column.asc`, `column.desc.nullslast`, several separated by commas.
    #[param(example = "created_at.desc")]
    pub order: Option<String>,
    /// Rows to return.
    #[param(example = 25, minimum = 0)]
    pub limit: Option<u64>,
    /// Rows to skip.
    #[param(example = 0, minimum = 0)]
    pub offset: Option<u64>,
    /// A boolean tree: `(stage.eq.lead,amount.gt.1000)`.
    #[param(example = "(id.gte.1,id.is.null)")]
    pub or: Option<String>,
    /// A boolean tree whose branches must all hold.
    #[param(example = "(id.gte.1,id.not.is.null)")]
    pub and: Option<String>,
}

/// Parameters of a request for one row.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ItemParams {
    /// Columns and embedded resources of the answer.
    #[param(example = "id")]
    pub select: Option<String>,
}

/// Parameters of an insert.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CreateParams {
    /// Columns and embedded resources of the answer.
    #[param(example = "id")]
    pub select: Option<String>,
    /// Columns to take from the payload; others are ignored.
    pub columns: Option<String>,
    /// Unique columns for `Prefer: resolution=merge-duplicates`.
    pub on_conflict: Option<String>,
}

/// Request headers that every typed endpoint understands.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct CommonHeaders {
    /// RFC 7240 preferences: `count=exact`, `return=representation`, `resolution=merge-duplicates`…
    #[serde(rename = "Prefer")]
    #[param(rename = "Prefer", example = "count=exact")]
    pub prefer: Option<String>,
}
