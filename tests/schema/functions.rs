//! Each function and view of phases 1.1 to 1.4 is executed: a body is only checked when it runs.

use super::{BASELINES, after, batch, lines, refused, sign_in, text};

#[tokio::test]
async fn every_view_can_be_read() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        for view in lines(&client, "select oid::regclass from pg_class where relkind = 'v' and relnamespace = 'public'::regnamespace").await {
            assert!(text(&client, &format!("select count(to_json(v)::text) from {view} v")).await.is_some(), "{view}");
        }
    }
}

#[tokio::test]
async fn a_contact_joins_an_organisation_once() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        let one = text(
            &client,
            "select public.add_contact_to_organization(1, 2, is_primary_contact => true)",
        )
        .await;
        let two = text(&client, "select public.add_contact_to_organization(1, 2, role => 'buyer', purchase_influence => 'High')").await;
        assert_eq!(one, two);
        assert_eq!(
            lines(&client, "select organization_id, is_primary_organization, role, purchase_influence from public.get_contact_organizations(1)").await,
            ["1|t|∅|Unknown", "2|f|buyer|High"]
        );
        // A second first contact takes the place of the first, and its own row knows.
        batch(
            &client,
            "select public.add_contact_to_organization(3, 2, is_primary_decision_maker => true)",
        )
        .await;
        assert_eq!(
            text(
                &client,
                "select is_primary_contact from public.contacts where id = 3"
            )
            .await
            .as_deref(),
            Some("t")
        );
        batch(
            &client,
            "select public.add_contact_to_organization(1, 2, is_primary_contact => true)",
        )
        .await;
        assert_eq!(
            text(
                &client,
                "select is_primary_contact from public.contacts where id = 3"
            )
            .await
            .as_deref(),
            Some("f")
        );
        assert_eq!(
            lines(&client, "select contact_id, contact_name, is_primary_contact from public.get_organization_contacts(2) order by 1").await,
            ["1|Ann One|t", "3|Cyd Three|f", "5|🚀 مرحبا|f"]
        );
    }
}

#[tokio::test]
async fn company_of_a_contact_and_its_primary_row_are_one_fact() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        let rows = "select organization_id, is_primary_organization, relationship_end_date is not null, deleted_at is not null \
             from public.contact_organizations where contact_id = 1 order by id";
        assert_eq!(lines(&client, rows).await, ["1|t|f|f"]);
        batch(
            &client,
            "update public.contacts set company_id = 2, role = 'champion' where id = 1",
        )
        .await;
        assert_eq!(lines(&client, rows).await, ["1|f|t|f", "2|t|f|f"]);
        batch(
            &client,
            "update public.contacts set company_id = 1 where id = 1",
        )
        .await;
        assert_eq!(lines(&client, rows).await, ["1|t|f|f", "2|f|t|f"]);
        // The other way round.
        batch(&client, "update public.contact_organizations set is_primary_organization = true, role = 'buyer' where contact_id = 1 and organization_id = 2").await;
        assert_eq!(
            lines(
                &client,
                "select company_id, role from public.contacts where id = 1"
            )
            .await,
            ["2|buyer"]
        );
        batch(
            &client,
            "delete from public.contact_organizations where contact_id = 1 and organization_id = 2",
        )
        .await;
        assert_eq!(
            text(
                &client,
                "select company_id from public.contacts where id = 1"
            )
            .await,
            None
        );
        // A new contact has its row at once, and the summary shows it.
        batch(&client, "insert into public.contacts (id, first_name, company_id, organizations) values (50, 'New', 1, \
            '[{\"organization_id\": 1, \"role\": \"buyer\"}, {\"organization_id\": 2, \"purchase_influence\": \"High\"}]')").await;
        assert_eq!(
            lines(&client, "select company_id, role, total_organizations, organization_ids, organizations -> 1 ->> 'purchase_influence' \
                from public.contacts_summary where id = 50").await,
            ["1|buyer|2|{1,2}|High"]
        );
        batch(&client, "update public.contacts set company_id = 3, organizations = '[{\"organization_id\": 3, \"is_primary_contact\": false}]' where id = 50").await;
        assert_eq!(lines(&client, "select total_organizations, organization_ids from public.contacts_summary where id = 50").await, ["1|{3}"]);
        // A list sent again after the rows changed on the other side is a change again.
        let list = "update public.contacts set organizations = '[{\"organization_id\": 3, \"is_primary_contact\": false}]' where id = 50";
        batch(&client, "select public.add_contact_to_organization(50, 4)").await;
        let ids = "select organization_ids from public.contacts_summary where id = 50";
        assert_eq!(text(&client, ids).await.as_deref(), Some("{3,4}"));
        batch(&client, list).await;
        assert_eq!(text(&client, ids).await.as_deref(), Some("{3}"));
        // Deleting the company deletes its contacts, as it always did.
        batch(
            &client,
            "reset role; delete from public.companies where id = 3",
        )
        .await;
        assert_eq!(
            text(
                &client,
                "select count(*) from public.contacts where id = 50"
            )
            .await
            .as_deref(),
            Some("0")
        );
    }
}

