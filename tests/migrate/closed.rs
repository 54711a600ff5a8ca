//! What a site had closed before a run is closed after it, or is named beforehand; what it had said of its objects
//! is still said.

use oppbase::migrate::validation;
use oppbase::pg::migrations::{self, Baseline};
use tokio_postgres::Client;

use super::back::account;
use super::{crm, expect};
use crate::schema::{BASELINES, batch, before, lines};

/// As a hosted project grants them.
const HOSTED: &str = "\
    grant usage on schema public to anon, authenticated, service_role; \
    grant all on all tables in schema public to anon, authenticated, service_role; \
    grant all on all sequences in schema public to anon, authenticated, service_role; \
    grant all on all routines in schema public to anon, authenticated, service_role";

/// Who may do what with what is there under this name: role, privilege, name.
async fn may(client: &Client, own: &str) -> Vec<String> {
    let sql = format!(
        "with roles (role) as (select unnest(array['anon', 'authenticated', 'service_role', '{own}'])) \
         select role, p, c.relname from roles, unnest(array['select', 'insert', 'update', 'delete', 'truncate']) p, pg_class c \
          where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') and has_table_privilege(role, c.oid, p) \
         union all \
         select role, p, c.relname from roles, unnest(array['usage', 'select', 'update']) p, pg_class c \
          where c.relnamespace = 'public'::regnamespace and c.relkind = 'S' and has_sequence_privilege(role, c.oid, p) \
         union all \
         select role, 'execute', p.oid::regprocedure::text from roles, pg_proc p \
          where p.pronamespace = 'public'::regnamespace and has_function_privilege(role, p.oid, 'execute') \
         union all \
         select role, 'use', 'schema public' from roles where has_schema_privilege(role, 'public', 'usage') \
         order by 1, 2, 3"
    );
    lines(client, &sql).await
}

/// Names of what `may` asks about.
async fn there(client: &Client) -> Vec<String> {
    let sql = "select relname from pg_class where relnamespace = 'public'::regnamespace union all \
               select oid::regprocedure::text from pg_proc where pronamespace = 'public'::regnamespace union all \
               select 'schema public' order by 1";
    lines(client, sql).await
}

/// What is allowed now of what was there and was not.
fn gained(was: &[String], is: &[String], there: &[String]) -> Vec<String> {
    let is_old = |line: &&String| {
        let name = line.splitn(3, '|').last().unwrap_or_default();
        there.iter().any(|known| known == name)
    };
    is.iter()
        .filter(|line| !was.contains(line))
        .filter(is_old)
        .cloned()
        .collect()
}

async fn role(client: &Client, baseline: Baseline) -> String {
    let name = format!("closed_own_{}", baseline.folder());
    let sql = format!(
        "drop role if exists {name}; create role {name}; grant usage on schema public to {name}; \
         grant select, update, delete on public.contacts to {name}"
    );
    batch(client, &sql).await;
    name
}

async fn forget(client: &Client, role: &str) {
    batch(client, &format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn functions_are_no_more_callable_than_before() {
    const MERGE: &str = "execute|merge_contacts(bigint,bigint)";
    for baseline in BASELINES {
        let (db, client) = before(baseline).await;
        let own = role(&client, baseline).await;
        let shut = "revoke execute on function public.handle_new_user() from public, anon, authenticated, service_role";
        let merge = match baseline {
            Baseline::Fork => "",
            Baseline::Upstream => {
                "revoke execute on function public.merge_contacts(bigint, bigint) from public, anon, authenticated; \
                 revoke execute on function public.get_user_id_by_email(text) from anon, authenticated"
            }
        };
        batch(&client, &format!("{HOSTED}; {shut}; {merge}")).await;
        let (was, known) = (may(&client, &own).await, there(&client).await);
        let told = account(&client).await;
        expect(&db, &["run"], 0).await;
        let is = may(&client, &own).await;
        assert_eq!(
            gained(&was, &is, &known),
            Vec::<String>::new(),
            "{baseline:?}"
        );
        // Who could, can: by name, or because everybody could.
        let lost = |role: &str| -> Vec<&String> {
            let of_role = |line: &&String| line.starts_with(&format!("{role}|execute|"));
            was.iter()
                .filter(of_role)
                .filter(|line| !is.contains(line))
                .collect()
        };
        for role in ["authenticated", "service_role", &own] {
            assert_eq!(lost(role), Vec::<&String>::new(), "{baseline:?} {role}");
        }
        // The fork has none before.
        let authenticated = format!("authenticated|{MERGE}");
        assert_eq!(
            is.contains(&authenticated),
            baseline == Baseline::Fork,
            "{baseline:?}"
        );
        assert!(is.contains(&format!("service_role|{MERGE}")));
        let verified = expect(&db, &["verify"], 0).await;
        assert!(!verified.stdout.contains("FAILED"), "{}", verified.stdout);
        // The program sets its rights again whenever it is set up.
        let mut session = db.admin_client().await;
        migrations::apply(&mut session, baseline, false)
            .await
            .expect("applied");
        assert_eq!(may(&client, &own).await, is, "{baseline:?}");
        expect(&db, &["rollback"], 0).await;
        let back = account(&client).await;
        let differs = |line: &&String| !line.contains("sequence|");
        assert_eq!(
            back.iter().filter(differs).collect::<Vec<_>>(),
            told.iter().filter(differs).collect::<Vec<_>>(),
            "{baseline:?}"
        );
        forget(&client, &own).await;
    }
}

#[tokio::test]
async fn what_a_run_gives_to_who_had_it_not_is_named_beforehand() {
    for baseline in BASELINES {
        let (db, mut client) = before(baseline).await;
        let own = role(&client, baseline).await;
        let close = "revoke all on public.tasks from authenticated; \
                     revoke all on public.companies_summary, public.init_state, public.tags from authenticated; \
                     revoke all on public.init_state from anon; \
                     revoke usage on schema public from public, anon";
        batch(&client, &format!("{HOSTED}; {close}")).await;
        let (was, known) = (may(&client, &own).await, there(&client).await);
        let options = crm::options();
        let transaction = client.transaction().await.expect("a transaction");
        let report = validation::evaluate(&transaction, baseline, &options)
            .await
            .expect("judged");
        transaction.rollback().await.expect("rolled back");
        let named = &report.rule("S2-grants").expect("checked").items;
        expect(&db, &["run"], 0).await;
        let given = gained(&was, &may(&client, &own).await, &known);
        assert!(given.len() > 8, "{given:?}");
        for line in given {
            let words: Vec<&str> = line.splitn(3, '|').collect();
            let told = format!(
                "{} may not {} {}, and would be granted it",
                words[0], words[1], words[2]
            );
            assert!(
                named.contains(&told),
                "{baseline:?}: {line} is not in {named:#?}"
            );
        }
        forget(&client, &own).await;
    }
}
