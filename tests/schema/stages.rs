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