#[tokio::test]
async fn advocacy_needs_a_principal_and_averages_count_once() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        batch(
            &client,
            "update public.companies set is_principal = true where id = 3",
        )
        .await;
        assert_eq!(
            text(
                &client,
                "select organization_type from public.companies where id = 3"
            )
            .await
            .as_deref(),
            Some("principal")
        );
        assert_eq!(
            refused(
                &client,
                "update public.companies set organization_type = 'customer' where id = 3"
            )
            .await,
            "23514"
        );
        sign_in(&client).await;
        assert_eq!(
            refused(&client, "select public.add_principal_advocacy(1, 1)").await,
            "23514"
        );
        assert_eq!(refused(&client, "insert into public.contact_preferred_principals (contact_id, principal_organization_id) values (1, 1)").await, "23514");
        let one = text(&client, "select public.add_principal_advocacy(1, 3, 9)").await;
        assert_eq!(
            text(&client, "select public.add_principal_advocacy(1, 3, 8)").await,
            one
        );
        batch(&client, "select public.add_principal_advocacy(2, 3, 2); select public.add_contact_to_organization(1, 2)").await;
        assert_eq!(
            lines(&client, "select advocate_count, reached_organizations, avg_advocacy_strength, strong_advocates, weak_advocates \
                from public.principal_advocacy_dashboard where principal_id = 3").await,
            ["2|2|5.0|1|1"]
        );
        assert_eq!(
            lines(
                &client,
                "select organization_count, advocated_principals_count, avg_advocacy_strength \
                from public.contact_influence_profile where contact_id = 1"
            )
            .await,
            ["2|1|8.0"]
        );
    }
}

#[tokio::test]
async fn participants_and_the_three_columns_are_one_fact() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        batch(&client, "update public.companies set is_principal = true, is_distributor = true, organization_type = 'principal' where id in (3, 4)").await;
        sign_in(&client).await;
        let id = text(&client, "select public.create_opportunity_with_participants('{\"name\": \"New\", \"amount\": 5, \"contact_ids\": [1, 2]}', \
            array['{\"organization_id\": 1, \"role\": \"customer\"}', '{\"organization_id\": 3, \"role\": \"principal\", \"is_primary\": true}']::jsonb[])").await
            .expect("an id");
        let columns = format!(
            "select company_id, customer_organization_id, principal_organization_id, distributor_organization_id, stage, probability, legacy_stage \
             from public.opportunities where id = {id}"
        );
        assert_eq!(
            lines(&client, &columns).await,
            ["1|1|3|∅|lead|10|opportunity"]
        );
        batch(&client, &format!("select public.sync_opportunity_participants({id}, array['{{\"organization_id\": 2, \"role\": \"customer\"}}', \
            '{{\"organization_id\": 4, \"role\": \"distributor\", \"is_primary\": true}}']::jsonb[])")).await;
        assert_eq!(
            lines(&client, &columns).await,
            ["2|2|∅|4|lead|10|opportunity"]
        );
        batch(
            &client,
            &format!(
                "update public.opportunities set principal_organization_id = 3 where id = {id}"
            ),
        )
        .await;
        assert_eq!(
            lines(
                &client,
                &format!(
                    "select role, organization_id, is_primary from public.opportunity_participants \
                where opportunity_id = {id} and deleted_at is null order by 1"
                )
            )
            .await,
            ["customer|2|t", "distributor|4|t", "principal|3|t"]
        );
        assert_eq!(
            refused(
                &client,
                &format!(
                    "update public.opportunities set principal_organization_id = 2 where id = {id}"
                )
            )
            .await,
            "23514"
        );
        assert_eq!(
            refused(
                &client,
                &format!("select public.sync_opportunity_participants({id}, null)")
            )
            .await,
            "22023"
        );
        assert_eq!(
            refused(
                &client,
                "select public.create_opportunity_with_participants('{\"name\": \"x\"}', '{}')"
            )
            .await,
            "22023"
        );
        assert_eq!(
            text(&client, &format!("select jsonb_array_length(participants) from public.get_opportunity_with_participants({id})")).await.as_deref(),
            Some("3")
        );
        assert_eq!(
            lines(&client, &format!("select primary_customer ->> 'organization_id', participant_count, principal_count \
                from public.opportunities_with_participants where id = {id}")).await,
            ["2|3|1"]
        );
        batch(
            &client,
            &format!("select public.sync_opportunity_participants({id}, '{{}}')"),
        )
        .await;
        assert_eq!(
            lines(&client, &columns).await,
            ["∅|∅|∅|∅|lead|10|opportunity"]
        );
        let differing = "select count(*) from public.opportunities_legacy where (customer_organization_id, principal_organization_id, distributor_organization_id) \
             is distinct from (customer_organization_id_computed, principal_organization_id_computed, distributor_organization_id_computed)";
        assert_eq!(text(&client, differing).await.as_deref(), Some("0"));
    }
}

