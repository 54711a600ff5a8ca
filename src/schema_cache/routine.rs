//! Functions and procedures that can be called under `/rpc`.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/functions.html>.

use std::cmp::Ordering;

use serde::Serialize;

use crate::pg::ident::QualifiedIdentifier;

/// Result type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum PgType {
    Scalar(QualifiedIdentifier),
    /// A row type; `is_alias` when it is a domain over one.
    Composite {
        name: QualifiedIdentifier,
        is_alias: bool,
    },
}

/// One value or a set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum ReturnType {
    Single(PgType),
    SetOf(PgType),
}

/// Volatility category; decides the access mode of POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Volatility {
    Volatile,
    Stable,
    Immutable,
}

/// Transaction isolation level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum IsolationLevel {
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

impl IsolationLevel {
    /// The level that a value of `default_transaction_isolation` names; `READ UNCOMMITTED` and
    /// anything else behave as read committed.
    pub fn from_setting(value: &str) -> Self {
        match value.trim().to_ascii_lowercase().as_str() {
            "repeatable read" => Self::RepeatableRead,
            "serializable" => Self::Serializable,
            _ => Self::ReadCommitted,
        }
    }
}

/// An input parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RoutineParam {
    /// Empty when unnamed.
    pub name: String,
    /// Type without modifiers.
    pub data_type: String,
    /// Type to cast to: unbounded variants for `character`, `bit` and their kin.
    pub cast_type: String,
    pub required: bool,
    pub variadic: bool,
}

/// A callable function or procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Routine {
    pub schema: String,
    pub name: String,
    pub description: Option<String>,
    pub params: Vec<RoutineParam>,
    pub return_type: ReturnType,
    pub volatility: Volatility,
    pub has_variadic: bool,
    /// From `SET default_transaction_isolation` on the function.
    pub isolation_level: Option<IsolationLevel>,
    /// Hoisted settings of the function (`db-hoisted-tx-settings`).
    pub settings: Vec<(String, String)>,
}

impl PartialOrd for Routine {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Routine {
    /// By name; of overloads, those with fewest parameters first.
    fn cmp(&self, other: &Self) -> Ordering {
        fn key(r: &Routine) -> impl Ord {
            (
                (&r.schema, &r.name, r.params.len()),
                (&r.description, &r.params, &r.return_type),
                (r.volatility, r.has_variadic),
                (r.isolation_level, &r.settings),
            )
        }
        key(self).cmp(&key(other))
    }
}

impl Routine {
    /// Returns one row or value, not a set.
    pub fn returns_single(&self) -> bool {
        matches!(self.return_type, ReturnType::Single(_))
    }

    /// Returns one scalar.
    pub fn returns_scalar(&self) -> bool {
        matches!(self.return_type, ReturnType::Single(PgType::Scalar(_)))
    }

    /// Returns a set of scalars.
    pub fn returns_set_of_scalar(&self) -> bool {
        matches!(self.return_type, ReturnType::SetOf(PgType::Scalar(_)))
    }

    /// Returns one row.
    pub fn returns_single_composite(&self) -> bool {
        matches!(
            self.return_type,
            ReturnType::Single(PgType::Composite { .. })
        )
    }

    /// Returns `void`.
    pub fn returns_void(&self) -> bool {
        matches!(&self.return_type, ReturnType::Single(PgType::Scalar(t))
            if t.schema == "pg_catalog" && t.name == "void")
    }

    /// The relation whose row type is returned, if any.
    pub fn returned_relation(&self) -> Option<&QualifiedIdentifier> {
        match &self.return_type {
            ReturnType::Single(PgType::Composite { name, .. })
            | ReturnType::SetOf(PgType::Composite { name, .. }) => Some(name),
            _ => None,
        }
    }
}
