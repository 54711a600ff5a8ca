//! Who may do what: every relation × role × verb, expected against real.
//!
//! A relation of the catalogue that is missing here fails the test, so a new table cannot slip by. Each
//! verb is tried on real rows, and rolled back; letters are s(elect) i(nsert) u(pdate) d(elete).

use std::collections::BTreeMap;

use oppbase::pg::migrations::{self, Baseline};
use tokio_postgres::Client;

use super::{BASELINES, batch, lines, refused, sign_in, text};
use crate::common::{Template, TestDb};

/// relation, anon, authenticated, service_role.
type Row = (&'static str, &'static str, &'static str, &'static str);

const ALL: &str = "siud";

#[rustfmt::skip]
const EXPECTED: &[Row] = &[
    ("public.companies", "----", ALL, ALL),
    ("public.contacts", "----", ALL, ALL),
    ("public.opportunities", "----", ALL, ALL),
    ("public.\"opportunityNotes\"", "----", ALL, ALL),
    ("public.contact_notes", "----", ALL, ALL),
    ("public.\"contactNotes\"", "----", ALL, ALL),
    ("public.tags", "----", ALL, ALL),
    ("public.tasks", "----", ALL, ALL),
    ("public.sales", "----", "s---", ALL),
    ("public.contact_organizations", "----", ALL, ALL),
    ("public.contact_preferred_principals", "----", ALL, ALL),
    ("public.opportunity_participants", "----", ALL, ALL),
    ("public.opportunity_contacts", "----", ALL, ALL),
    ("public.opportunity_products", "----", ALL, ALL),
    ("public.activities", "----", ALL, ALL),
    ("public.interaction_participants", "----", ALL, ALL),
    // The old face.
    ("public.deals", "----", ALL, ALL),
    ("public.deals_summary", "----", ALL, ALL),
    ("public.\"dealNotes\"", "----", ALL, ALL),
    ("public.deal_notes", "----", ALL, ALL),
    ("public.opportunity_notes", "----", ALL, ALL),
    // Read-only views.
    ("public.init_state", "s---", "s---", "s---"),
    ("public.companies_summary", "----", "s---", "s---"),
    ("public.contacts_summary", "----", "s---", "s---"),
    ("public.opportunities_summary", "----", "s---", "s---"),
    ("public.opportunities_with_status", "----", "s---", "s---"),
    ("public.opportunities_with_participants", "----", "s---", "s---"),
    ("public.opportunities_legacy", "----", "s---", "s---"),
    ("public.contact_influence_profile", "----", "s---", "s---"),
    ("public.principal_advocacy_dashboard", "----", "s---", "s---"),
    ("public.engagement_analytics", "----", "s---", "s---"),
    ("public.interaction_analytics", "----", "s---", "s---"),
    ("public.contact_engagement_summary", "----", "s---", "s---"),
    ("public.activity_log", "----", "s---", "s---"),
    ("public.opportunity_activity_log", "----", "s---", "s---"),
    // State of the migration.
    ("public.migration_history", "----", "s---", "s---"),
    ("public.migration_progress", "----", "s---", "s---"),
    ("public.migration_errors", "----", "s---", "s---"),
    ("public.migration_validation_results", "----", "s---", "s---"),
    // Files: anon may ask and sees nothing.
    ("storage.buckets", "----", "----", ALL),
    ("storage.objects", "----", "si-d", ALL),
];

#[rustfmt::skip]
const FORK_ONLY: &[Row] = &[("public.tags_color_backup", "----", "----", ALL)];
#[rustfmt::skip]
const UPSTREAM_ONLY: &[Row] = &[
    ("public.configuration", "----", "siu-", ALL),
    ("public.favicons_excluded_domains", "----", ALL, ALL),
];

/// A row for each relation that the demo data leaves empty.
const MORE_ROWS: &str = "\
    insert into public.opportunity_products (opportunity_id, product_name, unit_price) select min(id), 'p', 2 from public.opportunities;\
    insert into public.interaction_participants (activity_id, contact_id) select (select min(id) from public.activities), min(id) from public.contacts;\
    insert into storage.objects (bucket_id, name) values ('attachments', 'a.txt');\
    insert into storage.buckets (id, name) values ('empty', 'empty');\
    insert into migration.migration_history (run_id, phase_number, phase_name) values (gen_random_uuid(), '1.1', 'x');\
    insert into migration.migration_progress (run_id, phase, step) values (gen_random_uuid(), '1.1', 'x');\
    insert into migration.migration_errors (run_id, severity, message) values (gen_random_uuid(), 'LOW', 'x');\
    insert into migration.migration_validation_results (run_id, check_type, status) values (gen_random_uuid(), 'x', 'PASS');";

async fn filled(baseline: Baseline) -> (TestDb, Client) {
    let db = TestDb::new(Template::Empty).await;
    let mut client = db.admin_client().await;
    migrations::apply(&mut client, baseline, true)
        .await
        .expect("a new database");
    batch(&client, MORE_ROWS).await;
    if baseline == Baseline::Fork {
        batch(
            &client,
            "insert into public.tags_color_backup (id, name) values (1, 'x')",
        )
        .await;
    }
    (db, client)
}