/// What a list says of a row that says it already does not write that row; what follows a change is written as sent.
#[tokio::test]
async fn participants_that_are_there_as_sent_are_left_alone() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        let sync = async |list: &[&str]| {
            let list = list.join("', '");
            let call = format!(
                "select public.sync_opportunity_participants(104, array['{list}']::jsonb[])"
            );
            batch(&client, &call).await;
        };
        let live = "select organization_id, role, is_primary, notes from public.opportunity_participants \
            where opportunity_id = 104 and deleted_at is null order by role, 1";
        let rows = "select xmin, ctid, r::text from public.opportunity_participants r where opportunity_id = 104 order by id";
        let customer = r#"{"organization_id": 1, "role": "customer"}"#;
        let partner =
            r#"{"organization_id": 2, "role": "partner", "is_primary": true, "notes": "n"}"#;
        let other = r#"{"organization_id": 4, "role": "partner"}"#;
        sync(&[customer, partner, other]).await;
        let said = ["1|customer|t|∅", "2|partner|t|n", "4|partner|f|∅"];
        assert_eq!(lines(&client, live).await, said);
        let before = lines(&client, rows).await;
        // Notes that are not sent stay.
        let silent = partner.replace(r#", "notes": "n""#, "");
        sync(&[&silent, other, customer]).await;
        assert_eq!(lines(&client, rows).await, before, "{baseline:?}");
        // The place goes from one to the other, whichever is named first.
        let second = other.replace('}', r#", "is_primary": true}"#);
        let first = silent.replace("true", "false");
        sync(&[&second, &first, customer]).await;
        let moved = ["1|customer|t|∅", "2|partner|f|n", "4|partner|t|∅"];
        assert_eq!(lines(&client, live).await, moved);
        sync(&[&first, customer, &second]).await;
        assert_eq!(lines(&client, live).await, moved);
        sync(&[&silent, customer, other]).await;
        assert_eq!(lines(&client, live).await, said);
        // Named twice: what was said last counts, though it is what was there.
        sync(&[customer, other, &second, other]).await;
        assert_eq!(
            lines(&client, live).await,
            ["1|customer|t|∅", "4|partner|f|∅"]
        );
        // One less, and the rest is left alone.
        let kept = format!("{rows} limit 1");
        let before = lines(&client, &kept).await;
        sync(&[customer]).await;
        assert_eq!(lines(&client, live).await, ["1|customer|t|∅"]);
        assert_eq!(lines(&client, &kept).await, before, "{baseline:?}");
    }
}

#[tokio::test]
async fn contact_ids_stay_as_sent_and_the_junction_holds_those_who_exist() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        let junction = "select contact_id, position, is_primary, role from public.opportunity_contacts where opportunity_id = 104 order by position";
        assert_eq!(lines(&client, junction).await, ["3|1|t|∅", "2|3|f|∅"]);
        batch(&client, "update public.opportunity_contacts set role = 'buyer' where opportunity_id = 104 and contact_id = 2").await;
        batch(
            &client,
            "update public.deals set contact_ids = '{2,888,null,1,2}' where id = 104",
        )
        .await;
        assert_eq!(
            text(
                &client,
                "select contact_ids from public.deals where id = 104"
            )
            .await
            .as_deref(),
            Some("{2,888,NULL,1,2}")
        );
        assert_eq!(lines(&client, junction).await, ["2|1|t|buyer", "1|4|f|∅"]);
        // The new face.
        batch(
            &client,
            "insert into public.opportunity_contacts (opportunity_id, contact_id) values (104, 3); \
            delete from public.opportunity_contacts where opportunity_id = 104 and contact_id = 2",
        )
        .await;
        assert_eq!(
            text(
                &client,
                "select contact_ids from public.deals where id = 104"
            )
            .await
            .as_deref(),
            Some("{888,NULL,1,3}")
        );
        // A contact that is deleted leaves its id behind, as ever.
        batch(&client, "delete from public.contacts where id = 3").await;
        assert_eq!(
            text(
                &client,
                "select contact_ids from public.deals where id = 104"
            )
            .await
            .as_deref(),
            Some("{888,NULL,1,3}")
        );
    }
}

