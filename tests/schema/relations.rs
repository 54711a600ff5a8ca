//! Facts that are kept as a column and as rows beside it: a row that moves is followed at both ends.

use super::{BASELINES, after, batch, lines, refused, sign_in, text};

/// An upsert as the API writes it: columns, no condition.
const UPSERT_PARTICIPANT: &str = "insert into public.opportunity_participants (opportunity_id, organization_id, role, notes) \
    values (101, 3, 'partner', 'n') on conflict (opportunity_id, organization_id, role, deleted_at) do update set notes = excluded.notes";

#[tokio::test]
async fn a_participant_that_moves_leaves_no_stale_column() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        batch(&client, "update public.companies set is_principal = true, is_distributor = true where id in (3, 4)").await;
        sign_in(&client).await;
        let state = "select id, company_id, customer_organization_id, principal_organization_id, distributor_organization_id \
            from public.opportunities where id in (101, 102) order by id";
        batch(&client, "insert into public.opportunity_participants (id, opportunity_id, organization_id, role, is_primary) \
            values (900, 101, 3, 'principal', true), (901, 102, 4, 'principal', true)").await;
        assert_eq!(lines(&client, state).await, ["101|∅|∅|3|∅", "102|1|1|4|∅"]);
        for (write, expected) in [
            (
                "set role = 'partner' where id = 900",
                ["101|∅|∅|∅|∅", "102|1|1|4|∅"],
            ),
            (
                "set role = 'distributor' where id = 900",
                ["101|∅|∅|∅|3", "102|1|1|4|∅"],
            ),
            (
                "set role = 'customer' where id = 900",
                ["101|3|3|∅|∅", "102|1|1|4|∅"],
            ),
            (
                "set opportunity_id = 102 where id = 900",
                ["101|∅|∅|∅|∅", "102|1|1|3|∅"],
            ),
            (
                "set opportunity_id = 102, role = 'distributor' where id = 900",
                ["101|∅|∅|∅|∅", "102|1|1|4|3"],
            ),
            (
                "set organization_id = 4 where id = 900",
                ["101|∅|∅|4|∅", "102|1|1|4|∅"],
            ),
            (
                "set is_primary = false where id in (900, 901)",
                ["101|∅|∅|∅|∅", "102|1|1|∅|∅"],
            ),
            (
                "set deleted_at = now() where id = 900",
                ["101|∅|∅|∅|∅", "102|1|1|4|∅"],
            ),
        ] {
            batch(
                &client,
                &format!("begin; update public.opportunity_participants {write}"),
            )
            .await;
            assert_eq!(lines(&client, state).await, expected, "{write}");
            batch(&client, "rollback").await;
        }
        batch(
            &client,
            "delete from public.opportunity_participants where id = 901",
        )
        .await;
        assert_eq!(lines(&client, state).await, ["101|∅|∅|3|∅", "102|1|1|∅|∅"]);
    }
}

#[tokio::test]
async fn a_contact_of_an_opportunity_that_moves_changes_both_lists() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        let lists =
            "select id, contact_ids from public.opportunities where id in (104, 107) order by id";
        assert_eq!(lines(&client, lists).await, ["104|{3,3,2,3}", "107|{1}"]);
        batch(&client, "update public.opportunity_contacts set opportunity_id = 107 where opportunity_id = 104 and contact_id = 3").await;
        assert_eq!(lines(&client, lists).await, ["104|{2}", "107|{1,3}"]);
        // With another contact at the same time.
        batch(&client, "update public.opportunity_contacts set opportunity_id = 104, contact_id = 5 where opportunity_id = 107 and contact_id = 1").await;
        assert_eq!(lines(&client, lists).await, ["104|{2,5}", "107|{3}"]);
        assert_eq!(
            lines(&client, "select opportunity_id, contact_id from public.opportunity_contacts where opportunity_id in (104, 107) order by 1, position").await,
            ["104|2", "104|5", "107|3"]
        );
    }
}

#[tokio::test]
async fn an_opportunity_has_one_primary_contact() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        let primary = "select contact_id from public.opportunity_contacts where opportunity_id = 104 and is_primary";
        assert_eq!(lines(&client, primary).await, ["3"]);
        for (write, expected) in [
            (
                "insert into public.opportunity_contacts (opportunity_id, contact_id, is_primary) values (104, 4, true), (104, 5, true)",
                "5",
            ),
            (
                "update public.opportunity_contacts set is_primary = true where opportunity_id = 104 and contact_id = 2",
                "2",
            ),
            (
                "insert into public.opportunity_contacts (opportunity_id, contact_id, is_primary) values (104, 4, true) \
                on conflict (opportunity_id, contact_id) do update set is_primary = excluded.is_primary",
                "4",
            ),
            // An upsert that ignores the row takes no place.
            (
                "insert into public.opportunity_contacts (opportunity_id, contact_id, is_primary) values (104, 5, true) \
                on conflict (opportunity_id, contact_id) do nothing",
                "4",
            ),
            (
                "update public.opportunity_contacts set opportunity_id = 104 where opportunity_id = 107 and contact_id = 1",
                "1",
            ),
        ] {
            batch(&client, write).await;
            assert_eq!(lines(&client, primary).await, [expected], "{write}");
        }
        assert_eq!(refused(&client, "set migration.backfill = 'on'; update public.opportunity_contacts set is_primary = true where opportunity_id = 104").await, "23505");
    }
}

