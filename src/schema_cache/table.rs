//! Relations (tables, views, foreign tables…) and their columns.

use indexmap::IndexMap;
use serde::Serialize;

/// A relation of any schema, with what can be done to it (independent of grants).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    pub schema: String,
    pub name: String,
    pub description: Option<String>,
    pub is_view: bool,
    pub insertable: bool,
    pub updatable: bool,
    pub deletable: bool,
    /// Primary key columns, sorted; for a view, those of its base table that it exposes.
    pub primary_key: Vec<String>,
    /// By name, in physical order.
    pub columns: IndexMap<String, Column>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    pub name: String,
    pub description: Option<String>,
    pub nullable: bool,
    /// Type as `format_type` prints it, domains resolved to their base type: `character varying`, `bigint`.
    pub data_type: String,
    /// Type as declared, domain name kept.
    pub nominal_type: String,
    pub max_length: Option<i32>,
    /// Default expression, or the identity's `nextval(…)`.
    pub default: Option<String>,
    /// Labels when the type is an enum.
    pub enum_values: Vec<String>,
}
