//! `select=`: columns, JSON paths, casts, aggregates, aliases, embeds and spreads.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/tables_views.html#vertical-filtering>,
//! <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html>.

/// One step of a JSON path: `->key`, `->>key`, `->0`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JsonStep {
    /// True for `->>` (text), false for `->` (json).
    pub as_text: bool,
    /// Key or array index.
    pub operand: JsonOperand,
}

/// What a JSON step selects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JsonOperand {
    /// An object key.
    Key(String),
    /// An array index as written, sign included (`0`, `-1`).
    Index(String),
}

/// A column (or computed field) with an optional JSON path into it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    /// Column name as typed, `*` for all.
    pub name: String,
    /// Steps, outermost first; empty for the column itself.
    pub json_path: Vec<JsonStep>,
}

/// `sum()`, `avg()`, `max()`, `min()`, `count()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateFunction {
    Sum,
    Avg,
    Max,
    Min,
    Count,
}

/// `!inner` or `!left`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinType {
    Inner,
    Left,
}

/// One item of `select=`, with the items nested under an embed.
#[derive(Debug, Clone, PartialEq)]
pub enum SelectItem {
    /// `alias:field->path::cast.aggregate()::aggregate_cast`.
    Field {
        field: Field,
        aggregate: Option<AggregateFunction>,
        aggregate_cast: Option<String>,
        cast: Option<String>,
        alias: Option<String>,
    },
    /// `alias:relation!hint!inner(…)`.
    Relation {
        relation: String,
        alias: Option<String>,
        hint: Option<String>,
        join_type: Option<JoinType>,
        /// Empty for `relation()`: joined, but not shown.
        select: Vec<SelectItem>,
    },
    /// `...relation!hint!inner(…)`.
    Spread {
        relation: String,
        hint: Option<String>,
        join_type: Option<JoinType>,
        select: Vec<SelectItem>,
    },
}
