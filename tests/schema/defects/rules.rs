//! Values: what a write makes of a row, and what the migration made of it.

use oppbase::pg::migrations::{self, Baseline};

use crate::schema::{BASELINES, after, batch, before, lines, refused, sign_in, text};

#[tokio::test]
async fn d17_a_probability_set_by_hand_survives_a_save() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        let state =
            "select stage, probability, stage_manual from public.opportunities where id = 101";
        batch(
            &client,
            "update public.opportunities set probability = 33 where id = 101",
        )
        .await;
        batch(
            &client,
            "update public.opportunities set stage = stage, name = 'again' where id = 101",
        )
        .await;
        batch(
            &client,
            "update public.deals set stage = stage, name = 'and again' where id = 101",
        )
        .await;
        assert_eq!(lines(&client, state).await, ["qualified|33|t"]);
        batch(
            &client,
            "update public.opportunities set stage = 'proposal' where id = 101",
        )
        .await;
        assert_eq!(lines(&client, state).await, ["proposal|33|t"]);
        batch(
            &client,
            "update public.opportunities set stage_manual = false where id = 101",
        )
        .await;
        assert_eq!(lines(&client, state).await, ["proposal|60|f"]);
        batch(&client, "update public.opportunities set probability = 70 where id = 101; update public.deals set stage = 'won' where id = 101").await;
        assert_eq!(lines(&client, state).await, ["closed_won|100|f"]);
        batch(
            &client,
            "update public.deals set stage = 'opportunity' where id = 101",
        )
        .await;
        assert_eq!(lines(&client, state).await, ["qualified|25|f"]);
        // 50 is the form's untouched default: shown, and no override.
        batch(&client, "insert into public.opportunities (id, name, stage, probability) values (500, 'n', 'lead', 50)").await;
        assert_eq!(lines(&client, "select probability, stage_manual, legacy_stage, status from public.opportunities where id = 500").await, ["50|f|opportunity|active"]);
        batch(
            &client,
            "update public.opportunities set stage = 'nurturing' where id = 500",
        )
        .await;
        assert_eq!(lines(&client, "select probability, stage_manual, legacy_stage, status from public.opportunities where id = 500").await, ["15|f|delayed|nurturing"]);
        assert_eq!(
            refused(
                &client,
                "update public.opportunities set probability = 101 where id = 500"
            )
            .await,
            "23514"
        );
    }
}

#[tokio::test]
async fn d18_closing_dates_are_those_of_the_time() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        assert_eq!(
            lines(&client, "select id, actual_close_date from public.opportunities where id in (101, 104, 117) order by id").await,
            ["101|∅", "104|2024-01-02", "117|2025-10-26"]
        );
        sign_in(&client).await;
        let state = "select actual_close_date = (now() at time zone 'UTC')::date from public.opportunities where id = 101";
        batch(
            &client,
            "update public.deals set stage = 'lost' where id = 101",
        )
        .await;
        assert_eq!(text(&client, state).await.as_deref(), Some("t"));
        batch(
            &client,
            "update public.opportunities set stage = 'proposal' where id = 101",
        )
        .await;
        assert_eq!(text(&client, state).await, None);
    }
}

#[tokio::test]
async fn d19_archived_deals_are_archived_opportunities() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        assert_eq!(text(&client, "select count(*) from public.opportunities where archived_at is distinct from deleted_at").await.as_deref(), Some("0"));
        sign_in(&client).await;
        assert_eq!(
            text(
                &client,
                "select count(*) from public.opportunities_summary where id = 116"
            )
            .await
            .as_deref(),
            Some("1")
        );
        batch(&client, "update public.opportunities set deleted_at = null where id = 116; update public.deals set archived_at = '2025-01-01 00:00+00' where id = 102").await;
        assert_eq!(
            lines(&client, "select id, archived_at is null, deleted_at is null from public.opportunities where id in (102, 116) order by 1").await,
            ["102|f|f", "116|t|t"]
        );
        assert_eq!(refused(&client, "update public.opportunities set archived_at = '2025-01-01', deleted_at = '2025-01-02' where id = 116").await, "22023");
    }
}

