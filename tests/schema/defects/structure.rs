//! Columns, keys, policies, triggers and functions: what is there, and that it can be used.

use oppbase::pg::migrations::{self, Baseline};

use crate::schema::{BASELINES, after, batch, before, lines, refused, sign_in, text};

#[tokio::test]
async fn d02_stage_is_the_enum_and_the_text_is_kept() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        assert_eq!(
            lines(&client, "select attname, format_type(atttypid, null), attnotnull from pg_attribute \
                where attrelid = 'public.opportunities'::regclass and attname in ('stage', 'legacy_stage', 'probability') order by 1").await,
            ["legacy_stage|text|t", "probability|integer|t", "stage|opportunity_stage|t"]
        );
        assert_eq!(text(&client, "select pg_get_expr(adbin, adrelid) from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid \
            and a.attnum = d.adnum where a.attrelid = 'public.opportunities'::regclass and a.attname = 'stage'").await.as_deref(),
            Some("'lead'::opportunity_stage"));
        batch(
            &client,
            "update public.deals set name = 'edited' where id = 101",
        )
        .await;
        assert_eq!(
            lines(
                &client,
                "select stage, probability from public.opportunities where id = 101"
            )
            .await,
            ["qualified|25"]
        );
    }
}

#[tokio::test]
async fn d05_init_state_survives_and_anon_reads_it() {
    for baseline in BASELINES {
        let (_db, client) = before(baseline).await;
        let oid = text(&client, "select 'public.init_state'::regclass::oid").await;
        drop(client);
        let mut client = _db.admin_client().await;
        migrations::upgrade(&mut client, baseline)
            .await
            .expect("migration");
        assert_eq!(
            text(&client, "select 'public.init_state'::regclass::oid").await,
            oid
        );
        batch(&client, "set role anon").await;
        assert_eq!(
            text(&client, "select is_initialized from public.init_state")
                .await
                .as_deref(),
            Some("1")
        );
    }
}

#[tokio::test]
async fn d06_companies_and_contacts_can_still_be_written() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        batch(&client, "insert into public.companies (name, description) values ('Gamma', 'Makes turbines'); \
            insert into public.contacts (first_name, last_name, email_jsonb) values ('Zoë', 'Quartz', '[{\"email\": \"zoe@gamma.example\"}]'); \
            update public.companies set sector = 'Energy' where name = 'Gamma'; update public.contacts set title = 'Engineer' where first_name = 'Zoë'").await;
        for (table, words) in [
            ("companies", "turbine & energy"),
            ("contacts", "zoë & engineering"),
        ] {
            let found = format!(
                "select count(*) from public.{table} where search_tsv @@ to_tsquery('english', '{words}')"
            );
            assert_eq!(text(&client, &found).await.as_deref(), Some("1"), "{table}");
        }
        assert_eq!(
            text(
                &client,
                "select count(*) from public.contacts where search_tsv @@ 'ceo'::tsquery"
            )
            .await
            .as_deref(),
            Some("1"),
            "rows from before"
        );
    }
}

#[tokio::test]
async fn d07_a_description_of_any_length_can_be_written() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await; // row 120 has 45,000 distinct words and was carried over
        assert_eq!(
            text(
                &client,
                "select search_tsv is not null from public.opportunities where id = 120"
            )
            .await
            .as_deref(),
            Some("t")
        );
        sign_in(&client).await;
        // The worst case for a vector: as many distinct words as possible of characters of four bytes.
        batch(&client, "update public.deals set description = (select string_agg(chr(65536 + i % 50000) || chr(70000 + i / 50000), ' ') \
            from generate_series(1, 120000) i) where id = 120").await;
        assert_eq!(
            text(
                &client,
                "select length(search_tsv) > 1000 from public.opportunities where id = 120"
            )
            .await
            .as_deref(),
            Some("t")
        );
    }
}

#[tokio::test]
async fn d08_views_show_anon_nothing() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        for view in [
            "deals",
            "contacts_summary",
            "opportunities_summary",
            "\"dealNotes\"",
        ] {
            assert_eq!(
                refused(
                    &client,
                    &format!("begin; set local role anon; select from public.{view}")
                )
                .await,
                "42501",
                "{view}"
            );
        }
    }
}

