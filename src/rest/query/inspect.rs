//! What the root document asks of the database: what the current role may use. All else is in the
//! schema cache.
//!
//! Run in the transaction, as the role.
//! Source: <https://docs.postgrest.org/en/stable/references/api/openapi.html>.

use super::snippet::Snippet;
use crate::schema_cache::load::accessible_routines_sql;

/// Relations on which the role has any privilege.
///
/// Rows: `table_schema name`, `table_name name`.
pub fn accessible_tables(schema: &str) -> Snippet {
    in_schema(schema).then_sql(include_str!("accessible_tables.sql"))
}

/// Functions that the role may execute, as the schema cache's own query for them finds them.
///
/// Rows: as [`crate::schema_cache::decode::routine`] reads them.
pub fn accessible_routines(schema: &str) -> Snippet {
    Snippet::raw(accessible_routines_sql(schema))
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
