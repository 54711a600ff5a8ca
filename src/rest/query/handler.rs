//! The body of the answer, made by PostgreSQL from the rows.
//!
//! A [`MediaHandler`] in, one expression out. Most are aggregates over the rows, which the statement
//! calls [`ROWS`]. JSON stays of type `json`, whose binary form is its text: a cast to `text` would only
//! copy it.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_representation.html>,
//! <https://docs.postgrest.org/en/stable/references/api/media_type_handlers.html>.

use super::fragment::alias_column;
use super::snippet::Snippet;
use crate::pg::ident::QualifiedIdentifier;
use crate::schema_cache::media_handler::{HandlerTarget, MediaHandler};
use crate::schema_cache::routine::Routine;

/// Alias of the rows that the body is made of.
pub const ROWS: &str = "_postgrest_t";

/// Column of a function's scalar result.
pub const SCALAR: &str = "pgrst_scalar";

/// Name of the rows as a CTE, for handlers that read them twice.
pub const ROWS_CTE: &str = "pgrst_rows";

/// How a handler reads the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// An aggregate over all rows.
    Aggregate,
    /// An aggregate, and the rows once more from [`ROWS_CTE`].
    Twice,
    /// An expression of the one row that a function returned.
    OneRow,
}

/// How `handler` reads the rows of a relation, or of `routine`.
pub fn reading(handler: &MediaHandler, routine: Option<&Routine>) -> Reading {
    let is_one = routine.is_some_and(|r| r.returns_scalar() || r.returns_single_composite());
    match handler {
        MediaHandler::SingularJson { .. }
        | MediaHandler::ArrayJsonStripped
        | MediaHandler::Json
            if is_one =>
        {
            Reading::OneRow
        }
        // The handler of a function that returns a media type itself is that type, as a cast.
        MediaHandler::Custom { .. } if routine.is_some_and(Routine::returns_scalar) => {
            Reading::OneRow
        }
        MediaHandler::Csv => Reading::Twice,
        _ => Reading::Aggregate,
    }
}

/// The body as an expression over the rows named [`ROWS`].
pub fn body(handler: &MediaHandler, routine: Option<&Routine>) -> Snippet {
    match handler {
        MediaHandler::None => Snippet::sql("''::text"),
        MediaHandler::Json => json(handler, routine, false),
        MediaHandler::ArrayJsonStripped => json(handler, routine, true),
        MediaHandler::SingularJson { nulls_stripped } => json(handler, routine, *nulls_stripped),
        MediaHandler::GeoJson => Snippet::sql(
            "json_build_object('type', 'FeatureCollection', 'features', \
             coalesce(json_agg(ST_AsGeoJSON(_postgrest_t)::json), '[]'))",
        ),
        MediaHandler::Csv => csv(),
        MediaHandler::Custom { function, target } => custom(function, target, routine),
    }
}

/// The row as an argument: its scalar, or the whole row.
fn item(is_scalar: bool) -> Snippet {
    if is_scalar {
        alias_column(ROWS, SCALAR)
    } else {
        Snippet::raw(ROWS)
    }
}

fn json(handler: &MediaHandler, routine: Option<&Routine>, stripped: bool) -> Snippet {
    if reading(handler, routine) == Reading::OneRow {
        let is_scalar = routine.is_some_and(Routine::returns_scalar);
        let value = Snippet::sql(if is_scalar {
            "to_json("
        } else {
            "row_to_json("
        })
        .then(item(is_scalar))
        .then_sql(")");
        return strip(value, stripped);
    }
    let is_object = matches!(handler, MediaHandler::SingularJson { .. });
    let is_scalar = !is_object && routine.is_some_and(Routine::returns_set_of_scalar);
    let all = Snippet::sql("json_agg(")
        .then(item(is_scalar))
        .then_sql(if is_object { ") -> 0" } else { ")" });
    Snippet::sql("coalesce(")
        .then(strip(all, stripped))
        .then_sql(if is_object { ", 'null')" } else { ", '[]')" })
}

fn strip(json: Snippet, stripped: bool) -> Snippet {
    if stripped {
        Snippet::sql("json_strip_nulls(").then(json).then_sql(")")
    } else {
        json
    }
}

/// A header line with the column names, then PostgreSQL's text form of each row without its
/// parentheses, made RFC 4180: no doubled backslashes, and quotes only where a value has a comma, a quote
/// or a line break (or is empty, which tells it from null). A quote inside a quoted value is doubled, so
/// the expression cannot match within one.
fn csv() -> Snippet {
    Snippet::sql(
        "(SELECT coalesce(string_agg(name, ','), '') FROM json_object_keys(\
         (SELECT row_to_json(r) FROM pgrst_rows r LIMIT 1)) AS name) || E'\\n' || \
         coalesce(string_agg(regexp_replace(\
         replace(left(substr(_postgrest_t::text, 2), -1), '\\\\', '\\'), \
         '(^|,)\"([^\",\\r\\n]+)\"(?=,|$)', '\\1\\2', 'g'), E'\\n'), '')",
    )
}

fn custom(
    function: &QualifiedIdentifier,
    target: &HandlerTarget,
    routine: Option<&Routine>,
) -> Snippet {
    let call = Snippet::qi(function).then_sql("(");
    if routine.is_some_and(Routine::returns_scalar) {
        return call.then(item(true)).then_sql(")");
    }
    match target {
        HandlerTarget::AnyElement => call.then(item(false)).then_sql(")"),
        HandlerTarget::Relation(relation) => call
            .then(item(false))
            .then_sql("::")
            .then(Snippet::qi(relation))
            .then_sql(")"),
    }
}
