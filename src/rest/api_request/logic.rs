//! `and=(…)`, `or=(…)` trees.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#logical-operators>.

use super::filter::Filter;

/// How the branches of a tree are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogicOperator {
    And,
    Or,
}

/// A boolean tree over filters.
#[derive(Debug, Clone, PartialEq)]
pub enum LogicTree {
    /// `not.and(…)`, `or(…)`…
    Expression {
        negated: bool,
        operator: LogicOperator,
        branches: Vec<LogicTree>,
    },
    /// A leaf.
    Statement(Filter),
}
