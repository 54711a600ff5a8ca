//! Relations that a form sends with its row are saved with it: one transaction, the caller's rights.

use reqwest::Method;
use serde_json::{Value, json};

use super::Crm;
use crate::schema::BASELINES;

/// Live relations of a contact: `(organization_id, role, influence)`.
async fn organizations(crm: &Crm, contact: &Value) -> Value {
    crm.get(&format!("/rest/v1/contact_organizations?contact_id=eq.{contact}&deleted_at=is.null&relationship_end_date=is.null&select=organization_id,role,purchase_influence&order=organization_id")).await
}

async fn participants(crm: &Crm, opportunity: &Value) -> Value {
    crm.get(&format!("/rest/v1/opportunity_participants?opportunity_id=eq.{opportunity}&deleted_at=is.null&select=organization_id,role,is_primary&order=role,organization_id")).await
}

#[tokio::test]
async fn a_contact_is_saved_with_its_organisations() {
    for baseline in BASELINES {
        let crm = Crm::after(baseline).await;
        // As the new form sends it.
        let form = json!({
            "first_name": "Dee", "last_name": "Four", "company_id": 1, "tags": [], "sales_id": 1,
            "organizations": [
                {"organization_id": 1, "role": "decision_maker", "is_primary_contact": true, "purchase_influence": "High", "decision_authority": "Decision Maker"},
                {"organization_id": 2, "role": "influencer", "is_primary_contact": false, "purchase_influence": "Low", "decision_authority": "Influencer"},
            ],
        });
        let (status, made) = crm.write(Method::POST, "/rest/v1/contacts", &form).await;
        assert_eq!(status, 201, "{made}");
        let id = &made[0]["id"];
        assert_eq!(
            (
                &made[0]["role"],
                &made[0]["organizations"][1]["organization_id"]
            ),
            (&json!("decision_maker"), &json!(2))
        );
        let saved = json!([
            {"organization_id": 1, "role": "decision_maker", "purchase_influence": "High"},
            {"organization_id": 2, "role": "influencer", "purchase_influence": "Low"},
        ]);
        assert_eq!(organizations(&crm, id).await, saved);
        // Ids alone: who stays keeps its role, who is new begins, who is left out ends.
        let (status, _) = crm
            .write(
                Method::PATCH,
                &format!("/rest/v1/contacts?id=eq.{id}"),
                &json!({"organization_ids": [1, 2, 4]}),
            )
            .await;
        assert_eq!(status, 200);
        let now = organizations(&crm, id).await;
        assert_eq!(now[1], saved[1], "{baseline:?}");
        assert_eq!(
            now[2],
            json!({"organization_id": 4, "role": null, "purchase_influence": "Unknown"})
        );
        let (status, row) = crm
            .write(
                Method::PATCH,
                &format!("/rest/v1/contacts?id=eq.{id}"),
                &json!({"organization_ids": [1], "title": "CEO"}),
            )
            .await;
        assert_eq!((status, &row[0]["title"]), (200, &json!("CEO")));
        assert_eq!(organizations(&crm, id).await, json!([saved[0]]));
        let summary = crm.get(&format!("/rest/v1/contacts_summary?id=eq.{id}&select=total_organizations,organization_ids,organizations")).await;
        assert_eq!(
            (
                &summary[0]["total_organizations"],
                &summary[0]["organization_ids"]
            ),
            (&json!(1), &json!([1]))
        );
        // Several at once, as an import sends them.
        let (status, bulk) = crm.write(Method::POST, "/rest/v1/contacts", &json!([{"first_name": "E", "organization_ids": [2, 3]}, {"first_name": "F", "organization_ids": []}])).await;
        assert_eq!(status, 201, "{bulk}");
        assert_eq!(
            organizations(&crm, &bulk[0]["id"])
                .await
                .as_array()
                .map(Vec::len),
            Some(2)
        );
        assert_eq!(organizations(&crm, &bulk[1]["id"]).await, json!([]));
    }
}