#[tokio::test]
async fn d20_both_company_columns_stay_equal() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        let state = "select company_id, customer_organization_id, (select string_agg(organization_id || coalesce('-' || (deleted_at is not null), ''), ' ' order by id) \
            from public.opportunity_participants p where p.opportunity_id = o.id and role = 'customer') from public.opportunities o where id = 102";
        batch(
            &client,
            "update public.opportunities set customer_organization_id = 2 where id = 102",
        )
        .await;
        assert_eq!(lines(&client, state).await, ["2|2|2-false"]);
        batch(
            &client,
            "update public.deals set company_id = null where id = 102",
        )
        .await;
        assert_eq!(lines(&client, state).await, ["∅|∅|2-true"]);
        batch(&client, "update public.opportunities set company_id = 3, customer_organization_id = 3 where id = 102").await;
        assert_eq!(lines(&client, state).await, ["3|3|2-true 3-false"]);
        assert_eq!(refused(&client, "update public.opportunities set company_id = 1, customer_organization_id = 2 where id = 102").await, "22023");
        assert_eq!(refused(&client, "insert into public.opportunities (name, company_id, customer_organization_id) values ('x', 1, 2)").await, "22023");
        assert_eq!(
            text(
                &client,
                "select nb_deals from public.companies_summary where id = 3"
            )
            .await,
            text(
                &client,
                "select count(*) from public.deals where company_id = 3"
            )
            .await
        );
    }
}

#[tokio::test]
async fn d21_stages_are_mapped_and_history_stays() {
    for baseline in BASELINES {
        let (_db, client) = before(baseline).await;
        let old = lines(&client, "select id, stage, created_at, updated_at, sales_id, index from public.deals order by id").await;
        drop(client);
        let mut client = _db.admin_client().await;
        migrations::upgrade(&mut client, baseline)
            .await
            .expect("migration");
        assert_eq!(lines(&client, "select id, stage, created_at, updated_at, sales_id, index from public.deals order by id").await, old);
        assert_eq!(
            lines(&client, "select legacy_stage, stage, probability, status from public.opportunities where id between 1 and 6 order by id").await,
            ["proposal-sent|proposal|60|active", "in-negociation|negotiation|80|active", "won|closed_won|100|active",
             "lost|closed_lost|0|active", "delayed|nurturing|15|nurturing", "opportunity|qualified|25|active"]
        );
        assert_eq!(
            lines(&client, "select id, stage from public.opportunities where id between 107 and 114 order by id").await,
            ["107|lead", "108|closed_won", "109|lead", "110|closed_won", "111|closed_lost", "112|lead", "113|lead", "114|negotiation"]
        );
    }
}

#[tokio::test]
async fn d36_edits_of_different_columns_at_once_both_stay() {
    for baseline in BASELINES {
        let (db, one) = after(baseline).await;
        let other = db.admin_client().await;
        sign_in(&one).await;
        sign_in(&other).await;
        batch(
            &one,
            "begin; update public.deals set amount = 777 where id = 103",
        )
        .await;
        let waiting = async {
            batch(
                &other,
                "update public.deals set stage = 'won', name = 'Closed' where id = 103",
            )
            .await;
        };
        let commits = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            batch(&one, "commit").await;
        };
        tokio::join!(waiting, commits);
        assert_eq!(
            lines(
                &one,
                "select amount, stage, name, legacy_stage from public.opportunities where id = 103"
            )
            .await,
            ["777|closed_won|Closed|won"]
        );
    }
}

