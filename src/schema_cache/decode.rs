//! Rows of the catalogue queries -> the schema cache's types. One function per `sql/*.sql`.

use std::collections::HashMap;

use indexmap::IndexMap;
use tokio_postgres::Row;

use super::load::load_error;
use super::media_handler::{HandlerTarget, MediaHandler, MediaHandlers};
use super::node_tree::column_origins;
use super::relate::{ForeignKey, PrimaryKey, Tables};
use super::relationship::Relationship;
use super::representation::{Representation, Representations};
use super::routine::{IsolationLevel, PgType, ReturnType, Routine, RoutineParam, Volatility};
use super::table::{Column, Table};
use super::view_keys::View;
use crate::error::Error;
use crate::pg::ident::QualifiedIdentifier;

type Result<T, E = tokio_postgres::Error> = std::result::Result<T, E>;

/// What the catalogue queries found, before the parts are related to each other.
pub(super) struct Loaded {
    pub tables: Tables,
    pub foreign_keys: Vec<ForeignKey>,
    pub primary_keys: Vec<PrimaryKey>,
    pub views: Vec<View>,
    pub routines: HashMap<QualifiedIdentifier, Vec<Routine>>,
    pub computed: Vec<Relationship>,
    pub representations: Representations,
    pub media_handlers: MediaHandlers,
}

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

/// `tables.sql` and `columns.sql`.
pub(super) fn tables(tables: &[Row], columns: &[Row]) -> Result<Tables, Error> {
    let mut map: Tables = all(tables, table)?
        .into_iter()
        .map(|t| (QualifiedIdentifier::new(&t.schema, &t.name), t))
        .collect();
    for (relation, column) in all(columns, column)? {
        if let Some(table) = map.get_mut(&relation) {
            table.columns.insert(column.name.clone(), column);
        }
    }
    Ok(map)
}

fn table(row: &Row) -> Result<Table> {
    Ok(Table {
        schema: row.try_get("schema")?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        is_view: row.try_get("is_view")?,
        insertable: row.try_get("insertable")?,
        updatable: row.try_get("updatable")?,
        deletable: row.try_get("deletable")?,
        primary_key: row.try_get("primary_key")?,
        columns: IndexMap::new(),
    })
}

fn column(row: &Row) -> Result<(QualifiedIdentifier, Column)> {
    let column = Column {
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        nullable: row.try_get("nullable")?,
        data_type: row.try_get("data_type")?,
        nominal_type: row.try_get("nominal_type")?,
        max_length: row.try_get("max_length")?,
        default: row.try_get("default_expression")?,
        enum_values: row.try_get("enum_values")?,
    };
    Ok((qi(row, "schema", "relation")?, column))
}

/// `foreign_keys.sql`.
pub(super) fn foreign_key(row: &Row) -> Result<ForeignKey> {
    let names: Vec<String> = row.try_get("names")?;
    let foreign_names: Vec<String> = row.try_get("foreign_names")?;
    Ok(ForeignKey {
        constraint: row.try_get("constraint_name")?,
        relation_oid: row.try_get("relation_oid")?,
        relation: qi(row, "schema", "relation")?,
        column_numbers: row.try_get("column_numbers")?,
        foreign_oid: row.try_get("foreign_oid")?,
        foreign_relation: qi(row, "foreign_schema", "foreign_relation")?,
        foreign_column_numbers: row.try_get("foreign_column_numbers")?,
        columns: std::iter::zip(names, foreign_names).collect(),
        is_unique: row.try_get("is_unique")?,
    })
}

/// `primary_keys.sql`.
pub(super) fn primary_key(row: &Row) -> Result<PrimaryKey> {
    Ok(PrimaryKey {
        relation_oid: row.try_get("relation_oid")?,
        relation: qi(row, "schema", "name")?,
        column_numbers: row.try_get("column_numbers")?,
        columns: row.try_get("columns")?,
    })
}

/// `views.sql`.
pub(super) fn view(row: &Row) -> Result<View> {
    Ok(View {
        oid: row.try_get("oid")?,
        name: qi(row, "schema", "name")?,
        is_exposed: row.try_get("is_exposed")?,
        columns: row.try_get("columns")?,
        origins: column_origins(row.try_get("definition")?),
    })
}

/// `routines.sql`, overloads sorted.
pub(super) fn routines(rows: &[Row]) -> Result<HashMap<QualifiedIdentifier, Vec<Routine>>, Error> {
    let mut map: HashMap<QualifiedIdentifier, Vec<Routine>> = HashMap::new();
    for routine in all(rows, routine)? {
        let name = QualifiedIdentifier::new(&routine.schema, &routine.name);
        map.entry(name).or_default().push(routine);
    }
    for overloads in map.values_mut() {
        overloads.sort_unstable();
    }
    Ok(map)
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
