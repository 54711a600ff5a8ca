//! `oppbase::migrate::verify`: a migrated database passes, and every kind of damage is named, exactly.
//!
//! The database is migrated once per baseline and cloned for each damage. Damage is done as an accident
//! would do it: past the triggers, so that nothing puts it right again.

use std::collections::BTreeSet;

use oppbase::migrate::verify::{self, Options, Severity, Verdict, Verification};
use oppbase::pg::migrations::Baseline;
use tokio_postgres::Client;

use super::migrated::{self, RUN};
use crate::schema::{BASELINES, batch};

pub fn options(baseline: Baseline) -> Options {
    Options {
        performance: false,
        ..Options::new(baseline)
    }
}

pub async fn verified(client: &Client, options: &Options) -> Verification {
    verify::verify(client, None, options)
        .await
        .expect("a verification")
}

pub fn ids(verification: &Verification) -> BTreeSet<&str> {
    let findings = verification.findings();
    findings
        .into_iter()
        .map(|check| check.id.as_str())
        .collect()
}

/// Does the damage to a clone and expects exactly these findings.
pub async fn sees(baseline: Baseline, damage: &str, findings: &[&str]) {
    let (_db, client) = migrated::clone(baseline).await;
    batch(&client, damage).await;
    batch(
        &client,
        "reset session_replication_role; reset migration.backfill",
    )
    .await;
    let verification = verified(&client, &options(baseline)).await;
    assert_eq!(
        ids(&verification),
        findings.iter().copied().collect(),
        "{damage}\n{:#?}",
        verification.findings()
    );
    let is_critical = verification
        .findings()
        .iter()
        .any(|check| check.severity == Severity::Critical);
    assert_eq!(
        verification.verdict == Verdict::Failed,
        is_critical,
        "{damage}"
    );
}

/// Past the triggers and the foreign keys.
pub fn quietly(sql: &str) -> String {
    format!("set session_replication_role = replica; {sql}")
}

#[tokio::test]
async fn a_migrated_database_passes_with_every_check_and_is_left_as_it_was() {
    for baseline in BASELINES {
        let (_db, client) = migrated::clone(baseline).await;
        let before = migrated::checksums(&client).await;
        let verification = verified(&client, &options(baseline)).await;
        assert_eq!(
            ids(&verification),
            BTreeSet::new(),
            "{:#?}",
            verification.findings()
        );
        assert_eq!(verification.verdict, Verdict::Success);
        assert_eq!(verification.score.to_bits(), 100f64.to_bits());
        assert_eq!(verification.backup_stamp.as_deref(), Some(migrated::STAMP));
        assert_eq!(
            migrated::checksums(&client).await,
            before,
            "verifying changed something"
        );
        let categories: Vec<_> = verification.categories.iter().map(|c| c.id).collect();
        assert_eq!(
            categories,
            [
                "counts",
                "content",
                "foreign_keys",
                "business_rules",
                "catalogue",
                "audit",
                "access",
                "compatibility",
                "execution"
            ]
        );
        let deals = verification
            .tables
            .iter()
            .find(|t| t.table == "deals")
            .expect("deals");
        assert_eq!((deals.before, deals.after, deals.matched), (44, 44, 44));
    }
}

#[tokio::test]
async fn samples_are_the_same_every_time_and_in_full() {
    let (_db, client) = migrated::clone(Baseline::Fork).await;
    let first = verified(
        &client,
        &Options {
            samples: 10,
            ..options(Baseline::Fork)
        },
    )
    .await;
    let again = verify::samples_of(&client, Some(RUN), 10)
        .await
        .expect("samples");
    assert_eq!(first.samples, again);
    let deals: Vec<_> = again.iter().filter(|s| s.table == "deals").collect();
    assert_eq!(deals.len(), 10);
    for sample in deals {
        assert!(sample.is_equal);
        assert_eq!(Some(&sample.before), sample.after.as_ref());
        assert_eq!(
            sample.before.as_object().map(serde_json::Map::len),
            Some(14)
        );
        assert!(
            sample
                .new
                .as_ref()
                .is_some_and(|new| new["probability"].is_number())
        );
    }
    let all = verify::samples_of(&client, Some(RUN), 100)
        .await
        .expect("samples");
    assert_eq!(all.iter().filter(|s| s.table == "deals").count(), 44);
}

