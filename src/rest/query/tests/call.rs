//! Function calls.

use super::{Param, Sent, get, sent, unknowns};
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::plan::testing::{routine, test, variadic};
use crate::schema_cache::media_handler::{HandlerTarget, MediaHandler};
use crate::schema_cache::routine::{PgType, ReturnType, Routine, Volatility};
use insta::assert_snapshot;

fn with(mut request: Sent, routine: Routine) -> Sent {
    let name = test(&routine.name);
    std::sync::Arc::make_mut(&mut request.cache.routines).insert(name, vec![routine]);
    request
}

fn add() -> Routine {
    Routine {
        volatility: Volatility::Immutable,
        ..routine("add", &["a:integer", "b:integer"])
    }
}

fn returning_projects(set: bool) -> Routine {
    let composite = PgType::Composite {
        name: test("projects"),
        is_alias: false,
    };
    Routine {
        return_type: if set {
            ReturnType::SetOf(composite)
        } else {
            ReturnType::Single(composite)
        },
        ..routine("get_projects", &["below:integer"])
    }
}

#[test]
fn query_arguments_are_cast_to_the_parameters_types() {
    let request = with(get("/rpc/add?a=1&b=2"), add());
    assert_snapshot!(request.sql(), @r#"WITH pgrst_source AS (SELECT "test"."add"("a" := $1::integer, "b" := $2::integer) AS pgrst_scalar) SELECT NULL::text AS total_result_set, 1::bigint AS page_total, NULL::text[] AS header, coalesce((SELECT to_json("_postgrest_t"."pgrst_scalar") FROM (SELECT "add".* FROM "pgrst_source" AS "add") _postgrest_t), 'null') AS body, …, NULL::text AS response_inserted"#);
    assert_eq!(unknowns(&request.main().1), ["1", "2"]);
}

#[test]
fn body_arguments_are_one_record() {
    let request = with(sent("POST", "/rpc/add").body(r#"{"a":1,"b":2}"#), add());
    assert_snapshot!(request.sql(), @r#"WITH pgrst_source AS (SELECT "test"."add"("a" := "pgrst_body"."a", "b" := "pgrst_body"."b") AS pgrst_scalar FROM json_to_record($1) AS pgrst_body("a" integer, "b" integer)) SELECT NULL::text AS total_result_set, 1::bigint AS page_total, NULL::text[] AS header, coalesce((SELECT to_json("_postgrest_t"."pgrst_scalar") FROM (SELECT "add".* FROM "pgrst_source" AS "add") _postgrest_t), 'null') AS body, …, NULL::text AS response_inserted"#);
    assert!(matches!(
        request.main().1.as_slice(),
        [Param::Json(Some(_))]
    ));
}

#[test]
fn variadic_arguments_are_an_array() {
    let request = with(get("/rpc/f?v=a&v=b"), {
        let mut routine = variadic("f", "v");
        routine.volatility = Volatility::Stable;
        routine
    });
    assert!(
        request
            .sql()
            .contains(r#""test"."f"(VARIADIC "v" := $1::text[])"#)
    );
    assert_eq!(
        request.main().1,
        [Param::TextArray(vec!["a".into(), "b".into()])]
    );
}

#[test]
fn a_single_unnamed_parameter_takes_the_body() {
    let request = with(
        sent("POST", "/rpc/f").body(r#"{"a":1}"#),
        routine("f", &[":jsonb"]),
    );
    assert!(
        request
            .sql()
            .contains(r#"SELECT "test"."f"($1::jsonb) AS pgrst_scalar"#)
    );
    assert!(matches!(
        request.main().1.as_slice(),
        [Param::Jsonb(Some(_))]
    ));
}

#[test]
fn rows_can_be_filtered_ordered_and_embedded() {
    assert_snapshot!(
        with(
            sent("POST", "/rpc/get_projects?select=name,clients(name)&id=gt.1&order=id&limit=1")
                .prefer("count=exact")
                .body(r#"{"below":5}"#),
            returning_projects(true)
        )
        .sql(),
        @r#"WITH pgrst_source AS (SELECT "pgrst_call"."client_id", "pgrst_call"."id", "pgrst_call"."name" FROM json_to_record($1) AS pgrst_body("below" integer), LATERAL "test"."get_projects"("below" := "pgrst_body"."below") pgrst_call) SELECT (SELECT pg_catalog.count(*) FROM (SELECT 1 FROM "pgrst_source" AS "projects" WHERE "projects"."id" > $2) pgrst_counted)::text AS total_result_set, pg_catalog.count(*) AS page_total, NULL::text[] AS header, coalesce(json_agg(_postgrest_t), '[]') AS body, …, NULL::text AS response_inserted FROM (SELECT "projects"."name", (SELECT row_to_json(e.*)::jsonb FROM (SELECT "clients_1"."name" FROM "test"."clients" AS "clients_1" WHERE "clients_1"."id" = "projects"."client_id") e) AS "clients" FROM "pgrst_source" AS "projects" WHERE "projects"."id" > $3 ORDER BY "projects"."id" LIMIT $4) _postgrest_t"#
    );
}

#[test]
fn one_row_is_an_object() {
    assert_snapshot!(
        with(sent("POST", "/rpc/get_projects").body(r#"{"below":5}"#), returning_projects(false)).sql(),
        @r#"WITH pgrst_source AS (SELECT "pgrst_call".* FROM json_to_record($1) AS pgrst_body("below" integer), LATERAL "test"."get_projects"("below" := "pgrst_body"."below") pgrst_call) SELECT NULL::text AS total_result_set, 1::bigint AS page_total, NULL::text[] AS header, coalesce((SELECT row_to_json(_postgrest_t) FROM (SELECT "projects".* FROM "pgrst_source" AS "projects") _postgrest_t), 'null') AS body, …, NULL::text AS response_inserted"#
    );
}

#[test]
fn sets_are_guarded() {
    let sql = with(
        sent("POST", "/rpc/get_projects")
            .body(r#"{"below":5}"#)
            .prefer("handling=strict, max-affected=2")
            .accept("application/vnd.pgrst.object+json"),
        returning_projects(true),
    )
    .sql();
    assert!(sql.contains("'PGRST116:'"));
    assert!(sql.contains("'PGRST124:'"));
}

#[test]
fn a_function_that_returns_a_media_type_is_its_own_handler() {
    let mut request = with(
        get("/rpc/welcome").accept("text/html"),
        Routine {
            return_type: ReturnType::Single(PgType::Scalar(test("text/html"))),
            volatility: Volatility::Stable,
            ..routine("welcome", &[])
        },
    );
    let handler = MediaHandler::Custom {
        function: QualifiedIdentifier::new("test", "text/html"),
        target: HandlerTarget::Relation(test("welcome")),
    };
    request.cache.media_handlers.insert(
        (HandlerTarget::Relation(test("welcome")), "text/html".into()),
        (handler, "text/html".into()),
    );
    assert_snapshot!(request.sql(), @r#"WITH pgrst_source AS (SELECT "test"."welcome"() AS pgrst_scalar) SELECT NULL::text AS total_result_set, 1::bigint AS page_total, NULL::text[] AS header, (SELECT "test"."text/html"("_postgrest_t"."pgrst_scalar") FROM (SELECT "welcome".* FROM "pgrst_source" AS "welcome") _postgrest_t) AS body, …, NULL::text AS response_inserted"#);
}

#[test]
fn custom_aggregates_get_the_rows_as_their_type() {
    let mut request = get("/projects").accept("application/vnd.x");
    let handler = MediaHandler::Custom {
        function: test("projects_agg"),
        target: HandlerTarget::Relation(test("projects")),
    };
    request.cache.media_handlers.insert(
        (
            HandlerTarget::Relation(test("projects")),
            "application/vnd.x".into(),
        ),
        (handler, "application/vnd.x".into()),
    );
    assert!(
        request
            .sql()
            .contains(r#""test"."projects_agg"(_postgrest_t::"test"."projects") AS body"#)
    );
}
