//! `oppbase::migrate::verify`: rows that the migration made out of others are held against the backup, and
//! what users made of them since is theirs.

use std::collections::BTreeSet;

use oppbase::migrate::verify::{Options, Verdict, Writes};
use oppbase::pg::migrations::Baseline;

use super::migrated;
use super::verify::{ids, options, quietly, sees, verified};
use crate::schema::{BASELINES, batch};

#[tokio::test]
async fn activities_that_are_not_what_their_source_makes_them() {
    use Baseline::{Fork, Upstream};
    sees(
        Fork,
        &quietly("update public.activities set description = 'gone', subject = 'gone' where source = 'deal_note'"),
        &["derived.interactions"],
    )
    .await;
    sees(
        Upstream,
        &quietly("update public.activities set contact_id = 2, organization_id = null where source = 'contact_note'"),
        &["derived.engagements"],
    )
    .await;
    sees(
        Fork,
        &quietly("update public.activities set activity_date = '2001-01-01'"),
        &[
            "derived.engagements",
            "derived.founding",
            "derived.interactions",
            "derived.tasks",
        ],
    )
    .await;
    // Copies of what was never there, or is no contact with anybody.
    for source in ["task", "contact_note"] {
        sees(
            Upstream,
            &quietly(&format!(
                "insert into public.activities (activity_type, type, subject, contact_id, source, source_id) \
                 values ('engagement', 'call', 'left over', 1, '{source}', 99999)"
            )),
            &[if source == "task" {
                "derived.tasks"
            } else {
                "derived.engagements"
            }],
        )
        .await;
    }
    sees(
        Fork,
        &quietly(
            "insert into public.activities (activity_type, type, subject, contact_id, source, source_id) \
             select 'engagement', 'call', 'too many', t.contact_id, 'task', t.id from public.tasks t \
              where not exists (select from public.activities a where a.source = 'task' and a.source_id = t.id) limit 1",
        ),
        &["derived.tasks"],
    )
    .await;
}

#[tokio::test]
async fn relations_that_are_not_what_their_source_makes_them() {
    use Baseline::{Fork, Upstream};
    sees(
        Fork,
        &quietly("update public.opportunity_contacts set position = position + 5"),
        &["derived.contacts_renumbered"],
    )
    .await;
    sees(
        Upstream,
        &quietly(
            "update public.opportunity_contacts set position = position + 5 \
              where id = (select min(id) from public.opportunity_contacts)",
        ),
        &["derived.contacts_order"],
    )
    .await;
    sees(
        Upstream,
        &quietly(
            "insert into public.contact_organizations (contact_id, organization_id, created_at, updated_at) \
             select p.id, c.id, '2026-01-01', '2026-01-01' from public.contacts p \
               join public.companies c on c.id <> p.company_id order by p.id, c.id limit 1",
        ),
        &["derived.contact_organizations"],
    )
    .await;
    sees(
        Fork,
        &quietly(
            "insert into public.opportunity_participants (opportunity_id, organization_id, role, created_at, updated_at) \
             select o.id, c.id, 'partner', o.created_at, o.created_at from public.opportunities o \
               join public.companies c on c.id <> o.company_id order by o.id, c.id limit 1",
        ),
        &["derived.participants"],
    )
    .await;
}

#[tokio::test]
async fn columns_of_opportunities_that_their_deal_does_not_explain() {
    for baseline in BASELINES {
        sees(
            baseline,
            &quietly("update public.opportunities set founding_interaction_id = null"),
            &["derived.founding"],
        )
        .await;
    }
    sees(
        Baseline::Fork,
        &quietly("update public.opportunities set priority = 'critical'"),
        &["derived.opportunities"],
    )
    .await;
    sees(
        Baseline::Upstream,
        &quietly("update public.opportunities set next_action = 'from nowhere' where id = 5"),
        &["derived.opportunities"],
    )
    .await;
}

#[tokio::test]
async fn what_users_made_of_derived_rows_is_theirs_unless_nobody_could() {
    for baseline in BASELINES {
        let (_db, client) = migrated::clone(baseline).await;
        batch(
            &client,
            "update public.activities set subject = 'better' where source = 'deal_note'; \
             update public.activities set contact_id = 2 where source = 'contact_note' and contact_id = 1; \
             update public.contact_notes set text = 'edited since' where id = 1; \
             insert into public.contact_organizations (contact_id, organization_id) \
             select p.id, c.id from public.contacts p join public.companies c on c.id <> p.company_id order by p.id, c.id limit 1; \
             insert into public.opportunity_participants (opportunity_id, organization_id, role) \
             select o.id, c.id, 'partner' from public.opportunities o \
               join public.companies c on c.id <> o.company_id order by o.id, c.id limit 1; \
             insert into public.activities (activity_type, type, subject, opportunity_id, activity_date) \
             select 'interaction', 'call', 'the very first', o.id, '2000-01-01' from public.opportunities o; \
             update public.opportunities set priority = 'high', next_action = 'call', contact_ids = contact_ids[2:] || contact_ids[1:1] \
              where id in (5, 6); \
             update public.contacts set company_id = 1 where id = 2; \
             update public.deals set company_id = 3 where id = 8",
        )
        .await;
        let derived = |found: BTreeSet<&str>| -> BTreeSet<String> {
            let mine = found.into_iter().filter(|id| id.starts_with("derived."));
            mine.map(str::to_owned).collect()
        };
        let any = Options {
            writes: Writes::Any,
            ..options(baseline)
        };
        let any = verified(&client, &any).await;
        assert_eq!(derived(ids(&any)), BTreeSet::new(), "{:#?}", any.findings());
        let closed = Options {
            writes: Writes::None,
            ..options(baseline)
        };
        let closed = verified(&client, &closed).await;
        assert!(
            derived(ids(&closed)).contains("derived.interactions"),
            "{:#?}",
            closed.findings()
        );
    }
}

#[tokio::test]
async fn a_broken_rule_of_severity_high_is_never_a_plain_success() {
    let (_db, client) = migrated::clone(Baseline::Fork).await;
    batch(
        &client,
        &quietly("update public.companies set search_tsv = null"),
    )
    .await;
    batch(&client, "reset session_replication_role").await;
    let found = verified(&client, &options(Baseline::Fork)).await;
    assert_eq!(ids(&found), ["rules.search"].into());
    assert_eq!(found.verdict, Verdict::SuccessWithWarnings);
    assert!(found.score >= 95.0, "{}", found.score);
}
