//! What the root document asks of the database: the names that the current role may use. All else
//! about them is in the schema cache.
//!
//! Run in the transaction, as the role.
//! Source: <https://docs.postgrest.org/en/stable/references/api/openapi.html>.

use super::snippet::Snippet;

/// Relations on which the role has any privilege.
///
/// Rows: `table_schema name`, `table_name name`.
pub fn accessible_tables(schema: &str) -> Snippet {
    in_schema(schema).then_sql(include_str!("accessible_tables.sql"))
}

/// Functions that the role may execute.
///
/// Rows: `routine_schema name`, `routine_name name`, `routine_oid int8`, `parameter_names text[]` (input
/// parameters in order, `''` when unnamed).
pub fn accessible_routines(schema: &str) -> Snippet {
    in_schema(schema).then_sql(include_str!("accessible_routines.sql"))
}

/// The schema's comment.
///
/// One row: `description text`.
pub fn schema_description(schema: &str) -> Snippet {
    in_schema(schema)
        .then_sql("SELECT obj_description(exposed.oid, 'pg_namespace') AS description FROM exposed")
}

fn in_schema(schema: &str) -> Snippet {
    Snippet::sql("WITH exposed AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = ")
        .then(Snippet::text(schema))
        .then_sql(")\n")
}
