//! Stage, probability and the columns that only triggers write: what a write says, and what it leaves open.

use super::{BASELINES, after, batch, lines, refused, sign_in, text};

const STATE: &str =
    "select stage, legacy_stage, probability, stage_manual from public.opportunities where id = ";

#[tokio::test]
async fn an_insert_that_names_stage_and_legacy_stage_has_to_fit() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        for (columns, values, expected) in [
            // Said on the new face, "opportunity" fits three stages; on the old one it is qualified.
            (
                "stage, legacy_stage",
                "'lead', 'opportunity'",
                Some("lead|opportunity|10|f"),
            ),
            (
                "stage, legacy_stage, probability",
                "'lead', 'opportunity', 50",
                Some("lead|opportunity|50|f"),
            ),
            (
                "stage, legacy_stage",
                "'closed_won', 'Closed'",
                Some("closed_won|Closed|100|f"),
            ),
            (
                "stage, legacy_stage",
                "'lead', 'our own'",
                Some("lead|our own|10|f"),
            ),
            ("stage, legacy_stage", "'lead', 'won'", None),
            (
                "stage, legacy_stage, probability",
                "'lead', 'won', 10",
                None,
            ),
            ("stage, legacy_stage", "'proposal', 'opportunity'", None),
        ] {
            let insert = format!(
                "insert into public.opportunities (id, name, {columns}) values (900, 'x', {values})"
            );
            if let Some(expected) = expected {
                batch(&client, &format!("begin; {insert}")).await;
                assert_eq!(
                    lines(&client, &format!("{STATE} 900")).await,
                    [expected],
                    "{insert}"
                );
                batch(&client, "rollback").await;
            } else {
                assert_eq!(refused(&client, &insert).await, "22023", "{insert}");
            }
        }
        for face in ["deals", "deals_summary"] {
            for word in ["opportunity", "won", "our own"] {
                batch(&client, &format!("begin; insert into public.{face} (id, name, stage) values (900, 'x', '{word}')")).await;
                let stage = text(
                    &client,
                    "select stage from public.opportunities where id = 900",
                )
                .await;
                assert_eq!(
                    stage,
                    text(&client, &format!("select private.stage_forward('{word}')")).await
                );
                batch(&client, "rollback").await;
            }
        }
    }
}

#[tokio::test]
async fn a_new_won_or_lost_opportunity_is_certain_whatever_was_sent() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        for (stage, sent, expected) in [
            ("closed_won", "40, true", "100|f"),
            ("closed_won", "40, false", "100|f"),
            ("closed_lost", "40, true", "0|f"),
            ("proposal", "40, true", "40|t"),
            ("proposal", "60, false", "60|f"),
        ] {
            batch(&client, &format!("begin; insert into public.opportunities (id, name, stage, probability, stage_manual) \
                values (900, 'x', '{stage}', {sent})")).await;
            assert_eq!(
                lines(
                    &client,
                    "select probability, stage_manual from public.opportunities where id = 900"
                )
                .await,
                [expected],
                "{stage} {sent}"
            );
            batch(&client, "rollback").await;
        }
    }
}

#[tokio::test]
async fn a_sent_status_is_stored_even_beside_another_stage() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        for (start, write, expected) in [
            // Not sent: that of the new stage.
            (
                "stage = 'lead'",
                "stage = 'nurturing'",
                "nurturing|nurturing|f",
            ),
            (
                "stage = 'lead'",
                "stage = 'nurturing', status = 'active'",
                "nurturing|active|t",
            ),
            (
                "stage = 'lead'",
                "legacy_stage = 'delayed', status = 'active'",
                "nurturing|active|t",
            ),
            (
                "stage = 'nurturing'",
                "stage = 'lead', status = 'nurturing'",
                "lead|nurturing|t",
            ),
            (
                "stage = 'nurturing'",
                "stage = 'lead', status = 'active'",
                "lead|active|f",
            ),
            // status_manual = false asks for the automatic one, as a whole object with another stage does.
            (
                "stage = 'lead'",
                "stage = 'nurturing', status = 'active', status_manual = false",
                "nurturing|nurturing|f",
            ),
            (
                "stage = 'lead', status = 'on_hold'",
                "stage = 'nurturing', status = 'on_hold', status_manual = true",
                "nurturing|on_hold|t",
            ),
            (
                "stage = 'lead', status = 'on_hold'",
                "stage = 'nurturing'",
                "nurturing|on_hold|t",
            ),
            // Without another stage nothing changes, and no note is left for the next row.
            (
                "stage = 'lead'",
                "status = 'active', stage = 'lead'",
                "lead|active|f",
            ),
        ] {
            batch(
                &client,
                &format!(
                    "begin; update public.opportunities set {start} where id = 101; \
                     update public.opportunities set {write} where id = 101; \
                     update public.opportunities set stage = 'nurturing' where id = 102"
                ),
            )
            .await;
            assert_eq!(
                lines(&client, "select stage, status, status_manual from public.opportunities where id in (101, 102) order by id").await,
                [expected, "nurturing|nurturing|f"],
                "{start}, then {write}"
            );
            batch(&client, "rollback").await;
        }
    }
}

