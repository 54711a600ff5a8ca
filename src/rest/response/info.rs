//! OPTIONS: which methods a relation, a function or the root takes.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/options.html>.

use bytes::Bytes;

use super::HttpResponse;
use crate::error::Error;
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::plan::table_not_found;
use crate::schema_cache::SchemaCache;
use crate::schema_cache::routine::{Routine, Volatility};
use crate::schema_cache::table::Table;

/// Methods of a relation.
///
/// # Errors
/// `PGRST205`: no such relation.
pub fn relation(
    relation: &QualifiedIdentifier,
    cache: &SchemaCache,
) -> Result<HttpResponse, Error> {
    let table = cache
        .tables
        .get(relation)
        .ok_or_else(|| table_not_found(cache, relation))?;
    Ok(allow(&methods(table)))
}

/// Methods of a function: POST, and GET for one that writes nothing.
pub fn routine(routine: &Routine) -> HttpResponse {
    allow(match routine.volatility {
        Volatility::Volatile => "OPTIONS,POST",
        Volatility::Stable | Volatility::Immutable => "OPTIONS,GET,HEAD,POST",
    })
}

/// Methods of the root.
pub fn root() -> HttpResponse {
    allow("OPTIONS,GET,HEAD")
}

/// What the relation itself can do; grants are not looked at.
fn methods(table: &Table) -> String {
    let can_upsert = table.insertable && table.updatable && !table.primary_key.is_empty();
    let optional = [
        (table.insertable, "POST"),
        (can_upsert, "PUT"),
        (table.updatable, "PATCH"),
        (table.deletable, "DELETE"),
    ];
    let mut methods = vec!["OPTIONS", "GET", "HEAD"];
    methods.extend(optional.iter().filter(|(can, _)| *can).map(|(_, m)| *m));
    methods.join(",")
}

fn allow(methods: &str) -> HttpResponse {
    HttpResponse {
        status: 200,
        status_text: None,
        headers: vec![
            ("Content-Length".into(), "0".into()),
            ("Access-Control-Allow-Origin".into(), "*".into()),
            ("Allow".into(), methods.into()),
        ],
        body: Bytes::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::plan::testing::{schema_cache, test};

    fn table(insertable: bool, updatable: bool, deletable: bool, keys: &[&str]) -> Table {
        Table {
            schema: "test".into(),
            name: "t".into(),
            description: None,
            is_view: true,
            insertable,
            updatable,
            deletable,
            primary_key: keys.iter().map(|key| (*key).to_owned()).collect(),
            columns: indexmap::IndexMap::new(),
        }
    }

    #[test]
    fn methods_follow_what_the_relation_can_do() {
        let cases = [
            (
                table(true, true, true, &["id"]),
                "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE",
            ),
            (
                table(true, true, true, &[]),
                "OPTIONS,GET,HEAD,POST,PATCH,DELETE",
            ),
            (table(true, false, false, &["id"]), "OPTIONS,GET,HEAD,POST"),
            (
                table(false, false, true, &["id"]),
                "OPTIONS,GET,HEAD,DELETE",
            ),
            (table(false, false, false, &["id"]), "OPTIONS,GET,HEAD"),
        ];
        for (table, expected) in cases {
            assert_eq!(methods(&table), expected);
        }
    }

    #[test]
    fn an_unknown_relation_is_404() {
        let error = relation(&test("nope"), &schema_cache()).unwrap_err();
        assert_eq!((error.code(), error.status()), ("PGRST205", 404));
        assert_eq!(
            relation(&test("clients"), &schema_cache()).unwrap().status,
            200
        );
    }
}