#[tokio::test]
async fn a_refused_relation_takes_its_row_back() {
    let crm = Crm::after(BASELINES[0]).await;
    let count = |crm: &Crm, relation: &'static str| {
        let path = format!("/rest/v1/{relation}?select=id&limit=1000");
        let read = crm.user.get(crm.app.url(&path)).send();
        async move {
            read.await
                .expect("read")
                .json::<Vec<Value>>()
                .await
                .expect("rows")
                .len()
        }
    };
    let before = (
        count(&crm, "contacts").await,
        count(&crm, "opportunities").await,
    );
    for (path, body) in [
        (
            "/rest/v1/contacts",
            json!({"first_name": "X", "organization_ids": [1, 999_999]}),
        ),
        (
            "/rest/v1/contacts",
            json!({"first_name": "X", "organizations": [{"organization_id": 2, "role": "king"}]}),
        ),
        (
            "/rest/v1/opportunities",
            json!({"name": "X", "participants": [{"organization_id": 999_999, "role": "partner"}]}),
        ),
        (
            "/rest/v1/opportunities",
            json!({"name": "X", "participants": [{"organization_id": 1, "role": "king"}]}),
        ),
        (
            "/rest/v1/opportunities",
            json!({"name": "X", "contacts": [{"contact_id": 1, "role": "king"}]}),
        ),
        (
            "/rest/v1/opportunities",
            json!({"name": "X", "contacts": [{"contact_id": 1}, {"contact_id": 999_999, "role": "influencer"}]}),
        ),
        (
            "/rest/v1/opportunities",
            json!({"name": "X", "company_id": 2, "participants": [{"organization_id": 1, "role": "customer"}]}),
        ),
    ] {
        let (status, error) = crm.write(Method::POST, path, &body).await;
        assert!((400..410).contains(&status), "{body}: {status} {error}");
        assert!(error["message"].is_string());
    }
    assert_eq!(
        (
            count(&crm, "contacts").await,
            count(&crm, "opportunities").await
        ),
        before
    );
    // Nobody is signed in: nothing is written.
    let anon = crm
        .app
        .anon()
        .post(crm.app.url("/rest/v1/opportunities"))
        .json(&json!({"name": "X", "participants": []}))
        .send()
        .await
        .expect("refused");
    assert_eq!(anon.status(), 401);
}

#[tokio::test]
async fn an_opportunity_is_saved_with_participants_and_contacts() {
    for baseline in BASELINES {
        let crm = Crm::after(baseline).await;
        crm.db.batch("update public.companies set is_principal = true where id = 3; update public.companies set is_distributor = true where id = 4").await;
        let form = json!({
            "name": "Nested", "stage": "qualified", "index": 0, "probability": 50,
            "participants": [
                {"organization_id": 1, "role": "customer"},
                {"organization_id": 3, "role": "principal", "is_primary": true, "notes": "n"},
                {"organization_id": 4, "role": "partner"},
            ],
            "contacts": [{"contact_id": 2, "role": "influencer"}, {"contact_id": 1, "is_primary": true}],
        });
        for path in ["/rest/v1/opportunities", "/opportunities"] {
            let (status, made) = crm.write(Method::POST, path, &form).await;
            assert_eq!(status, 201, "{baseline:?} {path}: {made}");
            let made = if made.is_array() {
                made[0].clone()
            } else {
                made
            };
            assert_eq!(
                (
                    &made["company_id"],
                    &made["principal_organization_id"],
                    &made["contact_ids"]
                ),
                (&json!(1), &json!(3), &json!([2, 1]))
            );
            let id = &made["id"];
            assert_eq!(
                participants(&crm, id).await,
                json!([
                    {"organization_id": 1, "role": "customer", "is_primary": true},
                    {"organization_id": 4, "role": "partner", "is_primary": false},
                    {"organization_id": 3, "role": "principal", "is_primary": true},
                ]),
                "{baseline:?}"
            );
            assert_eq!(crm.get(&format!("/rest/v1/opportunity_contacts?opportunity_id=eq.{id}&select=contact_id,role,is_primary,position&order=position")).await, json!([
                {"contact_id": 2, "role": "influencer", "is_primary": false, "position": 1},
                {"contact_id": 1, "role": null, "is_primary": true, "position": 2},
            ]));
            // A change of the list alone: the row that comes back is the row as it is.
            let (status, row) = crm.write(Method::PATCH, &format!("/rest/v1/opportunities?id=eq.{id}"), &json!({"participants": [{"organization_id": 2, "role": "customer"}, {"organization_id": 4, "role": "partner"}]})).await;
            assert_eq!(status, 200, "{row}");
            assert_eq!(
                (
                    &row[0]["company_id"],
                    &row[0]["customer_organization_id"],
                    &row[0]["principal_organization_id"]
                ),
                (&json!(2), &json!(2), &Value::Null)
            );
            assert_eq!(
                crm.get(&format!("/rest/v1/opportunities?id=eq.{id}")).await,
                row
            );
            assert_eq!(
                participants(&crm, id).await,
                json!([
                    {"organization_id": 2, "role": "customer", "is_primary": true},
                    {"organization_id": 4, "role": "partner", "is_primary": false},
                ])
            );
            // The old face sees the same.
            assert_eq!(
                crm.get(&format!("/deals/{id}?select=company_id,contact_ids,stage"))
                    .await,
                json!({"company_id": 2, "contact_ids": [2, 1], "stage": "opportunity"})
            );
            // Saving it again changes nothing.
            let state = format!(
                "select o::text || (select string_agg(p::text, ';' order by p.id) from public.opportunity_participants p where p.opportunity_id = o.id) || (select string_agg(c::text, ';' order by c.id) from public.opportunity_contacts c where c.opportunity_id = o.id) from public.opportunities o where id = {id}"
            );
            let owner = crm.db.admin_client().await;
            let before = crate::schema::text(&owner, &state).await;
            let (status, _) = crm.write(Method::PATCH, &format!("/rest/v1/opportunities?id=eq.{id}"), &json!({"participants": [{"organization_id": 2, "role": "customer"}, {"organization_id": 4, "role": "partner"}], "contacts": [{"contact_id": 2, "role": "influencer"}, {"contact_id": 1, "is_primary": true}]})).await;
            assert_eq!(status, 200);
            assert_eq!(
                crate::schema::text(&owner, &state).await,
                before,
                "{baseline:?}"
            );
        }
    }
}

