//! Horizontal filters: `column=operator.value`.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#horizontal-filtering>.

use super::select::Field;

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub field: Field,
    pub condition: Condition,
}

/// `not.` plus an operation; or, for RPC arguments that share a name with nothing, raw text.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// `not.` was written.
    pub negated: bool,
    pub operation: Operation,
}

/// `any` or `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    Any,
    All,
}

/// Operators that take `(any)` or `(all)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantifiableOperator {
    Eq,
    Gte,
    Gt,
    Lte,
    Lt,
    Like,
    Ilike,
    Match,
    Imatch,
}

/// Operators that take one value and no quantifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimpleOperator {
    Neq,
    Contains,
    ContainedIn,
    Overlaps,
    StrictlyLeft,
    StrictlyRight,
    NotExtendsRight,
    NotExtendsLeft,
    Adjacent,
}

/// Full-text search operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FtsOperator {
    Fts,
    Plain,
    Phrase,
    Websearch,
}

/// Values of `is.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsValue {
    Null,
    NotNull,
    True,
    False,
    Unknown,
}

/// The operator with its operand.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    Simple(SimpleOperator, String),
    Quantified(QuantifiableOperator, Option<Quantifier>, String),
    In(Vec<String>),
    Is(IsValue),
    IsDistinct(String),
    Fts(FtsOperator, Option<String>, String),
}
