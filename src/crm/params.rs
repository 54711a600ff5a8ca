//! Parameters that every typed endpoint shares, as OpenAPI documents them.
//!
//! They are documentation only: the pipeline parses the query string itself. Those of a collection come
//! from the relation's columns ([`crate::openapi::relations`]).
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html>.

use serde::Deserialize;
use utoipa::IntoParams;

/// Parameters of a request for one row.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ItemParams {
    /// Columns and embedded resources of the answer.
    #[param(example = "id")]
    pub select: Option<String>,
}