/// Several rows, new and old, in one request: every row gets its own lists, or nothing is saved.
#[tokio::test]
async fn several_opportunities_are_saved_with_their_participants() {
    for baseline in BASELINES {
        let crm = Crm::after(baseline).await;
        let customer = |id: i64| json!([{"organization_id": id, "role": "customer"}]);
        let rows = json!([
            {"name": "A", "participants": customer(1), "contacts": [{"contact_id": 2, "role": "influencer"}]},
            {"name": "B", "participants": [], "contacts": []},
            {"name": "C", "participants": [{"organization_id": 2, "role": "customer"}, {"organization_id": 4, "role": "partner", "is_primary": true}], "contacts": null},
        ]);
        for path in ["/rest/v1/opportunities", "/opportunities"] {
            let (status, made) = crm.write(Method::POST, path, &rows).await;
            assert_eq!(status, 201, "{baseline:?} {path}: {made}");
            assert_eq!(
                (&made[0]["company_id"], &made[2]["company_id"]),
                (&json!(1), &json!(2))
            );
            assert_eq!(
                participants(&crm, &made[0]["id"]).await,
                json!([{"organization_id": 1, "role": "customer", "is_primary": true}])
            );
            assert_eq!(participants(&crm, &made[1]["id"]).await, json!([]));
            assert_eq!(
                participants(&crm, &made[2]["id"]).await,
                json!([
                    {"organization_id": 2, "role": "customer", "is_primary": true},
                    {"organization_id": 4, "role": "partner", "is_primary": true},
                ])
            );
            let contacts = format!(
                "/rest/v1/opportunity_contacts?opportunity_id=eq.{}&select=contact_id,role",
                made[0]["id"]
            );
            assert_eq!(
                crm.get(&contacts).await,
                json!([{"contact_id": 2, "role": "influencer"}])
            );
        }
        // An upsert: the first is there already, the second is new.
        let merge = "resolution=merge-duplicates,return=representation";
        let rows = json!([
            {"id": 6, "name": "there", "participants": customer(4)},
            {"id": 50_001, "name": "new", "participants": customer(2)},
        ]);
        let (status, saved) = crm
            .write_as(Method::POST, "/rest/v1/opportunities", merge, &rows)
            .await;
        assert!(status == 200 || status == 201, "{status} {saved}");
        for (id, organization) in [(6, 4), (50_001, 2)] {
            assert_eq!(
                participants(&crm, &json!(id)).await,
                json!([{"organization_id": organization, "role": "customer", "is_primary": true}])
            );
        }
        // Rows that are there are left alone; the place of those that follow stays theirs.
        let ignore = "resolution=ignore-duplicates,return=representation";
        let rows = json!([
            {"id": 6, "name": "again", "participants": customer(1)},
            {"id": 50_002, "name": "newer", "participants": customer(3)},
        ]);
        let (status, saved) = crm
            .write_as(Method::POST, "/rest/v1/opportunities", ignore, &rows)
            .await;
        assert_eq!(
            (status, saved.as_array().map(Vec::len)),
            (201, Some(1)),
            "{saved}"
        );
        for (id, organization) in [(6, 4), (50_002, 3)] {
            assert_eq!(
                participants(&crm, &json!(id)).await,
                json!([{"organization_id": organization, "role": "customer", "is_primary": true}])
            );
        }
        // One that cannot be saved takes all back.
        let rows = json!([
            {"id": 50_003, "name": "good", "participants": customer(1)},
            {"id": 50_004, "name": "bad", "participants": customer(999_999)},
        ]);
        let (status, error) = crm
            .write(Method::POST, "/rest/v1/opportunities", &rows)
            .await;
        assert_eq!(status, 409, "{error}");
        assert_eq!(
            crm.get("/rest/v1/opportunities?id=gte.50003&id=lte.50004")
                .await,
            json!([])
        );
    }
}