#[tokio::test]
async fn d09_the_table_keeps_its_policies_under_the_new_name() {
    for baseline in BASELINES {
        let policies = "select policyname, cmd, roles, qual, with_check from pg_policies where schemaname = 'public' and tablename = ";
        let (_db, client) = before(baseline).await;
        let old = lines(&client, &format!("{policies} 'deals' order by 1")).await;
        assert_eq!(old.len(), 4);
        drop(client);
        let mut client = _db.admin_client().await;
        migrations::upgrade(&mut client, baseline)
            .await
            .expect("migration");
        assert_eq!(
            lines(&client, &format!("{policies} 'opportunities' order by 1")).await,
            old
        );
    }
}

#[tokio::test]
async fn d10_d11_a_row_can_be_archived_and_is_still_returned() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        for sql in [
            "update public.opportunities set deleted_at = now() where id = 102 returning id",
            "update public.contact_organizations set deleted_at = now() where contact_id = 1 returning contact_id",
            "update public.opportunity_participants set deleted_at = now() where opportunity_id = 102 returning id",
            "update public.activities set deleted_at = now() where source = 'task' and source_id = 1 returning id",
        ] {
            assert!(text(&client, sql).await.is_some(), "{sql}");
        }
    }
}

#[tokio::test]
async fn d12_d13_d14_live_pairs_are_unique_and_archived_ones_are_not() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        let pair =
            "insert into public.contact_organizations (contact_id, organization_id) values (1, 2)";
        batch(&client, pair).await;
        assert_eq!(refused(&client, pair).await, "23505");
        batch(&client, "update public.contact_organizations set deleted_at = now() where contact_id = 1 and organization_id = 2").await;
        batch(&client, pair).await;
        // Two partners archived in one transaction, at the same now(), and added again.
        let partners = "insert into public.opportunity_participants (opportunity_id, organization_id, role) values (102, 2, 'partner'), (102, 3, 'partner')";
        for _ in 0..2 {
            batch(&client, partners).await;
            batch(&client, "begin; update public.opportunity_participants set deleted_at = now() where role = 'partner'; commit").await;
        }
        // A second primary takes the first one's place.
        batch(&client, "insert into public.opportunity_participants (opportunity_id, organization_id, role, is_primary) values (102, 4, 'customer', true)").await;
        assert_eq!(
            lines(&client, "select organization_id from public.opportunity_participants where opportunity_id = 102 and role = 'customer' and is_primary and deleted_at is null").await,
            ["4"]
        );
        assert_eq!(lines(&client, "select company_id, customer_organization_id from public.opportunities where id = 102").await, ["4|4"]);
    }
}

#[tokio::test]
async fn d16_delete_still_deletes() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        batch(&client, "insert into public.activities (activity_type, type, subject, contact_id, organization_id, created_by) values ('engagement', 'call', 'x', 2, 2, 3)").await;
        sign_in(&client).await;
        batch(&client, "delete from public.deals where id = 104; delete from public.contacts where id = 1; delete from public.companies where id = 2").await;
        assert_eq!(text(&client, "select count(*) from public.activities where opportunity_id = 104 or contact_id = 1 or organization_id = 2").await.as_deref(), Some("0"));
        assert_eq!(text(&client, "select count(*) from public.opportunities where company_id = 2 or customer_organization_id = 2").await.as_deref(), Some("0"));
    }
}

#[tokio::test]
async fn d22_the_log_and_the_merge_work_on_the_renamed_table() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        assert_eq!(
            lines(&client, "select type, deal ->> 'stage', (select count(*) from json_object_keys(deal)), company_id from public.activity_log where id = 'deal.104.created'").await,
            ["deal.created|won|14|1"]
        );
        assert_eq!(
            lines(&client, "select type, opportunity ->> 'stage' from public.opportunity_activity_log where id = 'opportunity.104.created'").await,
            ["opportunity.created|closed_won"]
        );
        assert_eq!(text(&client, "select deal_note ->> 'deal_id' from public.activity_log where id = 'dealNote.1.created'").await.as_deref(), Some("104"));
        assert_eq!(
            text(&client, "select public.merge_contacts(3, 2)")
                .await
                .as_deref(),
            Some("2")
        );
        assert_eq!(
            text(
                &client,
                "select contact_ids from public.deals where id = 105"
            )
            .await
            .as_deref(),
            Some("{2,NULL}")
        );
        assert_eq!(
            refused(&client, "select public.merge_contacts(3, 2)").await,
            "P0001"
        );
    }
}

