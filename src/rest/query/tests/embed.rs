//! Embedded levels.

use super::get;
use insta::assert_snapshot;

#[test]
fn to_one_and_to_many_are_scalar_subqueries_of_the_page() {
    assert_snapshot!(
        get("/projects?select=id,clients(name),tasks(id,name)&order=id&limit=2").rows(),
        @r#"SELECT "test"."projects"."id", (SELECT row_to_json(e.*)::jsonb FROM (SELECT "clients_1"."name" FROM "test"."clients" AS "clients_1" WHERE "clients_1"."id" = "test"."projects"."client_id") e) AS "clients", coalesce((SELECT json_agg(e.*)::jsonb FROM (SELECT "tasks_1"."id", "tasks_1"."name" FROM "test"."tasks" AS "tasks_1" WHERE "tasks_1"."project_id" = "test"."projects"."id") e), '[]') AS "tasks" FROM "test"."projects" ORDER BY "test"."projects"."id" LIMIT 2"#
    );
}

#[test]
fn only_the_outermost_embed_is_converted_to_jsonb() {
    assert_snapshot!(
        get("/clients?select=id,projects(id,tasks(id))").rows(),
        @r#"SELECT "test"."clients"."id", coalesce((SELECT json_agg(e.*)::jsonb FROM (SELECT "projects_1"."id", coalesce((SELECT json_agg(e.*) FROM (SELECT "tasks_2"."id" FROM "test"."tasks" AS "tasks_2" WHERE "tasks_2"."project_id" = "projects_1"."id") e), '[]') AS "tasks" FROM "test"."projects" AS "projects_1" WHERE "projects_1"."client_id" = "test"."clients"."id") e), '[]') AS "projects" FROM "test"."clients""#
    );
}

#[test]
fn filters_order_and_limit_of_an_embed_stay_inside_it() {
    assert_snapshot!(
        get("/clients?select=id,projects(id)&projects.name=eq.a&projects.order=id&projects.limit=3")
            .rows(),
        @r#"SELECT "test"."clients"."id", coalesce((SELECT json_agg(e.*)::jsonb FROM (SELECT "projects_1"."id" FROM "test"."projects" AS "projects_1" WHERE "projects_1"."name" = $1 AND "projects_1"."client_id" = "test"."clients"."id" ORDER BY "projects_1"."id" LIMIT $2) e), '[]') AS "projects" FROM "test"."clients""#
    );
}