#[tokio::test]
async fn configured_stages_decide_what_an_old_board_is_shown() {
    let (_db, client) = after(Baseline::Upstream).await;
    batch(&client, "update public.configuration set config = '{\"dealStages\": [{\"value\": \"new\"}, {\"value\": \"Angebot\"}, {\"value\": \"Gewonnen\"}, {\"value\": \"closed won\"}], \
        \"dealPipelineStatuses\": [\"Gewonnen\"]}'; insert into private.stage_map values ('angebot', 'proposal')").await;
    sign_in(&client).await;
    let state = "select stage, legacy_stage from public.opportunities where id = 101";
    for (write, expected) in [
        ("opportunities set stage = 'proposal'", "proposal|Angebot"),
        (
            "opportunities set stage = 'closed_won'",
            "closed_won|Gewonnen",
        ),
        ("opportunities set stage = 'negotiation'", "negotiation|new"),
        ("deals set stage = 'Angebot'", "proposal|Angebot"),
        ("deals set stage = 'Gewonnen'", "closed_won|Gewonnen"),
        ("opportunities set stage = 'lead'", "lead|new"),
    ] {
        batch(&client, &format!("update public.{write} where id = 101")).await;
        assert_eq!(lines(&client, state).await, [expected], "{write}");
    }
}

#[tokio::test]
async fn an_insert_on_either_face_fills_the_other() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        let state = "select stage, legacy_stage, status, probability, priority, stage_manual, actual_close_date is not null, company_id, customer_organization_id \
            from public.opportunities where id = 900";
        for (insert, expected) in [
            (
                "deals (id, name, stage, company_id) values (900, 'x', 'opportunity', 1)",
                "qualified|opportunity|active|25|medium|f|f|1|1",
            ),
            (
                "deals (id, name, stage, company_id) values (900, 'x', 'won', 1)",
                "closed_won|won|active|100|medium|f|t|1|1",
            ),
            (
                "deals (id, name, stage) values (900, 'x', 'delayed')",
                "nurturing|delayed|nurturing|15|medium|f|f|∅|∅",
            ),
            (
                "deals (id, name, stage) values (900, 'x', 'Ours alone')",
                "lead|Ours alone|active|10|medium|f|f|∅|∅",
            ),
            (
                "opportunities (id, name, customer_organization_id, probability) values (900, 'x', 2, 50)",
                "lead|opportunity|active|50|medium|f|f|2|2",
            ),
            (
                "opportunities (id, name, stage, probability) values (900, 'x', 'proposal', 33)",
                "proposal|proposal-sent|active|33|medium|t|f|∅|∅",
            ),
            (
                "opportunities (id, name, stage, probability) values (900, 'x', 'closed_lost', 50)",
                "closed_lost|lost|active|0|medium|f|t|∅|∅",
            ),
            (
                "opportunities (id, name, stage, legacy_stage) values (900, 'x', 'needs_analysis', 'opportunity')",
                "needs_analysis|opportunity|active|40|medium|f|f|∅|∅",
            ),
            (
                "opportunities (id, name, stage, status) values (900, 'x', 'proposal', 'stalled')",
                "proposal|proposal-sent|stalled|60|medium|f|f|∅|∅",
            ),
        ] {
            batch(&client, &format!("begin; insert into public.{insert}")).await;
            assert_eq!(lines(&client, state).await, [expected], "{insert}");
            batch(&client, "rollback").await;
        }
        assert_eq!(refused(&client, "insert into public.opportunities (name, stage, legacy_stage) values ('x', 'proposal', 'won')").await, "22023");
        // A day stays that day, whatever the session's time zone.
        for zone in ["America/New_York", "Asia/Tokyo"] {
            batch(&client, &format!("set timezone = '{zone}'; begin; \
                insert into public.opportunities (id, name, estimated_close_date) values (900, 'x', '2025-04-01'); \
                update public.opportunities set estimated_close_date = '2025-06-01' where id = 119; set local timezone = 'UTC'")).await;
            assert_eq!(
                lines(&client, "select expected_closing_date::date, estimated_close_date from public.opportunities where id in (119, 900) order by id").await,
                ["2025-06-01|2025-06-01", "2025-04-01|2025-04-01"],
                "{zone}"
            );
            batch(&client, "rollback; set timezone = 'UTC'").await;
        }
    }
}
