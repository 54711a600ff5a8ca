//! Bodies and execution plans.

use super::{get, sent};
use insta::assert_snapshot;

/// The select list up to the body.
fn head(sql: &str) -> &str {
    sql.split_once(" AS body").unwrap().0
}

#[test]
fn one_object_is_the_first_of_all() {
    let sql = get("/projects?select=id")
        .accept("application/vnd.pgrst.object+json")
        .sql();
    assert_eq!(
        head(&sql),
        "SELECT NULL::text AS total_result_set, pg_catalog.count(*) AS page_total, NULL::text[] AS header, coalesce(json_agg(_postgrest_t) -> 0, 'null')"
    );
}

#[test]
fn nulls_are_stripped_from_arrays_and_objects() {
    let array = get("/projects")
        .accept("application/vnd.pgrst.array+json;nulls=stripped")
        .sql();
    assert!(array.contains("coalesce(json_strip_nulls(json_agg(_postgrest_t)), '[]') AS body"));
    let object = get("/projects")
        .accept("application/vnd.pgrst.object+json;nulls=stripped")
        .sql();
    assert!(
        object.contains("coalesce(json_strip_nulls(json_agg(_postgrest_t) -> 0), 'null') AS body")
    );
}

#[test]
fn csv_reads_its_rows_twice() {
    assert_snapshot!(get("/projects?select=id,name").accept("text/csv").sql(), @r#"WITH pgrst_rows AS (SELECT "test"."projects"."id", "test"."projects"."name" FROM "test"."projects") SELECT NULL::text AS total_result_set, pg_catalog.count(*) AS page_total, NULL::text[] AS header, (SELECT coalesce(string_agg(name, ','), '') FROM json_object_keys((SELECT row_to_json(r) FROM pgrst_rows r LIMIT 1)) AS name) || E'\n' || coalesce(string_agg(regexp_replace(replace(left(substr(_postgrest_t::text, 2), -1), '\\', '\'), '(^|,)"([^",\r\n]+)"(?=,|$)', '\1\2', 'g'), E'\n'), '') AS body, …, NULL::text AS response_inserted FROM pgrst_rows _postgrest_t"#);
}

#[test]
fn geojson_is_a_feature_collection() {
    let sql = get("/projects").accept("application/geo+json").sql();
    assert!(sql.contains(
        "json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(ST_AsGeoJSON(_postgrest_t)::json), '[]')) AS body"
    ));
}

#[test]
fn head_has_no_body_but_its_count() {
    let sql = sent("HEAD", "/projects?select=id")
        .prefer("count=exact")
        .sql();
    assert!(sql.contains("''::text AS body"));
    assert!(sql.contains("pg_catalog.count(*))::text AS total_result_set"));
}

#[test]
fn explained_statements_have_neither_header_nor_guards() {
    assert_snapshot!(
        get("/projects?select=id")
            .accept("application/vnd.pgrst.plan+json; options=analyze|verbose|settings|buffers|wal")
            .sql(),
        @r#"EXPLAIN (FORMAT JSON, ANALYZE, VERBOSE, SETTINGS, BUFFERS, WAL) SELECT NULL::text AS total_result_set, pg_catalog.count(*) AS page_total, coalesce(json_agg(_postgrest_t), '[]') AS body, …, NULL::text AS response_inserted FROM (SELECT "test"."projects"."id" FROM "test"."projects") _postgrest_t"#
    );
    let delete = sent("DELETE", "/projects?id=eq.1")
        .accept(r#"application/vnd.pgrst.plan+text; for="application/vnd.pgrst.object+json""#)
        .sql();
    assert!(delete.starts_with("EXPLAIN (FORMAT TEXT) WITH pgrst_source AS (DELETE"));
    assert!(!delete.contains("PGRST116"));
}
