//! Inserts, upserts, updates, deletes.

use super::{Param, sent};
use insta::assert_snapshot;

/// The data-modifying statement.
fn source(sql: &str) -> &str {
    let rest = sql.strip_prefix("WITH pgrst_source AS (").unwrap();
    rest.split_once(") SELECT NULL::text AS total_result_set")
        .unwrap()
        .0
}

#[test]
fn an_insert_takes_its_rows_from_one_parameter() {
    let request = sent("POST", "/projects").body(r#"[{"id":1,"name":"a"},{"id":2,"name":"b"}]"#);
    assert_snapshot!(request.sql(), @r#"WITH pgrst_source AS (INSERT INTO "test"."projects"("id", "name") SELECT "pgrst_body"."id", "pgrst_body"."name" FROM json_to_recordset($1) AS pgrst_body("id" integer, "name" text) RETURNING 1) SELECT NULL::text AS total_result_set, pg_catalog.count(*) AS page_total, NULL::text[] AS header, ''::text AS body, …, NULL::text AS response_inserted FROM pgrst_source _postgrest_t"#);
    let (_, params) = request.main();
    assert!(matches!(params.as_slice(), [Param::Json(Some(_))]));
}

#[test]
fn a_representation_returns_what_is_selected() {
    assert_snapshot!(
        sent("POST", "/projects?select=id,clients(name)")
            .prefer("return=representation")
            .body(r#"{"id":1,"name":"a"}"#)
            .sql(),
        @r#"WITH pgrst_source AS (INSERT INTO "test"."projects"("id", "name") SELECT "pgrst_body"."id", "pgrst_body"."name" FROM json_to_record($1) AS pgrst_body("id" integer, "name" text) RETURNING "test"."projects"."client_id", "test"."projects"."id") SELECT NULL::text AS total_result_set, pg_catalog.count(*) AS page_total, NULL::text[] AS header, coalesce(json_agg(_postgrest_t), '[]') AS body, …, NULL::text AS response_inserted FROM (SELECT "projects"."id", (SELECT row_to_json(e.*)::jsonb FROM (SELECT "clients_1"."name" FROM "test"."clients" AS "clients_1" WHERE "clients_1"."id" = "projects"."client_id") e) AS "clients" FROM "pgrst_source" AS "projects") _postgrest_t"#
    );
}

#[test]
fn the_location_is_the_primary_key_of_a_single_row() {
    assert_snapshot!(
        sent("POST", "/users_tasks")
            .prefer("return=headers-only")
            .body(r#"{"user_id":1,"task_id":2}"#)
            .sql(),
        @r#"WITH pgrst_source AS (INSERT INTO "test"."users_tasks"("task_id", "user_id") SELECT "pgrst_body"."task_id", "pgrst_body"."user_id" FROM json_to_record($1) AS pgrst_body("task_id" integer, "user_id" integer) RETURNING "test"."users_tasks".*) SELECT NULL::text AS total_result_set, pg_catalog.count(*) AS page_total, CASE WHEN pg_catalog.count(*) = 1 THEN coalesce((SELECT array_agg(pk.key || '=' || coalesce('eq.' || pk.value, 'is.null')) FROM json_each_text((SELECT row_to_json(r) FROM pgrst_source r LIMIT 1)) AS pk WHERE pk.key IN ('task_id', 'user_id')), '{}') ELSE '{}' END AS header, ''::text AS body, …, NULL::text AS response_inserted FROM pgrst_source _postgrest_t"#
    );
}

#[test]
fn empty_objects_insert_defaults() {
    let one = sent("POST", "/projects").body("{}").sql();
    assert_eq!(
        source(&one),
        r#"INSERT INTO "test"."projects" SELECT  FROM (VALUES (1)) pgrst_body RETURNING 1"#
    );
    let some = sent("POST", "/projects").body("[{},{}]").sql();
    assert_eq!(
        source(&some),
        r#"INSERT INTO "test"."projects" SELECT  FROM json_array_elements($1) pgrst_body RETURNING 1"#
    );
}

#[test]
fn missing_keys_may_get_the_default() {
    let mut request = sent("POST", "/projects?columns=id,name")
        .prefer("missing=default")
        .body(r#"[{"name":"a"}]"#);
    let id = crate::rest::plan::testing::test("projects");
    let tables = std::sync::Arc::make_mut(&mut request.cache.tables);
    let table = std::sync::Arc::make_mut(tables.get_mut(&id).unwrap());
    table.columns.get_mut("id").unwrap().default = Some("nextval('s'::regclass)".into());
    assert_snapshot!(source(&request.sql()), @r#"INSERT INTO "test"."projects"("id", "name") SELECT "pgrst_body"."id", "pgrst_body"."name" FROM (SELECT jsonb_agg(jsonb_build_object('id', nextval('s'::regclass)) || elem.value) AS val FROM jsonb_array_elements($1) AS elem(value)) pgrst_defaulted, LATERAL jsonb_to_recordset(pgrst_defaulted.val) AS pgrst_body("id" integer, "name" text) RETURNING 1"#);
    request.http.body = r#"{"name":"a"}"#.into();
    assert_snapshot!(source(&request.sql()), @r#"INSERT INTO "test"."projects"("id", "name") SELECT "pgrst_body"."id", "pgrst_body"."name" FROM jsonb_to_record(jsonb_build_object('id', nextval('s'::regclass)) || $1) AS pgrst_body("id" integer, "name" text) RETURNING 1"#);
}

#[test]
fn representations_read_the_payload() {
    let request = sent("POST", "/docs").body(r#"{"id":1,"color":"red"}"#);
    assert_snapshot!(source(&request.sql()), @r#"INSERT INTO "test"."docs"("color", "id") SELECT "pgrst_body"."color", "pgrst_body"."id" FROM (SELECT color_from_json("pgrst_body"."color") AS "color", "pgrst_body"."id" FROM json_to_record($1) AS pgrst_body("color" json, "id" integer)) pgrst_body RETURNING 1"#);
}

#[test]
fn upserts_count_what_they_insert() {
    let merge = sent("POST", "/projects")
        .prefer("resolution=merge-duplicates")
        .body(r#"{"id":1,"name":"a"}"#)
        .sql();
    assert_snapshot!(merge, @r#"WITH pgrst_source AS (INSERT INTO "test"."projects"("id", "name") SELECT "pgrst_body"."id", "pgrst_body"."name" FROM json_to_record($1) AS pgrst_body("id" integer, "name" text) WHERE set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) + 1)::text, true) <> '0' ON CONFLICT("id") DO UPDATE SET "id" = EXCLUDED."id", "name" = EXCLUDED."name" WHERE set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) - 1)::text, true) <> '-1' RETURNING 1) SELECT NULL::text AS total_result_set, pg_catalog.count(*) AS page_total, NULL::text[] AS header, ''::text AS body, …, nullif(current_setting('pgrst.inserted', true), '') AS response_inserted FROM pgrst_source _postgrest_t"#);
    let ignore = sent("POST", "/projects?on_conflict=name")
        .prefer("resolution=ignore-duplicates")
        .body(r#"{"id":1,"name":"a"}"#)
        .sql();
    assert_snapshot!(source(&ignore), @r#"INSERT INTO "test"."projects"("id", "name") SELECT "pgrst_body"."id", "pgrst_body"."name" FROM json_to_record($1) AS pgrst_body("id" integer, "name" text) ON CONFLICT("name") DO NOTHING RETURNING 1"#);
}

#[test]
fn put_writes_the_row_that_the_url_names_or_nothing() {
    assert_snapshot!(
        sent("PUT", "/projects?id=eq.1").body(r#"{"id":1,"name":"a"}"#).sql(),
        @r#"WITH pgrst_source AS (INSERT INTO "test"."projects"("id", "name") SELECT "pgrst_body"."id", "pgrst_body"."name" FROM json_to_record($1) AS pgrst_body("id" integer, "name" text) WHERE set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) + 1)::text, true) <> '0' AND "pgrst_body"."id" = $2 ON CONFLICT("id") DO UPDATE SET "id" = EXCLUDED."id", "name" = EXCLUDED."name" WHERE set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) - 1)::text, true) <> '-1' RETURNING 1) SELECT NULL::text AS total_result_set, CASE WHEN pg_catalog.count(*) <> 1 THEN ('PGRST115:' || pg_catalog.count(*))::bigint ELSE pg_catalog.count(*) END AS page_total, NULL::text[] AS header, ''::text AS body, …, nullif(current_setting('pgrst.inserted', true), '') AS response_inserted FROM pgrst_source _postgrest_t"#
    );
}

#[test]
fn an_update_joins_the_payload() {
    assert_snapshot!(
        sent("PATCH", "/projects?id=eq.1&or=(name.is.null,client_id.gt.2)")
            .prefer("return=representation")
            .body(r#"{"name":"a"}"#)
            .sql(),
        @r#"WITH pgrst_source AS (UPDATE "test"."projects" SET "name" = "pgrst_body"."name" FROM json_to_record($1) AS pgrst_body("name" text) WHERE "test"."projects"."id" = $2 AND ("test"."projects"."name" IS NULL OR "test"."projects"."client_id" > $3) RETURNING "test"."projects".*) SELECT NULL::text AS total_result_set, pg_catalog.count(*) AS page_total, NULL::text[] AS header, coalesce(json_agg(_postgrest_t), '[]') AS body, …, NULL::text AS response_inserted FROM (SELECT "projects".* FROM "pgrst_source" AS "projects") _postgrest_t"#
    );
}

#[test]
fn an_update_without_columns_touches_nothing() {
    let sql = sent("PATCH", "/projects?select=id")
        .prefer("return=representation")
        .body("{}")
        .sql();
    assert_eq!(
        source(&sql),
        r#"SELECT "projects"."id" FROM "test"."projects" WHERE false"#
    );
    let sql = sent("PATCH", "/projects").body("{}").sql();
    assert_eq!(
        source(&sql),
        r#"SELECT NULL FROM "test"."projects" WHERE false"#
    );
}

#[test]
fn a_delete_fails_inside_when_it_reaches_too_far() {
    assert_snapshot!(
        sent("DELETE", "/projects?client_id=eq.1")
            .prefer("handling=strict, max-affected=2, return=representation")
            .accept("application/vnd.pgrst.object+json")
            .sql(),
        @r#"WITH pgrst_source AS (DELETE FROM "test"."projects" WHERE "test"."projects"."client_id" = $1 RETURNING "test"."projects".*) SELECT NULL::text AS total_result_set, CASE WHEN pg_catalog.count(*) <> 1 THEN ('PGRST116:' || pg_catalog.count(*))::bigint WHEN pg_catalog.count(*) > $2 THEN ('PGRST124:' || pg_catalog.count(*))::bigint ELSE pg_catalog.count(*) END AS page_total, NULL::text[] AS header, coalesce(json_agg(_postgrest_t) -> 0, 'null') AS body, …, NULL::text AS response_inserted FROM (SELECT "projects".* FROM "pgrst_source" AS "projects") _postgrest_t"#
    );
}
