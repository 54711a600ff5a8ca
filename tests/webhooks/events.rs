//! Which change tells what: events against the table of the mapping, on both baselines.

use oppbase::webhooks::event_names;

use super::*;
use crate::common::app::config;

const BASELINES: [Template; 2] = [Template::Fork, Template::Upstream];

/// A database where somebody subscribed to everything and nothing is delivered.
async fn subscribed(template: Template) -> (TestDb, Client) {
    let db = TestDb::new(template).await;
    let names: Vec<_> = event_names().map(|name| format!("'{name}'")).collect();
    db.batch(&format!(
        "insert into public.companies (id, name, is_principal) values (1001, 'Acme', false), (1002, 'Brook', true);
         insert into public.contacts (id, first_name, last_name, company_id) values (2001, 'Ann', 'Ash', 1001);
         insert into public.opportunities (id, name, stage, company_id, contact_ids) values (1, 'Old', 'lead', 1001, '{{2001}}');
         select setval('public.opportunities_id_seq', 100);
         insert into webhooks.subscription (url, secret, events)
           values ('https://hooks.example.com/', 'not-so-secret-as-it-seems', array[{}])",
        names.join(", ")
    ))
    .await;
    let client = db.admin_client().await;
    (db, client)
}

/// The events that one statement (or several) caused, in their order, one list per outbox row.
async fn events(client: &Client, sql: &str) -> Vec<String> {
    client
        .batch_execute("delete from webhooks.delivery; delete from webhooks.outbox")
        .await
        .unwrap();
    client
        .batch_execute(sql)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    let rows = client
        .query(
            "select (select coalesce(string_agg(d.event, ' ' order by d.id), '') from webhooks.delivery d where d.outbox_id = o.id) \
               from webhooks.outbox o order by o.id",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Statement, and the events of each change; `both(x)` is the old and the new name.
fn cases(template: Template) -> Vec<(&'static str, &'static [&'static str])> {
    let note = match template {
        Template::Upstream => "insert into public.deal_notes (deal_id, text) values (1, 'x')",
        _ => "insert into public.\"dealNotes\" (deal_id, text) values (1, 'x')",
    };
    vec![
        (
            "insert into public.opportunities (id, name, stage) values (2, 'New', 'lead')",
            &["deal.created opportunity.created"],
        ),
        (
            "insert into public.deals (id, name, stage) values (3, 'Old face', 'won')",
            &["deal.created opportunity.created deal.won opportunity.won"],
        ),
        (
            "update public.opportunities set amount = 5 where id = 1",
            &["deal.updated opportunity.updated"],
        ),
        (
            "update public.deals set amount = 6 where id = 1",
            &["deal.updated opportunity.updated"],
        ),
        // Nothing of business.
        (
            "update public.opportunities set index = 9 where id = 1",
            &[],
        ),
        (
            "update public.deals set index = 8, updated_at = now() where id = 1",
            &[],
        ),
        (
            "update public.deals set name = name, stage = stage, amount = amount",
            &[],
        ),
        (
            "update public.opportunities set name = 'x' where id = 999",
            &[],
        ),
        // Three new stages share one old word.
        (
            "update public.opportunities set stage = 'qualified' where id = 1",
            &["deal.updated opportunity.updated opportunity.stage_changed"],
        ),
        // An old text of somebody's own, for the same stage.
        (
            "update public.deals set stage = 'Qualification' where id = 1",
            &["deal.updated opportunity.updated deal.stage_changed"],
        ),
        (
            "update public.opportunities set stage = 'proposal' where id = 1",
            &["deal.updated opportunity.updated deal.stage_changed opportunity.stage_changed"],
        ),
        (
            "update public.deals set stage = 'won' where id = 1",
            &[
                "deal.updated opportunity.updated deal.stage_changed opportunity.stage_changed deal.won opportunity.won",
            ],
        ),
        (
            "update public.opportunities set amount = 7, stage = 'closed_won' where id = 1",
            &["deal.updated opportunity.updated"],
        ),
        (
            "update public.opportunities set stage = 'closed_lost' where id = 1",
            &[
                "deal.updated opportunity.updated deal.stage_changed opportunity.stage_changed deal.lost opportunity.lost",
            ],
        ),
        (
            "update public.deals set archived_at = now() where id = 1",
            &["deal.updated opportunity.updated deal.archived opportunity.archived"],
        ),
        (
            "update public.opportunities set deleted_at = null where id = 1",
            &["deal.updated opportunity.updated"],
        ),
        (note, &["dealNote.created opportunity_note.created"]),
        (
            "insert into public.\"opportunityNotes\" (opportunity_id, text) values (1, 'y')",
            &["dealNote.created opportunity_note.created"],
        ),
        ("update public.\"opportunityNotes\" set text = 'z'", &[]),
        // Who takes part is no column of the opportunity, unless it is.
        (
            "insert into public.opportunity_participants (opportunity_id, organization_id, role) values (1, 1002, 'competitor')",
            &[],
        ),
        (
            "insert into public.opportunity_participants (opportunity_id, organization_id, role, is_primary) values (1, 1002, 'principal', true)",
            &["deal.updated opportunity.updated"],
        ),
        // One change, one row; each in its order.
        (
            "begin; update public.opportunities set amount = 8 where id = 1; update public.opportunities set amount = 9 where id = 1; commit",
            &[
                "deal.updated opportunity.updated",
                "deal.updated opportunity.updated",
            ],
        ),
        (
            "insert into public.opportunities (id, name, stage) values (1, 'Renamed', 'lead') on conflict (id) do update set name = excluded.name",
            &["deal.updated opportunity.updated"],
        ),
        (
            "insert into public.deals (id, name, stage) select id, name, stage from public.deals where id = 1 on conflict (id) do update set name = excluded.name, stage = excluded.stage",
            &[],
        ),
        // What is not committed did not happen.
        (
            "begin; insert into public.opportunities (id, name, stage) values (9, 'x', 'lead'); delete from public.opportunities where id = 1; rollback",
            &[],
        ),
        (
            "begin; savepoint a; update public.opportunities set amount = 1 where id = 1; rollback to a; commit",
            &[],
        ),
        // The migration's own work.
        (
            "begin; set local migration.backfill = 'on'; update public.opportunities set amount = 1, stage = 'lead'; commit",
            &[],
        ),
        (
            "delete from public.deals where id = 2",
            &["deal.deleted opportunity.deleted"],
        ),
        // With its company.
        (
            "delete from public.companies where id = 1001",
            &["deal.deleted opportunity.deleted"],
        ),
    ]
}

#[tokio::test]
async fn every_change_tells_what_the_mapping_says() {
    for template in BASELINES {
        let (_db, client) = subscribed(template).await;
        for (sql, expected) in cases(template) {
            assert_eq!(events(&client, sql).await, expected, "{template:?}: {sql}");
        }
    }
}

#[tokio::test]
async fn nothing_is_written_when_nobody_wants_to_know() {
    let (_db, client) = subscribed(Template::Fork).await;
    for (change, expected) in [
        (
            "update webhooks.subscription set events = '{opportunity.won}'",
            0,
        ),
        (
            "update webhooks.subscription set enabled = false, events = '{opportunity.updated}'",
            0,
        ),
        ("update webhooks.subscription set enabled = true", 1),
        ("delete from webhooks.subscription", 0),
    ] {
        client.batch_execute(change).await.unwrap();
        let caused = events(
            &client,
            "update public.opportunities set amount = coalesce(amount, 0) + 1 where id = 1",
        )
        .await;
        assert_eq!(caused.len(), expected, "{change}");
    }
}

#[tokio::test]
async fn the_row_is_noted_with_those_who_take_part_at_the_end() {
    for template in BASELINES {
        let (_db, client) = subscribed(template).await;
        client
            .batch_execute("set timezone = 'America/New_York'")
            .await
            .unwrap();
        events(
            &client,
            "select public.create_opportunity_with_participants('{\"name\": \"Made\", \"stage\": \"lead\", \"contact_ids\": [2001]}', \
               array['{\"organization_id\": 1001, \"role\": \"customer\"}', '{\"organization_id\": 1002, \"role\": \"competitor\"}']::jsonb[])",
        )
        .await;
        let row = client
            .query_one(
                "select image, participants, contacts from webhooks.outbox order by id limit 1",
                &[],
            )
            .await
            .unwrap();
        let (image, participants, contacts): (Value, Value, Value) =
            (row.get(0), row.get(1), row.get(2));
        assert_eq!(image["name"], "Made");
        let columns: Vec<_> = image.as_object().unwrap().keys().cloned().collect();
        assert_eq!(
            columns[..3],
            ["id", "name", "company_id"],
            "in the table's order"
        );
        assert!(image["created_at"].as_str().unwrap().ends_with("+00:00"));
        let roles: Vec<_> = participants
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["role"].clone())
            .collect();
        assert_eq!(roles, ["customer", "competitor"]);
        assert_eq!(
            contacts,
            json!([{"contact_id": 2001, "role": null, "is_primary": true}])
        );
        // A deleted one, as it was.
        events(
            &client,
            "delete from public.opportunities where name = 'Made'",
        )
        .await;
        let row = client
            .query_one("select participants, contacts from webhooks.outbox", &[])
            .await
            .unwrap();
        assert_eq!(
            (row.get::<_, Value>(0), row.get::<_, Value>(1)),
            (participants, contacts)
        );
    }
}

#[tokio::test]
async fn a_users_write_is_noted_with_the_user_and_no_role_of_the_api_sees_the_queue() {
    let (db, client) = subscribed(Template::Fork).await;
    let app = spawn_app(&db, |config| config.crm.webhooks.concurrency = 0).await;
    let user = uuid::Uuid::from_u128(7);
    let changed = app
        .authenticated(user)
        .patch(app.url("/deals/1"))
        .json(&json!({"stage": "lost"}))
        .send()
        .await
        .unwrap();
    assert_eq!(changed.status().as_u16(), 200);
    let row = client
        .query_one("select user_id from webhooks.outbox", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, String>(0), user.to_string());
    for role in ["anon", "authenticated", "service_role"] {
        for sql in [
            "select from webhooks.subscription",
            "select from webhooks.outbox",
            "delete from webhooks.delivery",
            "select webhooks.emit('opportunity', 1, '{}', '{}')",
        ] {
            let refused = client
                .batch_execute(&format!("begin; set local role {role}; {sql}"))
                .await;
            let code = refused
                .unwrap_err()
                .code()
                .map(|code| code.code().to_owned());
            assert_eq!(code.as_deref(), Some("42501"), "{role}: {sql}");
            client.batch_execute("rollback").await.unwrap();
        }
    }
    // Nor by a profile of the API.
    let answer = app
        .service()
        .get(app.url("/rest/v1/subscription"))
        .header("Accept-Profile", "webhooks")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 406);
    assert!(
        config(&db).crm.webhooks.concurrency > 0,
        "delivering is the default"
    );
}

#[test]
fn the_page_names_every_event() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/how-to/webhooks.md");
    let page = std::fs::read_to_string(path).unwrap();
    for event in event_names() {
        assert!(page.contains(&format!("`{event}`")), "{event}");
    }
}
