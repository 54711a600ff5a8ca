//! `order=`: columns, JSON paths, columns of a to-one embed, direction and nulls.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#ordering>.

use super::select::Field;

/// `asc` or `desc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Asc,
    Desc,
}

/// `nullsfirst` or `nullslast`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    First,
    Last,
}

/// One term of `order=`.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderTerm {
    /// Set for `relation(column)`: the embed whose column orders the parent.
    pub relation: Option<String>,
    pub field: Field,
    pub direction: Option<Direction>,
    pub nulls: Option<Nulls>,
}