fn expected(baseline: Baseline) -> BTreeMap<&'static str, [&'static str; 3]> {
    let special = match baseline {
        Baseline::Fork => FORK_ONLY,
        Baseline::Upstream => UPSTREAM_ONLY,
    };
    EXPECTED
        .iter()
        .chain(special)
        .map(|(name, a, b, c)| (*name, [*a, *b, *c]))
        .collect()
}

/// What one verb comes to: rows reached, or the refusal.
async fn attempt(client: &Client, role: &str, sql: &str) -> bool {
    batch(client, "begin").await;
    if role == "authenticated" {
        sign_in(client).await;
    } else {
        batch(client, &format!("set role {role}")).await;
    }
    let outcome = client.execute(sql, &[]).await;
    batch(client, "rollback; reset role; reset request.jwt.claims").await;
    match outcome {
        Ok(rows) => rows > 0,
        Err(error) => match error.code().map(|c| c.code()) {
            // Not granted, refused by a policy, or a view that cannot be written at all.
            Some("42501" | "55000" | "0A000") => false,
            // Granted, and stopped by the rows that are there.
            Some("23505" | "23503" | "23001") => true,
            _ => panic!("{role}: {sql}: {error:?}"),
        },
    }
}

/// The columns that a writer may set, quoted.
async fn writable(client: &Client, relation: &str) -> Vec<String> {
    lines(
        client,
        &format!(
            "select quote_ident(c.column_name) from information_schema.columns c \
          where c.table_schema || '.' || quote_ident(c.table_name) = '{relation}' \
            and c.is_generated = 'NEVER' and c.is_updatable = 'YES' order by c.ordinal_position"
        ),
    )
    .await
}

async fn real(client: &Client, relation: &str, role: &str) -> String {
    let columns = writable(client, relation).await;
    let list = columns.join(", ");
    // The row to write again was read by the superuser: a role need not see what it may add.
    let row = text(
        client,
        &format!("select quote_literal(to_json(t)::text) from {relation} t limit 1"),
    )
    .await
    .unwrap_or_else(|| panic!("{relation} has no row: nothing would be tested"));
    let first = columns.last().cloned();
    let mut letters = String::new();
    letters.push(
        if attempt(client, role, &format!("select from {relation}")).await {
            's'
        } else {
            '-'
        },
    );
    let Some(first) = first else {
        // Not writable by anybody; still nobody may have been granted it.
        for verb in ["insert", "update", "delete"] {
            let granted = text(
                client,
                &format!("select has_table_privilege('{role}', '{relation}', '{verb}')"),
            )
            .await;
            assert_eq!(granted.as_deref(), Some("f"), "{role} {verb} {relation}");
        }
        return letters + "---";
    };
    let insert = format!(
        "insert into {relation} ({list}) select {list} from json_populate_record(null::{relation}, {row}::json)"
    );
    letters.push(if attempt(client, role, &insert).await {
        'i'
    } else {
        '-'
    });
    letters.push(
        if attempt(
            client,
            role,
            &format!("update {relation} set {first} = {first}"),
        )
        .await
        {
            'u'
        } else {
            '-'
        },
    );
    letters.push(
        if attempt(client, role, &format!("delete from {relation}")).await {
            'd'
        } else {
            '-'
        },
    );
    letters
}