/// So many rows, each with the customer `1 + row % 4`.
fn many(count: usize) -> Value {
    let row = |n: usize| {
        let participants = json!([{"organization_id": 1 + n % 4, "role": "customer"}]);
        json!({"id": 100_000 + n, "name": n.to_string(), "participants": participants, "contacts": []})
    };
    (1..=count).map(row).collect()
}

/// A list is read and a place is looked up for each row: neither may take longer the more rows there are.
#[tokio::test]
async fn thousands_of_opportunities_are_saved_with_their_participants() {
    let crm = Crm::after(BASELINES[0]).await;
    let owner = crm.db.admin_client().await;
    // Beside each row, how long the settings are that it was found in.
    crm.db
        .batch(
            "create table public.lengths (length integer);
             create function public.note_lengths() returns trigger language plpgsql security definer as $$ begin
               insert into public.lengths select length(current_setting('crm.nested' || part, true))
                 from unnest(array['', '_0', '_24', '_ids', '_ids_0', '_ids_24']) part;
               return null; end $$;
             create trigger z_site after insert on public.opportunities
               for each row execute function public.note_lengths()",
        )
        .await;
    let body = many(1000);
    let (status, made) = crm
        .write_as(
            Method::POST,
            "/rest/v1/opportunities",
            "return=minimal",
            &body,
        )
        .await;
    assert_eq!(status, 201, "{made}");
    let wrong = "select count(*)::text || ' of ' || (select count(*) from public.opportunities where id > 100000)
                   from public.opportunities o
                   left join public.opportunity_participants p on p.opportunity_id = o.id and p.deleted_at is null
                  where o.id > 100000
                    and (p.organization_id is distinct from 1 + o.name::int % 4 or o.company_id is distinct from 1 + o.name::int % 4)";
    assert_eq!(
        crate::schema::text(&owner, wrong).await.as_deref(),
        Some("0 of 1000")
    );
    let longest = "select (max(length) between 500 and 5000)::text from public.lengths";
    let longest = crate::schema::text(&owner, longest).await;
    assert_eq!(longest.as_deref(), Some("true"));
}