#[tokio::test]
async fn rows_that_are_gone_or_came_from_nowhere() {
    use Baseline::Fork;
    sees(
        Fork,
        "delete from public.opportunities where id = 24",
        &["counts.deals.kept"],
    )
    .await;
    sees(
        Fork,
        "insert into public.opportunities (id, name, stage, created_at) values (50, 'x', 'lead', '2020-01-01')",
        &["counts.deals.new"],
    )
    .await;
    sees(
        Fork,
        "delete from public.activities where source = 'deal_note' and source_id = 2",
        &["counts.interactions"],
    )
    .await;
    sees(
        Fork,
        &quietly("delete from public.opportunity_participants where opportunity_id = 3"),
        &["counts.customers", "rules.one_customer"],
    )
    .await;
    sees(
        Fork,
        &quietly("delete from public.contact_organizations where contact_id = 1"),
        &["counts.primary_organizations", "rules.primary_organization"],
    )
    .await;
}

#[tokio::test]
async fn a_value_that_changed_without_a_trace() {
    use Baseline::{Fork, Upstream};
    sees(
        Fork,
        "set migration.backfill = 'on'; update public.opportunities set amount = amount + 1 where id = 5",
        &["content.deals.rows"],
    )
    .await;
    sees(
        Upstream,
        &quietly("update public.\"opportunityNotes\" set text = 'other' where id = 1"),
        &["content.deal_notes.rows"],
    )
    .await;
    sees(
        Upstream,
        &quietly("update public.contacts set title = 'CTO' where id = 1"),
        &["content.contacts.rows"],
    )
    .await;
    sees(
        Upstream,
        r#"update public.configuration set config = config || '{"companySectors": []}'"#,
        &["content.configuration.rows"],
    )
    .await;
    sees(
        Fork,
        &quietly(&format!(
            "update crm_backup.deals_backup_{} set amount = 0 where id = 5",
            migrated::STAMP
        )),
        &["content.deals.copy", "content.deals.rows"],
    )
    .await;
    sees(
        Fork,
        &quietly(
            "update public.opportunities set created_at = '2025-01-01', sales_id = 3 where id = 6",
        ),
        &[
            "content.deals.rows",
            "audit.deals.created_at",
            "audit.deals.sales_id",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_board_that_was_renumbered_is_no_card_that_a_user_moved() {
    sees(
        Baseline::Fork,
        &quietly("update public.opportunities set index = 0"),
        &["content.deals.board"],
    )
    .await;
}

#[tokio::test]
async fn foreign_keys_that_hold_no_longer() {
    use Baseline::Fork;
    let key = "opportunity_products_opportunity_id_fkey";
    let drop = format!("alter table public.opportunity_products drop constraint {key}");
    sees(Fork, &drop, &["foreign_keys.present"]).await;
    sees(
        Fork,
        &format!("{drop}; alter table public.opportunity_products add constraint {key} foreign key (opportunity_id) references public.opportunities (id) not valid"),
        &["foreign_keys.validated"],
    )
    .await;
    sees(
        Fork,
        &quietly("insert into public.opportunity_products (opportunity_id, product_name) values (999, 'x')"),
        &["foreign_keys.orphans opportunity_products opportunity_products_opportunity_id_fkey"],
    )
    .await;
    sees(
        Fork,
        "alter table public.companies drop constraint companies_priority_check; \
         alter table public.companies add constraint companies_priority_check check (priority in ('A', 'B', 'C', 'D')) not valid",
        &["foreign_keys.sound"],
    )
    .await;
}

#[tokio::test]
async fn business_rules_that_are_broken() {
    // A rule each, on a row each: deals 6, 12, 18, 24 are open, 7 is archived, 101 has no contacts.
    let damages = [
        (
            "update public.opportunities set stage = 'closed_won', probability = 100, actual_close_date = updated_at::date where id = 6",
            "rules.stage_fits_legacy",
        ),
        (
            "update public.opportunities set probability = 33 where id = 12",
            "rules.probability",
        ),
        (
            "update public.opportunities set status = 'stalled' where id = 18",
            "rules.status",
        ),
        (
            "update public.opportunities set customer_organization_id = 4 where id = 24",
            "rules.customer",
        ),
        (
            "update public.opportunities set deleted_at = null where id = 7",
            "rules.archived",
        ),
        (
            "update public.opportunities set estimated_close_date = '2000-01-01' where id = 13",
            "rules.closing_date",
        ),
        (
            "update public.opportunities set principal_organization_id = 1 where id = 19",
            "rules.participants_agree",
        ),
        (
            "update public.opportunity_contacts set is_primary = false where opportunity_id = 8",
            "rules.first_contact",
        ),
        (
            "insert into public.opportunity_contacts (opportunity_id, contact_id, position, is_primary) values (101, 5, 9, true)",
            "rules.opportunity_contacts",
        ),
        (
            "insert into public.opportunity_participants (opportunity_id, organization_id, role) values (20, 1, 'principal')",
            "rules.participant_flags",
        ),
        (
            "insert into public.contact_preferred_principals (contact_id, principal_organization_id) values (1, 1)",
            "rules.principal_flags",
        ),
        (
            "update public.opportunities set founding_interaction_id = (select min(id) from public.activities where opportunity_id = 104) where id = 9",
            "rules.founding_interaction",
        ),
        (
            "update public.companies set search_tsv = null where id = 1",
            "rules.search",
        ),
    ];
    let all: Vec<_> = damages.iter().map(|(damage, _)| *damage).collect();
    let mut findings: Vec<_> = damages.iter().map(|(_, finding)| *finding).collect();
    findings.extend(["derived.opportunities", "derived.founding"]);
    sees(Baseline::Fork, &quietly(&all.join("; ")), &findings).await;
    // One of them alone, to see that it is told apart.
    sees(
        Baseline::Upstream,
        &quietly(damages[4].0),
        &["rules.archived", "derived.opportunities"],
    )
    .await;
}

#[tokio::test]
async fn a_catalogue_that_lacks_something_or_is_open() {
    use Baseline::{Fork, Upstream};
    sees(
        Upstream,
        "drop policy \"Deals Delete Policy\" on public.opportunities",
        &[
            "catalogue.policies",
            "access.public.opportunities",
            "access.public.deals",
            "access.public.deals_summary",
            "compatibility.deal",
        ],
    )
    .await;
    sees(
        Fork,
        "drop trigger check_principal_organization on public.contact_preferred_principals",
        &["catalogue.plan_principal_trigger", "catalogue.triggers"],
    )
    .await;
    sees(
        Fork,
        "create policy more on public.opportunities for select to authenticated using (true)",
        &["catalogue.more_policies"],
    )
    .await;
    sees(
        Fork,
        "alter table public.tags disable row level security",
        &["catalogue.row_security"],
    )
    .await;
    sees(
        Fork,
        "alter view public.companies_summary set (security_invoker = off)",
        &["catalogue.views"],
    )
    .await;
    sees(
        Fork,
        "alter table public.contacts drop column company_id_backup",
        &[
            "catalogue.plan_backup_column",
            "audit.company_id_backup",
            "audit.original_company_id",
            "audit.archived_rows",
            "audit.actual_close_date",
            "audit.note_order",
        ],
    )
    .await;
}

#[tokio::test]
async fn access_that_is_not_what_it_should_be() {
    use Baseline::{Fork, Upstream};
    sees(
        Fork,
        "revoke update on public.tags from authenticated",
        &["access.public.tags"],
    )
    .await;
    sees(
        Upstream,
        "create policy open on public.contacts for select to anon using (true); grant select on public.contacts to anon",
        &["access.public.contacts", "catalogue.more_policies"],
    )
    .await;
    sees(
        Fork,
        "revoke select on public.init_state from anon",
        &["access.public.init_state"],
    )
    .await;
    sees(
        Upstream,
        "grant delete on public.configuration to authenticated; \
         create policy open on public.configuration for delete to authenticated using (true)",
        &["access.public.configuration", "catalogue.more_policies"],
    )
    .await;
}

#[tokio::test]
async fn old_clients_that_no_longer_work_and_objects_that_do_not_run() {
    use Baseline::{Fork, Upstream};
    sees(
        Fork,
        "create function public.touch() returns trigger language plpgsql as $$ begin new.updated_at := now(); return new; end $$; \
         create trigger zz_touch before update on public.opportunities for each row execute function public.touch()",
        &["compatibility.save_deal"],
    )
    .await;
    sees(
        Upstream,
        "create or replace function public.merge_contacts(loser_id bigint, winner_id bigint) returns bigint language sql as 'select winner_id'",
        &["compatibility.merge_contacts"],
    )
    .await;
    sees(
        Fork,
        "create view public.broken with (security_invoker = on) as select 1 / (id - id) as nothing from public.companies",
        &["execution.views"],
    )
    .await;
    sees(
        Fork,
        "drop function public.get_activity_timeline",
        &["execution.get_activity_timeline", "catalogue.functions"],
    )
    .await;
}

#[tokio::test]
async fn an_audit_trail_with_a_hole() {
    use Baseline::{Fork, Upstream};
    let naive =
        "update public.opportunities set updated_at = now() - interval '1 hour' where id < 20";
    sees(Fork, &quietly(naive), &["audit.deals.updated_at"]).await;
    sees(
        Fork,
        "alter table public.activities disable trigger activities_before_write",
        &["audit.triggers"],
    )
    .await;
    sees(
        Upstream,
        "delete from migration.migration_history where phase_number = '1.3'",
        &["audit.history"],
    )
    .await;
    sees(
        Fork,
        &quietly("update public.contacts set company_id_backup = null where id = 1"),
        &["audit.company_id_backup"],
    )
    .await;
    sees(
        Fork,
        &quietly("update public.opportunities set actual_close_date = '2026-11-22' where id = 104"),
        &["audit.actual_close_date", "derived.opportunities"],
    )
    .await;
}
