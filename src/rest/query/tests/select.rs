//! Select lists, aggregates, order, limit.

use super::{get, unknowns};
use insta::assert_snapshot;

#[test]
fn a_plain_read_is_a_subquery_under_one_aggregate() {
    assert_snapshot!(get("/projects").sql(), @r#"SELECT NULL::text AS total_result_set, pg_catalog.count(*) AS page_total, NULL::text[] AS header, coalesce(json_agg(_postgrest_t), '[]') AS body, …, NULL::text AS response_inserted FROM (SELECT "test"."projects".* FROM "test"."projects") _postgrest_t"#);
}

#[test]
fn columns_aliases_and_casts() {
    assert_snapshot!(get("/projects?select=pid:id,name::text,client_id").rows(), @r#"SELECT "test"."projects"."id" AS "pid", CAST("test"."projects"."name" AS text), "test"."projects"."client_id" FROM "test"."projects""#);
}

#[test]
fn json_paths_name_their_column_after_the_last_key() {
    assert_snapshot!(get("/docs?select=data->a->>b,tags->0").rows(), @r#"SELECT "test"."docs"."data"->$1->>$2 AS "b", to_jsonb("test"."docs"."tags")->$3::int AS "tags" FROM "test"."docs""#);
}

#[test]
fn representations_are_applied_to_what_is_selected() {
    assert_snapshot!(get("/docs?select=id,color").rows(), @r#"SELECT "test"."docs"."id", color_to_json("test"."docs"."color") AS "color" FROM "test"."docs""#);
}

#[test]
fn aggregates_group_by_the_other_items() {
    assert_snapshot!(get("/projects?select=client_id,count(),id.max()::text").rows(), @r#"SELECT "test"."projects"."client_id", count(*), CAST(max("test"."projects"."id") AS text) FROM "test"."projects" GROUP BY 1"#);
    assert_snapshot!(get("/projects?select=count()").rows(), @r#"SELECT count(*) FROM "test"."projects""#);
    assert_snapshot!(get("/docs?select=data->a,n:id.sum()").rows(), @r#"SELECT "test"."docs"."data"->$1 AS "a", sum("test"."docs"."id") AS "n" FROM "test"."docs" GROUP BY 1"#);
}

#[test]
fn order_takes_directions_nulls_and_json_paths() {
    assert_snapshot!(
        get("/docs?select=id&order=id.desc.nullslast,data->>a.asc,body.nullsfirst").rows(),
        @r#"SELECT "test"."docs"."id" FROM "test"."docs" ORDER BY "test"."docs"."id" DESC NULLS LAST, "test"."docs"."data"->>$1 ASC, "test"."docs"."body" NULLS FIRST"#
    );
}

#[test]
fn a_limit_is_a_parameter_beside_an_offset_or_a_filter() {
    let (_, params) = get("/projects?limit=5&offset=10").main();
    assert_eq!(unknowns(&params), ["5", "10"]);
    assert_snapshot!(get("/projects?limit=5&offset=10").rows(), @r#"SELECT "test"."projects".* FROM "test"."projects" LIMIT $1 OFFSET $2"#);
    assert_snapshot!(get("/projects").max_rows(100).rows(), @r#"SELECT "test"."projects".* FROM "test"."projects" LIMIT 100"#);
    let (text, params) = get("/projects?id=gt.3&limit=5").main();
    assert!(text.contains(r#""id" > $1 LIMIT $2"#), "{text}");
    assert_eq!(unknowns(&params), ["3", "5"]);
}

#[test]
fn one_shape_is_one_text() {
    let text = |target: &str| get(target).main().0;
    assert_eq!(
        text("/projects?id=in.(1,2,3)&name=eq.a&limit=5"),
        text("/projects?id=in.(7)&name=eq.b&limit=50")
    );
}
