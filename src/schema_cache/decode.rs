//! Rows of the catalogue queries -> the schema cache's types. One function per `sql/*.sql`.

use tokio_postgres::Row;

use super::catalogue::Answer;
use super::gather::{ColumnType, Key, RawColumn, Relation, TypeId};
use super::load::load_error;
use super::media_handler::{HandlerTarget, MediaHandler, MediaHandlers};
use super::node_tree::{ColumnOrigin, column_origins};
use super::relationship::Relationship;
use super::representation::{Representation, Representations};
use super::routine::{IsolationLevel, PgType, ReturnType, Routine, RoutineParam, Volatility};
use crate::error::Error;
use crate::pg::ident::QualifiedIdentifier;

type Result<T, E = tokio_postgres::Error> = std::result::Result<T, E>;

/// Decodes each row.
pub(super) fn all<T>(rows: &[Row], decode: fn(&Row) -> Result<T>) -> Result<Vec<T>, Error> {
    rows.iter()
        .map(decode)
        .collect::<Result<_>>()
        .map_err(|e| load_error("unexpected row", &e))
}

fn qi(row: &Row, schema: &str, name: &str) -> Result<QualifiedIdentifier> {
    Ok(QualifiedIdentifier::new(
        row.try_get::<_, String>(schema)?,
        row.try_get::<_, String>(name)?,
    ))
}

/// `relations.sql`.
pub(super) fn relation(row: &Row) -> Result<Relation> {
    Ok(Relation {
        oid: row.try_get("oid")?,
        name: qi(row, "schema", "name")?,
        kind: letter(row, "kind")?,
        is_exposed: row.try_get("is_exposed")?,
        is_partition: row.try_get("is_partition")?,
    })
}

/// `columns.sql`: the relation and its column.
pub(super) fn column(row: &Row) -> Result<(u32, RawColumn)> {
    let column = RawColumn {
        number: row.try_get("number")?,
        name: row.try_get("name")?,
        not_null: row.try_get("not_null")?,
        type_id: type_id(row)?,
        is_generated: row.try_get("is_generated")?,
        default: row.try_get("default_expression")?,
    };
    Ok((row.try_get("relation")?, column))
}

/// `comments.sql`.
pub(super) fn comment(row: &Row) -> Result<((u32, i32), String)> {
    let place = (row.try_get("relation")?, row.try_get("number")?);
    Ok((place, row.try_get("description")?))
}

/// `keys.sql`.
pub(super) fn key(row: &Row) -> Result<Key> {
    Ok(Key {
        name: row.try_get("name")?,
        relation: row.try_get("relation")?,
        kind: letter(row, "kind")?,
        columns: row.try_get("columns")?,
        foreign_relation: row.try_get("foreign_relation")?,
        foreign_columns: row.try_get("foreign_columns")?,
    })
}

/// `updatable.sql`.
pub(super) fn events(row: &Row) -> Result<(u32, i32)> {
    Ok((row.try_get("relation")?, row.try_get("events")?))
}

/// One row of the queries of [`super::catalogue`].
pub(super) fn answer(row: &Row) -> Result<Option<Answer>> {
    let (source, total) = (row.try_get("source")?, row.try_get("total")?);
    Ok(Answer::parse(source, total, row.try_get("rows")?))
}

/// `types.sql`.
pub(super) fn column_type(row: &Row) -> Result<(TypeId, ColumnType)> {
    let found = ColumnType {
        not_null: row.try_get("not_null")?,
        data_type: row.try_get("data_type")?,
        nominal_type: row.try_get("nominal_type")?,
        max_length: row.try_get("max_length")?,
        default: row.try_get("default_expression")?,
        enum_values: row.try_get("enum_values")?,
    };
    Ok((type_id(row)?, found))
}

fn type_id(row: &Row) -> Result<TypeId> {
    Ok((row.try_get("type")?, row.try_get("modifier")?))
}

/// The only letter of a text.
fn letter(row: &Row, column: &str) -> Result<char> {
    let text: &str = row.try_get(column)?;
    Ok(text.chars().next().unwrap_or_default())
}

/// `views.sql`: OID, columns by number, and where they come from.
pub(super) fn view(row: &Row) -> Result<(u32, Vec<String>, Vec<ColumnOrigin>)> {
    Ok((
        row.try_get("oid")?,
        row.try_get("columns")?,
        column_origins(row.try_get("definition")?),
    ))
}