#[tokio::test]
async fn d23_the_migration_fires_nobodys_triggers() {
    let (_db, client) = before(Baseline::Upstream).await;
    batch(&client, "create table public.fired (what text); create function public.fire() returns trigger language plpgsql as \
        $$ begin insert into public.fired values (tg_table_name); return new; end $$; \
        create trigger a_contacts before update on public.contacts for each row execute function public.fire(); \
        create trigger a_companies before update on public.companies for each row execute function public.fire()").await;
    let state = "select md5(string_agg(to_jsonb(c) ->> 'avatar' || c.id || c.last_seen, ' ' order by c.id)) from public.contacts c";
    let old = text(&client, state).await;
    drop(client);
    let mut client = _db.admin_client().await;
    migrations::upgrade(&mut client, Baseline::Upstream)
        .await
        .expect("migration");
    assert_eq!(
        lines(&client, "select what from public.fired").await,
        Vec::<String>::new()
    );
    assert_eq!(text(&client, state).await, old);
    assert_eq!(
        text(&client, "select count(*) from net.http_request_queue")
            .await
            .as_deref(),
        Some("0")
    );
    assert_eq!(
        lines(
            &client,
            "select tgname from pg_trigger where not tgisinternal and tgenabled <> 'O'"
        )
        .await,
        Vec::<String>::new()
    );
    assert_eq!(text(&client, "select count(*) from public.contacts where company_id_backup is distinct from company_id").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn d26_d27_users_forge_no_state_and_run_no_sql() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        for sql in [
            "insert into public.migration_history (run_id, phase_number, phase_name) values (gen_random_uuid(), '1', 'x')",
            "delete from migration.migration_progress",
        ] {
            assert_eq!(
                refused(
                    &client,
                    &format!("begin; set local role authenticated; {sql}")
                )
                .await,
                "42501"
            );
        }
        assert_eq!(
            text(
                &client,
                "select count(*) from pg_proc where proname in ('exec_sql', 'execute_sql')"
            )
            .await
            .as_deref(),
            Some("0")
        );
    }
}

#[tokio::test]
async fn d35_a_merge_loses_nothing_of_the_loser() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        batch(
            &client,
            "update public.companies set is_principal = true where id in (3, 4)",
        )
        .await;
        sign_in(&client).await;
        batch(&client, "select public.add_contact_to_organization(1, 4), public.add_contact_to_organization(1, 2), \
              public.add_contact_to_organization(3, 4), public.add_principal_advocacy(1, 3), public.add_principal_advocacy(1, 4), \
              public.add_principal_advocacy(3, 4, 9), public.log_engagement('call', 'loser called', contact_id => 1); \
            update public.opportunity_contacts set role = 'champion' where contact_id = 1; \
            insert into public.interaction_participants (activity_id, contact_id) select min(id), 1 from public.activities").await;
        let opportunities = lines(&client, "select distinct opportunity_id from public.opportunity_contacts where contact_id in (1, 3) order by 1").await;
        let activities = text(
            &client,
            "select count(*) from public.activities where contact_id in (1, 3)",
        )
        .await;
        let tasks = text(
            &client,
            "select count(*) from public.tasks where contact_id in (1, 3)",
        )
        .await;
        batch(&client, "select public.merge_contacts(1, 3)").await;
        assert_eq!(
            lines(&client, "select organization_id, is_primary_organization from public.contact_organizations where contact_id = 3 and deleted_at is null order by 1").await,
            ["1|f", "2|t", "4|f"]
        );
        assert_eq!(
            lines(&client, "select principal_organization_id, advocacy_strength from public.contact_preferred_principals where contact_id = 3 order by 1").await,
            ["3|5", "4|9"]
        );
        assert_eq!(lines(&client, "select distinct opportunity_id from public.opportunity_contacts where contact_id = 3 order by 1").await, opportunities);
        assert_eq!(
            text(
                &client,
                "select count(*) from public.activities where contact_id = 3"
            )
            .await,
            activities
        );
        assert_eq!(
            text(
                &client,
                "select count(*) from public.tasks where contact_id = 3"
            )
            .await,
            tasks
        );
        assert_eq!(
            text(
                &client,
                "select count(*) from public.interaction_participants where contact_id = 3"
            )
            .await
            .as_deref(),
            Some("1")
        );
        assert_eq!(
            text(
                &client,
                "select count(*) from public.deals where contact_ids @> '{1}'"
            )
            .await
            .as_deref(),
            Some("0")
        );
        assert_eq!(
            text(&client, "select count(*) from public.contacts where id = 1")
                .await
                .as_deref(),
            Some("0")
        );
    }
}