#[tokio::test]
async fn activities_are_logged_converted_and_listed() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        sign_in(&client).await;
        let call = text(
            &client,
            "select public.log_engagement('call', 'Hello', contact_id => 1)",
        )
        .await
        .expect("an id");
        assert_eq!(
            text(
                &client,
                &format!("select organization_id from public.activities where id = {call}")
            )
            .await
            .as_deref(),
            Some("1")
        );
        batch(
            &client,
            &format!("select public.convert_engagement_to_interaction({call}, 102)"),
        )
        .await;
        assert_eq!(
            lines(&client, &format!("select a.activity_type, o.founding_interaction_id = a.id from public.activities a \
                join public.opportunities o on o.id = a.opportunity_id where a.id = {call}")).await,
            ["interaction|t"]
        );
        assert_eq!(
            refused(
                &client,
                &format!("select public.convert_engagement_to_interaction({call}, 102)")
            )
            .await,
            "22023"
        );
        let demo = text(&client, "select public.log_interaction(102, 'demo', 'Shown', sentiment => 'positive', contact_id => 2)").await.expect("an id");
        assert_eq!(
            text(
                &client,
                &format!("select organization_id from public.activities where id = {demo}")
            )
            .await
            .as_deref(),
            Some("1")
        );
        assert_eq!(
            refused(&client, "select public.log_interaction(4242, 'demo', 'x')").await,
            "23503"
        );
        assert_eq!(refused(&client, "insert into public.activities (activity_type, type, subject, contact_id) values ('interaction', 'call', 'x', 1)").await, "23514");
        for (entity, id) in [("contact", 1), ("organization", 1), ("opportunity", 102)] {
            let seen = text(
                &client,
                &format!("select count(*) from public.get_activity_timeline('{entity}', {id})"),
            )
            .await;
            assert!(
                seen.and_then(|n| n.parse::<i64>().ok()) > Some(0),
                "{entity}"
            );
        }
        assert_eq!(
            text(
                &client,
                "select count(*) from public.get_activity_timeline('opportunity', 102, 1)"
            )
            .await
            .as_deref(),
            Some("1")
        );
        assert_eq!(
            refused(&client, "select public.get_activity_timeline('deal', 1)").await,
            "22023"
        );
        assert_eq!(
            lines(&client, "select interaction_count, positive_interactions, days_since_last_interaction from public.interaction_analytics where opportunity_id = 102").await,
            ["2|1|0"]
        );
    }
}

#[tokio::test]
async fn notes_and_tasks_become_activities_once_and_stay_where_they_are() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        assert_eq!(
            lines(&client, "select source, source_id, activity_type, type, subject, attachments from public.activities order by 1, 2").await,
            [
                "contact_note|1|engagement|follow_up|First line|{a}",
                "contact_note|2|engagement|follow_up|(no subject)|∅",
                "deal_note|1|interaction|meeting|met|{b}",
                "deal_note|2|interaction|site_visit|(no subject)|∅",
                "deal_note|3|interaction|follow_up|(no subject)|∅",
                "task|1|engagement|call|ring|∅",
                "task|2|engagement|email|Send an e-mail|∅",
                "task|3|engagement|meeting|eat|∅",
            ]
        );
        assert_eq!(
            text(&client, "select count(*) from public.tasks")
                .await
                .as_deref(),
            Some("7")
        );
        // The founding interaction is the earliest one.
        assert_eq!(
            text(&client, "select a.source_id from public.opportunities o join public.activities a on a.id = o.founding_interaction_id where o.id = 104").await.as_deref(),
            Some("2")
        );
    }
}

/// What an opportunity began with refers to it like a foreign key, and `truncate` does not follow it.
#[tokio::test]
async fn contacts_that_are_emptied_leave_opportunities() {
    for baseline in BASELINES {
        let (_db, client) = after(baseline).await;
        let opportunities = text(&client, "select count(*) from public.opportunities").await;
        assert_eq!(
            refused(
                &client,
                "update public.opportunities set founding_interaction_id = -1 where id = 102"
            )
            .await,
            "23503"
        );
        let founded =
            "select count(founding_interaction_id) from public.opportunities where id = 104";
        assert_eq!(text(&client, founded).await.as_deref(), Some("1"));
        batch(
            &client,
            "delete from public.activities where opportunity_id = 104",
        )
        .await;
        assert_eq!(text(&client, founded).await.as_deref(), Some("0"));
        batch(
            &client,
            "select public.log_interaction(102, 'demo', 'Shown'); truncate public.contacts cascade",
        )
        .await;
        assert_eq!(
            text(&client, "select count(*) from public.opportunities").await,
            opportunities
        );
        let left = "select count(*) from public.opportunities o where o.founding_interaction_id is not null \
             and not exists (select from public.activities a where a.id = o.founding_interaction_id)";
        assert_eq!(
            text(&client, left).await.as_deref(),
            Some("0"),
            "{baseline:?}"
        );
    }
}
