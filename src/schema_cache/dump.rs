//! The schema cache as JSON, for people: `postgrest --dump-schema` and the admin server's
//! `/schema_cache`. PostgREST's top-level keys; what is below is ours, and may change.
//!
//! Maps are arrays of pairs, sorted by key, so that two dumps can be compared.
//! Source: <https://docs.postgrest.org/en/stable/references/admin_server.html#runtime-schema-cache>.

use std::collections::HashMap;
use std::fmt::Debug;

use serde::Serialize;

use super::SchemaCache;

#[derive(Serialize)]
struct Dump<M, R, P, F, T> {
    #[serde(rename = "dbMediaHandlers")]
    media_handlers: M,
    #[serde(rename = "dbRelationships")]
    relationships: R,
    #[serde(rename = "dbRepresentations")]
    representations: P,
    #[serde(rename = "dbRoutines")]
    routines: F,
    #[serde(rename = "dbTables")]
    tables: T,
}

/// The cache as one JSON object.
pub fn to_json(cache: &SchemaCache) -> String {
    let dump = Dump {
        media_handlers: pairs(&cache.media_handlers),
        relationships: pairs(&cache.relationships),
        representations: pairs(&cache.representations),
        routines: pairs(&cache.routines),
        tables: pairs(&cache.tables)
            .into_iter()
            .map(|(name, table)| (name, &**table))
            .collect::<Vec<_>>(),
    };
    serde_json::to_string(&dump).expect("no map has a key that is not a string")
}

fn pairs<K: Debug, V>(map: &HashMap<K, V>) -> Vec<(&K, &V)> {
    let mut pairs: Vec<_> = map.iter().collect();
    pairs.sort_by_cached_key(|(key, _)| format!("{key:?}"));
    pairs
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::pg::ident::QualifiedIdentifier;

    #[test]
    fn the_five_parts_are_there_and_sorted() {
        let empty = serde_json::json!({
            "dbMediaHandlers": [], "dbRelationships": [], "dbRepresentations": [],
            "dbRoutines": [], "dbTables": [],
        });
        let parsed: serde_json::Value =
            serde_json::from_str(&to_json(&SchemaCache::default())).expect("JSON");
        assert_eq!(parsed, empty);
        let mut cache = SchemaCache::default();
        for name in ["c", "a", "b"] {
            let name = QualifiedIdentifier::new("s", name);
            Arc::make_mut(&mut cache.routines).insert(name, Vec::new());
        }
        let parsed: serde_json::Value = serde_json::from_str(&to_json(&cache)).expect("JSON");
        let names: Vec<_> = (0..3)
            .map(|i| parsed["dbRoutines"][i][0]["name"].clone())
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}