/// A trigger of the site that skips a row, or gives it another id, may take the row's lists away, but not give
/// them to another one.
#[tokio::test]
async fn lists_never_go_to_another_row() {
    let crm = Crm::after(BASELINES[0]).await;
    for trigger in [
        "if new.name = 'skip' then return null; end if; return new;",
        "if new.name = 'skip' then new.id := 200000; end if; return new;",
    ] {
        for name in ["a_site", "z_site"] {
            crm.db
                .batch(&format!(
                    "drop function if exists public.site() cascade;
                     delete from public.opportunities where id > 100000;
                     create function public.site() returns trigger language plpgsql as $$ begin {trigger} end $$;
                     create trigger {name} before insert on public.opportunities for each row execute function public.site()"
                ))
                .await;
            let customer = |id: i64| json!([{"organization_id": id, "role": "customer"}]);
            let rows = json!([
                {"id": 100_001, "name": "skip", "participants": customer(1)},
                {"id": 100_002, "name": "real", "participants": customer(2)},
            ]);
            let (status, answer) = crm
                .write(Method::POST, "/rest/v1/opportunities", &rows)
                .await;
            let case = format!("{name} {trigger} {status} {answer}");
            let saved = crm
                .get("/rest/v1/opportunities?id=gt.100000&select=id,name,company_id&order=name")
                .await;
            if status == 400 {
                let message = answer["message"].as_str().unwrap_or_default();
                assert!(message.contains("which of the lists"), "{case}");
                assert!(answer["hint"].is_string(), "{case}");
                assert_eq!(saved, json!([]), "{case}");
                continue;
            }
            assert_eq!(status, 201, "{case}");
            for row in saved.as_array().expect("rows") {
                let customer = if row["name"] == "skip" { 1 } else { 2 };
                assert_eq!(row["company_id"], customer, "{case}");
                let expected =
                    json!([{"organization_id": customer, "role": "customer", "is_primary": true}]);
                assert_eq!(participants(&crm, &row["id"]).await, expected, "{case}");
            }
        }
    }
}

/// Of two organisations in one role neither wins silently, whichever way the list comes.
#[tokio::test]
async fn two_primary_organisations_of_a_role_are_refused_by_name() {
    let crm = Crm::after(BASELINES[0]).await;
    let list = json!([
        {"organization_id": 1, "role": "customer"},
        {"organization_id": 4, "role": "partner", "is_primary": true},
        {"organization_id": 2, "role": "partner", "is_primary": true},
    ]);
    let before = participants(&crm, &json!(6)).await;
    for (method, path, body) in [
        (
            Method::POST,
            "/opportunities",
            json!({"name": "x", "participants": list}),
        ),
        (
            Method::PATCH,
            "/opportunities/6",
            json!({"participants": list}),
        ),
        (
            Method::POST,
            "/rest/v1/rpc/sync_opportunity_participants",
            json!({"opportunity": 6, "participants": list}),
        ),
        (
            Method::POST,
            "/rest/v1/rpc/create_opportunity_with_participants",
            json!({"opportunity": {"name": "x"}, "participants": list}),
        ),
    ] {
        let (status, error) = crm.write(method, path, &body).await;
        let message = error["message"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{path}: {error}");
        for word in ["primary partner", "2", "4"] {
            assert!(message.contains(word), "{path}: {error}");
        }
        assert!(
            error["hint"].is_string() && error["code"].is_string(),
            "{path}: {error}"
        );
        assert_eq!(participants(&crm, &json!(6)).await, before, "{path}");
    }
    assert_eq!(crm.get("/rest/v1/opportunities?name=eq.x").await, json!([]));
}

#[tokio::test]
async fn organisations_of_another_shape_change_nothing() {
    let crm = Crm::after(BASELINES[0]).await;
    let form = json!({"first_name": "G", "organizations": [{"organization_id": 2}, {"organization_id": "3"}]});
    let (status, made) = crm.write(Method::POST, "/rest/v1/contacts", &form).await;
    assert_eq!(status, 201, "{made}");
    let id = &made[0]["id"];
    let before = organizations(&crm, id).await;
    assert_eq!(before.as_array().map(Vec::len), Some(2), "{before}");
    for list in [
        json!([2, 3]),
        json!([[2]]),
        json!([{"organization_id": "03"}]),
        json!([{"organization_id": null}]),
        json!([{"role": "influencer"}]),
        json!({"organization_id": 3}),
        json!("[]"),
        json!(5),
    ] {
        let path = format!("/rest/v1/contacts?id=eq.{id}");
        let (status, answer) = crm
            .write(Method::PATCH, &path, &json!({"organizations": list}))
            .await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("PGRST102")),
            "{list}"
        );
        assert_eq!(organizations(&crm, id).await, before, "{list}");
    }
}
