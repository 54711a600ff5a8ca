//! Every typed operation through HTTP, as a user of the CRM, and what it answers when it cannot.

use oppbase::crm::model::{
    ContactOrganization, Deal, Opportunity, OpportunityParticipant, RestError,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::common::{Template, TestApp, TestDb, spawn_app};

async fn spawn() -> (TestDb, TestApp) {
    let db = TestDb::new(Template::Fork).await;
    db.batch(
        "insert into public.companies (id, name) values (1001, 'Acme'), (1002, 'Brook');
         insert into public.contacts (id, first_name, last_name, company_id)
           values (2001, 'Ann', 'Ash', 1001);",
    )
    .await;
    let app = spawn_app(&db, |_| {}).await;
    (db, app)
}

#[tokio::test]
async fn an_opportunity_lives_through_all_operations() {
    let (_db, app) = spawn().await;
    let client = app.authenticated(uuid::Uuid::from_u128(1));
    let created = client
        .post(app.url("/opportunities"))
        .json(&json!({"name": "Spring", "stage": "proposal", "company_id": 1001, "amount": 9007199254740993i64}))
        .send()
        .await
        .expect("created");
    assert_eq!(created.status(), StatusCode::CREATED);
    let location = created.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    let row: Opportunity = created.json().await.expect("the documented row");
    assert_eq!(location, format!("/opportunities/{}", row.id));
    assert_eq!(
        (row.amount, row.probability, row.legacy_stage.as_str()),
        (Some(9_007_199_254_740_993), 60, "proposal-sent")
    );
    assert_eq!(row.customer_organization_id, Some(1001));

    let item = app.url(&location);
    let read: Opportunity = client
        .get(&item)
        .send()
        .await
        .expect("read")
        .json()
        .await
        .expect("row");
    assert_eq!(read.id, row.id);

    let head = client.head(&item).send().await.expect("head");
    assert_eq!(head.status(), StatusCode::OK);
    let unchanged = client
        .patch(&item)
        .json(&json!({}))
        .send()
        .await
        .expect("nothing to change");
    assert_eq!(unchanged.status(), StatusCode::OK);
    assert_eq!(
        unchanged
            .json::<Opportunity>()
            .await
            .expect("row")
            .updated_at,
        row.updated_at
    );
    let options = client
        .request(reqwest::Method::OPTIONS, &item)
        .send()
        .await
        .expect("options");
    assert_eq!(options.headers()["allow"], "OPTIONS,GET,HEAD,PATCH,DELETE");
    let put = client
        .put(&item)
        .json(&json!({}))
        .send()
        .await
        .expect("put");
    assert_eq!(put.status(), StatusCode::METHOD_NOT_ALLOWED);

    let changed = client
        .patch(&item)
        .json(&json!({"stage": "closed_won"}))
        .send()
        .await
        .expect("x");
    assert_eq!(changed.status(), StatusCode::OK);
    assert_eq!(
        changed.headers()["content-type"],
        "application/json; charset=utf-8"
    );
    let changed: Opportunity = changed.json().await.expect("row");
    assert_eq!(
        (changed.probability, changed.legacy_stage.as_str()),
        (100, "won")
    );

    // The same row under its old name and in the old words.
    let deal = app.url(&format!("/deals/{}", row.id));
    let old: Deal = client
        .get(&deal)
        .send()
        .await
        .expect("deal")
        .json()
        .await
        .expect("row");
    assert_eq!((old.stage.as_str(), old.company_id), ("won", Some(1001)));
    let old = client
        .patch(&deal)
        .json(&json!({"stage": "lost"}))
        .send()
        .await
        .expect("deal");
    assert_eq!(old.json::<Deal>().await.expect("row").stage, "lost");

    let listed: Vec<Opportunity> = client
        .get(app.url("/opportunities?stage=eq.closed_lost&order=id.desc&limit=5"))
        .send()
        .await
        .expect("list")
        .json()
        .await
        .expect("rows");
    assert_eq!(listed.iter().map(|o| o.id).collect::<Vec<_>>(), [row.id]);

    let gone = client.delete(&item).send().await.expect("deleted");
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    for path in [&item, &deal] {
        assert_eq!(
            client.get(path).send().await.expect("x").status(),
            StatusCode::NOT_FOUND
        );
    }
}

#[tokio::test]
async fn relations_are_created_read_and_deleted() {
    let (_db, app) = spawn().await;
    let client = app.authenticated(uuid::Uuid::from_u128(1));
    let relation: ContactOrganization = client
        .post(app.url("/contact_organizations"))
        .json(&json!({"contact_id": 2001, "organization_id": 1002, "role": "influencer"}))
        .send()
        .await
        .expect("created")
        .json()
        .await
        .expect("the documented row");
    let twice = client
        .post(app.url("/contact_organizations"))
        .json(&json!({"contact_id": 2001, "organization_id": 1002}))
        .send()
        .await
        .expect("refused");
    assert_eq!(twice.status(), StatusCode::CONFLICT);
    let embedded: Value = client
        .get(app.url(&format!(
            "/contact_organizations/{}?select=role,organization:companies(name)",
            relation.id
        )))
        .send()
        .await
        .expect("read")
        .json()
        .await
        .expect("JSON");
    assert_eq!(
        embedded,
        json!({"role": "influencer", "organization": {"name": "Brook"}})
    );

    let opportunity: Value = client
        .post(app.url("/opportunities?select=id"))
        .json(&json!({"name": "Autumn"}))
        .send()
        .await
        .expect("created")
        .json()
        .await
        .expect("JSON");
    let participants: Vec<OpportunityParticipant> = client
        .post(app.url("/opportunity_participants"))
        .json(&json!([
            {"opportunity_id": opportunity["id"], "organization_id": 1001, "role": "partner"},
            {"opportunity_id": opportunity["id"], "organization_id": 1002, "role": "competitor"},
        ]))
        .send()
        .await
        .expect("created")
        .json()
        .await
        .expect("the documented rows");
    assert_eq!(participants.len(), 2);
    let path = format!("/opportunity_participants/{}", participants[0].id);
    assert_eq!(
        client
            .delete(app.url(&path))
            .send()
            .await
            .expect("x")
            .status(),
        204
    );
    assert_eq!(
        client
            .delete(app.url(&path))
            .send()
            .await
            .expect("x")
            .status(),
        404
    );
}

#[tokio::test]
async fn refusals_have_the_documented_shape() {
    let (_db, app) = spawn().await;
    let user = app.authenticated(uuid::Uuid::from_u128(1));
    let anon = app.anon();
    let bad_stage = json!({"name": "x", "stage": "won"});
    let cases = [
        ("not an id", user.get(app.url("/opportunities/abc")), 400),
        (
            "no such row",
            user.get(app.url("/opportunities/999999")),
            404,
        ),
        (
            "no such row to change",
            user.patch(app.url("/opportunities/999999"))
                .json(&json!({"name": "x"})),
            404,
        ),
        (
            "unknown value",
            user.post(app.url("/opportunities")).json(&bad_stage),
            400,
        ),
        (
            "unknown column",
            user.post(app.url("/opportunities"))
                .json(&json!({"name": "x", "nope": 1})),
            400,
        ),
        (
            "a list where a row is meant",
            user.patch(app.url("/opportunities/1")).json(&json!([])),
            400,
        ),
        ("anonymous read", anon.get(app.url("/opportunities/1")), 401),
        (
            "anonymous write",
            anon.post(app.url("/opportunities"))
                .json(&json!({"name": "x"})),
            401,
        ),
        (
            "below /rest/v1",
            user.get(app.url("/rest/v1/opportunities/999999")),
            404,
        ),
    ];
    for (name, request, status) in cases {
        let answer = request.send().await.expect(name);
        let got = answer.status().as_u16();
        let body = answer.text().await.expect(name);
        serde_json::from_str::<RestError>(&body).unwrap_or_else(|e| panic!("{name}: {e}: {body}"));
        assert_eq!(got, status, "{name}: {body}");
    }
}

#[tokio::test]
async fn the_document_and_its_page_are_served() {
    let (_db, app) = spawn().await;
    let client = reqwest::Client::new();
    let page = client
        .get(app.url("/swagger-ui/"))
        .send()
        .await
        .expect("page");
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.expect("html").contains("swagger-ui"));
    let document: Value = client
        .get(app.url("/openapi.json"))
        .send()
        .await
        .expect("x")
        .json()
        .await
        .expect("JSON");
    assert_eq!(document["openapi"], "3.1.0");
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (verb, operation) in item.as_object().expect("operations") {
            if verb == "servers" {
                continue;
            }
            let is_old = path.contains("deal") || path == "/rest/v1/activity_log";
            assert_eq!(operation["deprecated"] == true, is_old, "{verb} {path}");
        }
    }
}