#[tokio::test]
async fn a_primary_organisation_that_moves_takes_the_company_along() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        let companies =
            "select id, company_id from public.contacts where id in (1, 3, 4) order by id";
        assert_eq!(lines(&client, companies).await, ["1|1", "3|2", "4|∅"]);
        batch(&client, "update public.contact_organizations set contact_id = 4 where contact_id = 1 and is_primary_organization").await;
        assert_eq!(lines(&client, companies).await, ["1|∅", "3|2", "4|1"]);
        batch(&client, "update public.contact_organizations set contact_id = 3 where contact_id = 4 and is_primary_organization").await;
        assert_eq!(lines(&client, companies).await, ["1|∅", "3|1", "4|∅"]);
        assert_eq!(
            lines(&client, "select organization_id, is_primary_organization from public.contact_organizations where contact_id = 3 order by 1").await,
            ["1|t", "2|f"]
        );
    }
}

#[tokio::test]
async fn a_closed_row_that_becomes_primary_again_is_open() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        let ends = "select organization_id, is_primary_organization, relationship_end_date from public.contact_organizations \
            where contact_id = 1 order by 1";
        let start = "begin; update public.contact_organizations set relationship_start_date = '2024-01-01' where contact_id = 1; \
            update public.contacts set company_id = 2 where id = 1; \
            update public.contact_organizations set relationship_end_date = '2024-02-01' where contact_id = 1 and organization_id = 1";
        for (write, expected) in [
            ("is_primary_organization = true", ["1|t|∅", "2|f|∅"]),
            // What the writer says himself, and an end to come, stays.
            (
                "is_primary_organization = true, relationship_end_date = '2024-03-01'",
                ["1|t|2024-03-01", "2|f|∅"],
            ),
            ("notes = 'n'", ["1|f|2024-02-01", "2|t|∅"]),
        ] {
            batch(&client, &format!("{start}; update public.contact_organizations set {write} where contact_id = 1 and organization_id = 1")).await;
            assert_eq!(lines(&client, ends).await, expected, "{write}");
            batch(&client, "rollback").await;
        }
    }
}

#[tokio::test]
async fn relations_can_be_upserted_by_columns_alone() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        let live = "select count(*), min(id) from public.opportunity_participants \
            where opportunity_id = 101 and role = 'partner' and deleted_at is null";
        batch(&client, UPSERT_PARTICIPANT).await;
        let once = lines(&client, live).await;
        batch(&client, UPSERT_PARTICIPANT).await;
        assert_eq!(lines(&client, live).await, once);
        let delete = "update public.opportunity_participants set deleted_at = now() \
            where opportunity_id = 101 and role = 'partner' and deleted_at is null";
        // Deleted, made and deleted again within one transaction, at one moment.
        batch(
            &client,
            &format!(
                "begin; {delete}; {UPSERT_PARTICIPANT}; {delete}; {UPSERT_PARTICIPANT}; commit"
            ),
        )
        .await;
        let all = "select count(*), count(deleted_at), count(distinct deleted_at) from public.opportunity_participants \
            where opportunity_id = 101 and role = 'partner'";
        assert_eq!(lines(&client, all).await, ["3|2|2"]);

        let upsert = "insert into public.contact_organizations (contact_id, organization_id, notes) values (1, 3, 'n') \
            on conflict (contact_id, organization_id, deleted_at) do update set notes = excluded.notes";
        let delete = "update public.contact_organizations set deleted_at = now() \
            where contact_id = 1 and organization_id = 3 and deleted_at is null";
        batch(
            &client,
            &format!("{upsert}; {upsert}; begin; {delete}; {upsert}; {delete}; {upsert}; commit"),
        )
        .await;
        assert_eq!(
            text(&client, "select count(*) from public.contact_organizations where contact_id = 1 and organization_id = 3").await.as_deref(),
            Some("3")
        );
        // Plain inserts of a live pair are refused as before.
        assert_eq!(refused(&client, "insert into public.contact_organizations (contact_id, organization_id) values (1, 3)").await, "23505");
    }
}