/// One row of [`super::load::ROUTINES_SQL`].
///
/// # Errors
/// When the row does not have that statement's columns.
pub fn routine(row: &Row) -> Result<Routine> {
    let setting_names: Vec<String> = row.try_get("setting_names")?;
    let setting_values: Vec<String> = row.try_get("setting_values")?;
    let isolation: Option<&str> = row.try_get("isolation_level")?;
    Ok(Routine {
        schema: row.try_get("schema")?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        params: routine_params(row)?,
        return_type: return_type(row)?,
        volatility: match row.try_get("volatility")? {
            "i" => Volatility::Immutable,
            "s" => Volatility::Stable,
            _ => Volatility::Volatile,
        },
        has_variadic: row.try_get("has_variadic")?,
        isolation_level: isolation.map(IsolationLevel::from_setting),
        settings: std::iter::zip(setting_names, setting_values).collect(),
    })
}

fn routine_params(row: &Row) -> Result<Vec<RoutineParam>> {
    let names: Vec<String> = row.try_get("param_names")?;
    let types: Vec<String> = row.try_get("param_types")?;
    let cast_types: Vec<String> = row.try_get("param_cast_types")?;
    let required: Vec<bool> = row.try_get("param_required")?;
    let variadic: Vec<bool> = row.try_get("param_variadic")?;
    let types = std::iter::zip(types, cast_types);
    let flags = std::iter::zip(required, variadic);
    Ok(std::iter::zip(names, std::iter::zip(types, flags))
        .map(
            |(name, ((data_type, cast_type), (required, variadic)))| RoutineParam {
                name,
                data_type,
                cast_type,
                required,
                variadic,
            },
        )
        .collect())
}

fn return_type(row: &Row) -> Result<ReturnType> {
    let name = qi(row, "return_schema", "return_name")?;
    let pg_type = if row.try_get("returns_composite")? {
        PgType::Composite {
            name,
            is_alias: row.try_get("returns_alias")?,
        }
    } else {
        PgType::Scalar(name)
    };
    Ok(if row.try_get("returns_set")? {
        ReturnType::SetOf(pg_type)
    } else {
        ReturnType::Single(pg_type)
    })
}

/// `computed_relationships.sql`.
pub(super) fn computed_relationship(row: &Row) -> Result<Relationship> {
    Ok(Relationship::Computed {
        function: qi(row, "function_schema", "function")?,
        table: qi(row, "schema", "relation")?,
        foreign_table: qi(row, "foreign_schema", "foreign_relation")?,
        table_alias: QualifiedIdentifier::unqualified(""),
        is_to_one: row.try_get("is_to_one")?,
        is_self: row.try_get("is_self")?,
    })
}

/// `representations.sql`.
pub(super) fn representations(rows: &[Row]) -> Result<Representations, Error> {
    let list = all(rows, |row| {
        Ok(Representation {
            source_type: row.try_get("source_type")?,
            target_type: row.try_get("target_type")?,
            function: row.try_get("function")?,
        })
    })?;
    Ok(list
        .into_iter()
        .map(|r| ((r.source_type.clone(), r.target_type.clone()), r))
        .collect())
}

/// `media_handlers.sql`, with the built-in handlers that it may override.
pub(super) fn media_handlers(rows: &[Row]) -> Result<MediaHandlers, Error> {
    let mut handlers = built_in_handlers();
    handlers.extend(all(rows, |row| {
        let target = qi(row, "target_schema", "target")?;
        let target = if target == QualifiedIdentifier::new("pg_catalog", "anyelement") {
            HandlerTarget::AnyElement
        } else {
            HandlerTarget::Relation(target)
        };
        let handler = MediaHandler::Custom {
            function: qi(row, "handler_schema", "handler")?,
            target: target.clone(),
        };
        let media_type: String = row.try_get("media_type")?;
        Ok(((target, media_type), (handler, row.try_get("resolved")?)))
    })?);
    Ok(handlers)
}

/// Handlers that exist without the database's help.
pub fn built_in_handlers() -> MediaHandlers {
    let entry = |media_type: &str, handler, made: &str| {
        (
            (HandlerTarget::AnyElement, media_type.to_owned()),
            (handler, made.to_owned()),
        )
    };
    [
        entry("*/*", MediaHandler::Json, "application/json"),
        entry("application/json", MediaHandler::Json, "application/json"),
        entry("text/csv", MediaHandler::Csv, "text/csv"),
        entry(
            "application/geo+json",
            MediaHandler::GeoJson,
            "application/geo+json",
        ),
    ]
    .into()
}