#[tokio::test]
async fn a_flag_that_is_null_makes_no_new_row_an_old_one() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        for flag in ["stage_manual", "status_manual"] {
            let insert = format!(
                "insert into public.opportunities (name, stage, {flag}) values ('x', 'proposal', null)"
            );
            let error = client.batch_execute(&insert).await.expect_err("refused");
            let error = error.as_db_error().expect("of the database");
            assert_eq!(
                (error.code().code(), error.table(), error.column()),
                ("23502", Some("opportunities"), Some(flag))
            );
        }
    }
}

#[tokio::test]
async fn a_sent_probability_is_stored_even_when_it_is_the_one_that_was_there() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        for (start, write, expected) in [
            // Not sent: the default of the new stage.
            ("stage = 'qualified'", "stage = 'proposal'", "proposal|60|f"),
            (
                "stage = 'qualified'",
                "stage = 'proposal', probability = 25",
                "proposal|25|t",
            ),
            (
                "stage = 'qualified'",
                "legacy_stage = 'proposal', probability = 25",
                "proposal|25|t",
            ),
            (
                "stage = 'proposal', probability = 25",
                "stage = 'qualified', probability = 25",
                "qualified|25|f",
            ),
            // stage_manual = false asks for the default, as a whole object with another stage does.
            (
                "stage = 'qualified'",
                "stage = 'proposal', probability = 25, stage_manual = false",
                "proposal|60|f",
            ),
            (
                "stage = 'qualified'",
                "stage = 'proposal', probability = 30, stage_manual = false",
                "proposal|30|t",
            ),
            (
                "stage = 'qualified', probability = 33",
                "stage = 'proposal', probability = 33, stage_manual = true",
                "proposal|33|t",
            ),
            // Won and lost stay certain; a reopened one takes what was sent.
            (
                "stage = 'qualified'",
                "stage = 'closed_won', probability = 25",
                "closed_won|100|f",
            ),
            (
                "stage = 'closed_won'",
                "stage = 'lead', probability = 100",
                "lead|100|t",
            ),
            // Without another stage nothing changes, and no note is left for the next row.
            (
                "stage = 'qualified'",
                "probability = 25, stage = 'qualified'",
                "qualified|25|f",
            ),
        ] {
            batch(
                &client,
                &format!(
                    "begin; update public.opportunities set {start} where id = 101; \
                update public.opportunities set {write} where id = 101; \
                update public.opportunities set stage = 'negotiation' where id = 102"
                ),
            )
            .await;
            assert_eq!(
                lines(&client, "select stage, probability, stage_manual from public.opportunities where id in (101, 102) order by id").await,
                [expected, "negotiation|80|f"],
                "{start}, then {write}"
            );
            batch(&client, "rollback").await;
        }
    }
}

#[tokio::test]
async fn the_search_column_is_nobodys_to_write() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        for (table, source) in [
            ("opportunities", "name"),
            ("companies", "name"),
            ("contacts", "last_name"),
        ] {
            batch(
                &client,
                &format!("update public.{table} set {source} = 'Findable' where id = 1"),
            )
            .await;
            let state =
                format!("select md5(t::text), search_tsv from public.{table} t where id = 1");
            let before = lines(&client, &state).await;
            for write in [
                format!("update public.{table} set search_tsv = 'forged' where id = 1"),
                format!("update public.{table} set search_tsv = null where id = 1"),
            ] {
                batch(&client, &write).await;
                assert_eq!(lines(&client, &state).await, before, "{write}");
            }
            batch(
                &client,
                &format!("update public.{table} set {source} = 'Other', search_tsv = 'forged' where id = 1"),
            )
            .await;
            let found = format!(
                "select search_tsv @@ 'other' and not search_tsv @@ 'forged' from public.{table} where id = 1"
            );
            assert_eq!(text(&client, &found).await.as_deref(), Some("t"));
        }
        batch(&client, "insert into public.opportunities (id, name, stage, search_tsv) values (1, 'x', 'lead', 'forged') \
            on conflict (id) do update set search_tsv = excluded.search_tsv").await;
        let forged = "select search_tsv @@ 'forged' from public.opportunities where id = 1";
        assert_eq!(text(&client, forged).await.as_deref(), Some("f"));
    }
}