#[test]
fn many_to_many_goes_through_the_junction() {
    assert_snapshot!(get("/users?select=id,tasks!users_tasks(id)").rows(), @r#"SELECT "test"."users"."id", coalesce((SELECT json_agg(e.*)::jsonb FROM (SELECT "test"."tasks"."id" FROM "test"."tasks", "test"."users_tasks" WHERE "test"."users_tasks"."task_id" = "test"."tasks"."id" AND "test"."users_tasks"."user_id" = "test"."users"."id") e), '[]') AS "tasks" FROM "test"."users""#);
}

#[test]
fn computed_relationships_call_their_function() {
    assert_snapshot!(get("/users?select=id,computed_tasks(id)").rows(), @r#"SELECT "test"."users"."id", coalesce((SELECT json_agg(e.*)::jsonb FROM (SELECT "tasks_1"."id" FROM "test"."computed_tasks"("users"::"test"."users") AS "tasks_1") e), '[]') AS "computed_tasks" FROM "test"."users""#);
}

#[test]
fn inner_to_many_is_a_semi_join() {
    assert_snapshot!(
        get("/clients?select=id,projects!inner(id)&projects.name=eq.a").rows(),
        @r#"SELECT "test"."clients"."id", coalesce((SELECT json_agg(e.*)::jsonb FROM (SELECT "projects_1"."id" FROM "test"."projects" AS "projects_1" WHERE "projects_1"."name" = $1 AND "projects_1"."client_id" = "test"."clients"."id") e), '[]') AS "projects" FROM "test"."clients" WHERE EXISTS (SELECT 1 FROM "test"."projects" AS "projects_1" WHERE "projects_1"."name" = $2 AND "projects_1"."client_id" = "test"."clients"."id")"#
    );
}

#[test]
fn inner_to_one_is_a_join() {
    assert_snapshot!(
        get("/projects?select=id,clients!inner(name)&clients.name=eq.a").rows(),
        @r#"SELECT "test"."projects"."id", row_to_json("projects_clients_1".*)::jsonb AS "clients" FROM "test"."projects" INNER JOIN LATERAL (SELECT "clients_1"."name" FROM "test"."clients" AS "clients_1" WHERE "clients_1"."name" = $1 AND "clients_1"."id" = "test"."projects"."client_id") AS "projects_clients_1" ON TRUE"#
    );
}

#[test]
fn inner_reaches_through_levels() {
    assert_snapshot!(
        get("/clients?select=id,projects!inner(id,tasks!inner(id))&projects.tasks.name=eq.a").rows(),
        @r#"SELECT "test"."clients"."id", coalesce((SELECT json_agg(e.*)::jsonb FROM (SELECT "projects_1"."id", coalesce((SELECT json_agg(e.*) FROM (SELECT "tasks_2"."id" FROM "test"."tasks" AS "tasks_2" WHERE "tasks_2"."name" = $1 AND "tasks_2"."project_id" = "projects_1"."id") e), '[]') AS "tasks" FROM "test"."projects" AS "projects_1" WHERE "projects_1"."client_id" = "test"."clients"."id" AND EXISTS (SELECT 1 FROM "test"."tasks" AS "tasks_2" WHERE "tasks_2"."name" = $2 AND "tasks_2"."project_id" = "projects_1"."id")) e), '[]') AS "projects" FROM "test"."clients" WHERE EXISTS (SELECT 1 FROM "test"."projects" AS "projects_1" WHERE "projects_1"."client_id" = "test"."clients"."id" AND EXISTS (SELECT 1 FROM "test"."tasks" AS "tasks_2" WHERE "tasks_2"."name" = $3 AND "tasks_2"."project_id" = "projects_1"."id"))"#
    );
}

#[test]
fn null_filters_test_for_rows() {
    assert_snapshot!(get("/clients?select=id,projects()&projects=is.null").rows(), @r#"SELECT "test"."clients"."id" FROM "test"."clients" WHERE NOT EXISTS (SELECT 1 FROM "test"."projects" AS "projects_1" WHERE "projects_1"."client_id" = "test"."clients"."id")"#);
    assert_snapshot!(
        get("/projects?select=id,clients(name),tasks()&or=(clients.not.is.null,tasks.not.is.null)")
            .rows(),
        @r#"SELECT "test"."projects"."id", (SELECT row_to_json(e.*)::jsonb FROM (SELECT "clients_1"."name" FROM "test"."clients" AS "clients_1" WHERE "clients_1"."id" = "test"."projects"."client_id") e) AS "clients" FROM "test"."projects" WHERE (EXISTS (SELECT 1 FROM "test"."clients" AS "clients_1" WHERE "clients_1"."id" = "test"."projects"."client_id") OR EXISTS (SELECT 1 FROM "test"."tasks" AS "tasks_1" WHERE "tasks_1"."project_id" = "test"."projects"."id"))"#
    );
}

#[test]
fn an_embed_without_rows_is_no_reason_to_keep_its_parent() {
    assert_snapshot!(
        get("/clients?select=id,projects!inner(id)&projects.limit=0").rows(),
        @r#"SELECT "test"."clients"."id", coalesce((SELECT json_agg(e.*)::jsonb FROM (SELECT "projects_1"."id" FROM "test"."projects" AS "projects_1" WHERE "projects_1"."client_id" = "test"."clients"."id" LIMIT 0) e), '[]') AS "projects" FROM "test"."clients" WHERE EXISTS (SELECT 1 FROM "test"."projects" AS "projects_1" WHERE "projects_1"."client_id" = "test"."clients"."id" LIMIT 0)"#
    );
}

#[test]
fn ordering_by_an_embed_joins_it() {
    assert_snapshot!(
        get("/projects?select=id,clients(name)&order=clients(name).desc").rows(),
        @r#"SELECT "test"."projects"."id", row_to_json("projects_clients_1".*)::jsonb AS "clients" FROM "test"."projects" LEFT JOIN LATERAL (SELECT "clients_1"."name" FROM "test"."clients" AS "clients_1" WHERE "clients_1"."id" = "test"."projects"."client_id") AS "projects_clients_1" ON TRUE ORDER BY "projects_clients_1"."name" DESC"#
    );
}

#[test]
fn views_are_joined_since_they_may_repeat_rows() {
    let mut request = get("/projects?select=id,clients(name)");
    let relationships = std::sync::Arc::make_mut(&mut request.cache.relationships);
    for relationship in relationships.values_mut().flatten() {
        if let crate::schema_cache::relationship::Relationship::ForeignKey {
            foreign_table_is_view,
            ..
        } = relationship
        {
            *foreign_table_is_view = true;
        }
    }
    assert_snapshot!(request.rows(), @r#"SELECT "test"."projects"."id", row_to_json("projects_clients_1".*)::jsonb AS "clients" FROM "test"."projects" LEFT JOIN LATERAL (SELECT "clients_1"."name" FROM "test"."clients" AS "clients_1" WHERE "clients_1"."id" = "test"."projects"."client_id") AS "projects_clients_1" ON TRUE"#);
}

#[test]
fn spreads_lift_columns_or_arrays() {
    assert_snapshot!(get("/projects?select=id,...clients(client:name)").rows(), @r#"SELECT "test"."projects"."id", "projects_clients_1"."client" FROM "test"."projects" LEFT JOIN LATERAL (SELECT "clients_1"."name" AS "client" FROM "test"."clients" AS "clients_1" WHERE "clients_1"."id" = "test"."projects"."client_id") AS "projects_clients_1" ON TRUE"#);
    assert_snapshot!(
        get("/clients?select=id,...projects(project:name)&projects.order=id.desc").rows(),
        @r#"SELECT "test"."clients"."id", "clients_projects_1"."project" FROM "test"."clients" LEFT JOIN LATERAL (SELECT coalesce(json_agg("clients_projects_1"."project" ORDER BY "clients_projects_1"."clients_projects_1_id_1" DESC), '[]')::jsonb AS "project" FROM (SELECT "projects_1"."name" AS "project", "projects_1"."id" AS "clients_projects_1_id_1" FROM "test"."projects" AS "projects_1" WHERE "projects_1"."client_id" = "test"."clients"."id") AS "clients_projects_1") AS "clients_projects_1" ON TRUE"#
    );
}

#[test]
fn embeds_of_a_spread_are_the_parents_own() {
    assert_snapshot!(get("/tasks?select=id,...projects(name,clients(name))").rows(), @r#"SELECT "test"."tasks"."id", "tasks_projects_1"."name", "tasks_projects_1"."clients" FROM "test"."tasks" LEFT JOIN LATERAL (SELECT "projects_1"."name", (SELECT row_to_json(e.*)::jsonb FROM (SELECT "clients_2"."name" FROM "test"."clients" AS "clients_2" WHERE "clients_2"."id" = "projects_1"."client_id") e) AS "clients" FROM "test"."projects" AS "projects_1" WHERE "projects_1"."id" = "test"."tasks"."project_id") AS "tasks_projects_1" ON TRUE"#);
}

#[test]
fn aggregates_join_embeds_and_group_by_them() {
    assert_snapshot!(get("/projects?select=count(),clients(name)").rows(), @r#"SELECT count(*), row_to_json("projects_clients_1".*)::jsonb AS "clients" FROM "test"."projects" LEFT JOIN LATERAL (SELECT "clients_1"."name" FROM "test"."clients" AS "clients_1" WHERE "clients_1"."id" = "test"."projects"."client_id") AS "projects_clients_1" ON TRUE GROUP BY 2"#);
    assert_snapshot!(get("/projects?select=name,...clients(n:id.sum())").rows(), @r#"SELECT "test"."projects"."name", sum("projects_clients_1"."n") AS "n" FROM "test"."projects" LEFT JOIN LATERAL (SELECT "clients_1"."id" AS "n" FROM "test"."clients" AS "clients_1" WHERE "clients_1"."id" = "test"."projects"."client_id") AS "projects_clients_1" ON TRUE GROUP BY 1"#);
    assert_snapshot!(get("/clients?select=name,projects(count())").rows(), @r#"SELECT "test"."clients"."name", coalesce((SELECT json_agg(e.*)::jsonb FROM (SELECT count(*) FROM "test"."projects" AS "projects_1" WHERE "projects_1"."client_id" = "test"."clients"."id") e), '[]') AS "projects" FROM "test"."clients""#);
}

#[test]
fn an_aggregate_without_groups_always_has_a_row() {
    let rows = get("/clients?select=name,projects!inner(count())").rows();
    assert!(rows.ends_with(" WHERE TRUE"), "{rows}");
}