#[tokio::test]
async fn every_relation_role_and_verb_is_as_listed() {
    for baseline in BASELINES {
        let (_db, client) = filled(baseline).await;
        let wanted = expected(baseline);
        let there = lines(&client,
            "select n.nspname || '.' || quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
              where c.relkind in ('r', 'v', 'm', 'p', 'f') \
                and (n.nspname = 'public' or c.oid = any (array['storage.buckets', 'storage.objects']::regclass[]))").await;
        for relation in &there {
            assert!(
                wanted.contains_key(relation.as_str()),
                "{relation} is not listed: say who may touch it"
            );
        }
        assert_eq!(there.len(), wanted.len(), "a listed relation is gone");
        for (relation, roles) in &wanted {
            for (role, letters) in ["anon", "authenticated", "service_role"].iter().zip(roles) {
                assert_eq!(
                    real(&client, relation, role).await,
                    *letters,
                    "{baseline:?} {relation} {role}"
                );
            }
        }
    }
}

#[tokio::test]
async fn no_api_role_reaches_the_accounts_or_the_private_tables() {
    for baseline in BASELINES {
        let (_db, client) = filled(baseline).await;
        let granted = lines(&client,
            "select r.name || ' ' || c.oid::regclass from pg_class c \
               cross join unnest(array['anon', 'authenticated']) r (name) \
              where c.relkind in ('r', 'v') \
                and c.relnamespace = any (array['auth', 'net', 'private', 'supabase_migrations', 'migration']::regnamespace[]) \
                and (has_table_privilege(r.name, c.oid, 'select') or has_table_privilege(r.name, c.oid, 'insert, update, delete, truncate')) \
              order by 1").await;
        let allowed = [
            "authenticated migration.migration_errors",
            "authenticated migration.migration_history",
            "authenticated migration.migration_progress",
            "authenticated migration.migration_validation_results",
            "authenticated private.stage_map",
        ];
        assert_eq!(granted, allowed);
        for table in [
            "auth.users",
            "auth.refresh_tokens",
            "net.http_request_queue",
        ] {
            assert_eq!(
                refused(
                    &client,
                    &format!("begin; set local role authenticated; select from {table}")
                )
                .await,
                "42501"
            );
        }
    }
}

#[tokio::test]
async fn views_run_as_the_caller_and_functions_fix_their_search_path() {
    for baseline in BASELINES {
        let (_db, client) = filled(baseline).await;
        let owners = lines(&client,
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v' \
               and not coalesce(reloptions @> '{security_invoker=on}' or reloptions @> '{security_invoker=true}', false)").await;
        assert_eq!(owners, ["init_state"]);
        // The names in a parsed body (RETURN) were resolved when it was made.
        let loose = lines(&client,
            "select p.oid::regprocedure from pg_proc p where p.pronamespace = any (array['public', 'private']::regnamespace[]) \
               and (p.prosqlbody is null or p.prosecdef) \
               and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') \
               and not exists (select from unnest(p.proconfig) c where c like 'search_path=%')").await;
        assert_eq!(loose, Vec::<String>::new());
        let definers = lines(&client,
            "select p.proname from pg_proc p where p.pronamespace = any (array['public', 'private']::regnamespace[]) and p.prosecdef order by 1").await;
        let known = [
            "cleanup_note_attachments",
            "forget_founding_interactions",
            "founding_interaction_exists",
            "get_user_id_by_email",
            "handle_contact_note_created_or_updated",
            "handle_new_user",
            "handle_update_user",
            "is_admin",
        ];
        for name in &definers {
            assert!(known.contains(&name.as_str()), "{name} runs as its owner");
        }
        let for_anon = lines(&client,
            "select p.oid::regprocedure from pg_proc p where p.pronamespace = 'public'::regnamespace \
               and has_function_privilege('anon', p.oid, 'execute') \
               and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')").await;
        assert_eq!(for_anon, Vec::<String>::new());
        let truncatable = lines(&client,
            "select oid::regclass from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') \
               and (has_table_privilege('anon', oid, 'truncate') or has_table_privilege('authenticated', oid, 'truncate'))").await;
        assert_eq!(truncatable, Vec::<String>::new());
    }
}

#[tokio::test]
async fn joins_as_an_embed_makes_them_obey_both_sides() {
    for baseline in BASELINES {
        let (_db, client) = filled(baseline).await;
        let embed = "select count(*) from public.opportunity_participants p \
             join public.companies c on c.id = p.organization_id join public.deals d on d.id = p.opportunity_id";
        sign_in(&client).await;
        let seen = text(&client, embed)
            .await
            .and_then(|n| n.parse::<i64>().ok());
        assert!(seen > Some(0));
        batch(&client, "reset role; begin; set local role anon").await;
        assert_eq!(refused(&client, embed).await, "42501");
        // A policy that hides companies hides them behind every view and embed as well.
        batch(&client, "reset role; create policy hide on public.companies as restrictive for select to authenticated using (false)").await;
        sign_in(&client).await;
        for sql in [
            embed,
            "select count(*) from public.companies_summary",
            "select count(company_name) from public.opportunities_summary",
            "select count(company_name) from public.deals_summary",
            "select count(company_name) from public.contacts_summary",
            "select count(*) from public.activity_log where type = 'company.created'",
            "select count(*) from public.principal_advocacy_dashboard",
        ] {
            assert_eq!(text(&client, sql).await.as_deref(), Some("0"), "{sql}");
        }
        batch(&client, "reset role").await;
    }
}

#[tokio::test]
async fn new_roles_have_the_time_limits_of_a_hosted_project_and_old_ones_keep_theirs() {
    let db = TestDb::new(Template::Empty).await;
    let client = db.admin_client().await;
    // Roles belong to the cluster: others of the same shape, and gone again.
    let sql = migrations::migrations(Baseline::Fork)
        .into_iter()
        .find(|migration| migration.name == "platform_roles")
        .expect("the roles")
        .sql
        .replace("'anon'", "'limits_anon'")
        .replace("'authenticat", "'limits_authenticat")
        .replace("'service_role'", "'limits_service_role'")
        .replace("to anon, authenticated, service_role", "to public")
        .replace("to authenticated, service_role", "to public");
    batch(
        &client,
        &format!("begin; create role limits_authenticated; {sql}"),
    )
    .await;
    assert_eq!(
        lines(
            &client,
            "select rolname, rolconfig from pg_roles where rolname like 'limits\\_%' order by 1"
        )
        .await,
        [
            "limits_anon|{statement_timeout=3s}",
            "limits_authenticated|∅",
            "limits_authenticator|{statement_timeout=8s}",
            "limits_service_role|∅"
        ]
    );
    batch(&client, "rollback").await;
}
