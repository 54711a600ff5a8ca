//! `Prefer: count`.

use super::get;
use insta::assert_snapshot;

#[test]
fn without_a_range_page_and_total_are_one_count() {
    let sql = get("/projects").prefer("count=exact").sql();
    assert!(sql.starts_with(
        "SELECT (pg_catalog.count(*))::text AS total_result_set, pg_catalog.count(*) AS page_total,"
    ));
}

#[test]
fn with_a_range_the_total_is_counted_beside_the_page() {
    assert_snapshot!(
        get("/projects?id=gt.3&limit=2&select=id,tasks!inner(id)").prefer("count=exact").sql(),
        @r#"SELECT (SELECT pg_catalog.count(*) FROM (SELECT 1 FROM "test"."projects" WHERE "test"."projects"."id" > $1 AND EXISTS (SELECT 1 FROM "test"."tasks" AS "tasks_1" WHERE "tasks_1"."project_id" = "test"."projects"."id")) pgrst_counted)::text AS total_result_set, pg_catalog.count(*) AS page_total, NULL::text[] AS header, coalesce(json_agg(_postgrest_t), '[]') AS body, …, NULL::text AS response_inserted FROM (SELECT "test"."projects"."id", coalesce((SELECT json_agg(e.*)::jsonb FROM (SELECT "tasks_1"."id" FROM "test"."tasks" AS "tasks_1" WHERE "tasks_1"."project_id" = "test"."projects"."id") e), '[]') AS "tasks" FROM "test"."projects" WHERE "test"."projects"."id" > $2 AND EXISTS (SELECT 1 FROM "test"."tasks" AS "tasks_1" WHERE "tasks_1"."project_id" = "test"."projects"."id") LIMIT $3) _postgrest_t"#
    );
}

#[test]
fn an_estimate_counts_one_row_more_than_may_be_shown() {
    assert_snapshot!(
        get("/projects?select=id").prefer("count=estimated").max_rows(100).sql(),
        @r#"SELECT (SELECT pg_catalog.count(*) FROM (SELECT 1 FROM "test"."projects" LIMIT $1) pgrst_counted)::text AS total_result_set, pg_catalog.count(*) AS page_total, NULL::text[] AS header, coalesce(json_agg(_postgrest_t), '[]') AS body, …, NULL::text AS response_inserted FROM (SELECT "test"."projects"."id" FROM "test"."projects" LIMIT $2) _postgrest_t"#
    );
}

#[test]
fn planned_counts_ask_the_planner() {
    let query = get("/projects?select=id&id=gt.1")
        .prefer("count=planned")
        .query();
    assert_eq!(
        query.explain_count.unwrap().render().0,
        r#"EXPLAIN (FORMAT JSON) SELECT 1 FROM "test"."projects" WHERE "test"."projects"."id" > $1"#
    );
    let query = get("/projects").prefer("count=exact").query();
    assert_eq!(query.explain_count, None);
}
