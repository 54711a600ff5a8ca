//! `merge_contacts`: what moves, what the winner becomes, what rolls back.

use super::*;

const ROWS: &str = r#"
insert into companies (id, name) values (901, 'Acme');
insert into contacts (id, first_name, last_name, title, company_id, linkedin_url, avatar, tags, first_seen, last_seen, email_jsonb, phone_jsonb)
values (801, 'Jane', 'Doe', null, null, '', '{}', '{1,2}', '2026-01-02', '2026-01-03',
        '[{"email":"z@x.y","type":"Work"},{"email":"a@x.y","type":"Work"}]', '[{"number":"1","type":"Work"}]'),
       (802, 'Jane', 'Roe', 'CEO', 901, 'https://linkedin.com/in/jane', '{"src":"http://x/y.png"}', '{2,3}', '2026-01-01', '2026-02-01',
        '[{"email":"a@x.y","type":"Home"},{"email":"b@x.y","type":"Work"},{"type":"Work"}]', '[{"number":"2","type":"Work"},{"number":""}]');
insert into tasks (contact_id, type, text, due_date) values (802, 'call', 'ring', now());
insert into contact_notes (contact_id, text, date) values (802, 'hello', '2026-01-15');
insert into deals (id, name, stage, contact_ids, company_id) values (701, 'Deal', 'opportunity', '{802,801,803}', 901), (702, 'Other', 'opportunity', '{802}', 901);
"#;

#[tokio::test]
async fn the_winner_takes_over_what_was_the_losers() {
    for template in [Template::Fork, Template::Upstream] {
        let crm = Crm::new(template).await;
        let admin = crm.sign_up("ada@example.com").await;
        crm.db.batch(ROWS).await;
        let body = json!({"loserId": 802, "winnerId": 801});
        let answer = crm.call(Method::POST, "merge_contacts", &admin, body).await;
        assert_eq!(answer.json, json!({"success": true, "winnerId": 801}));
        assert_eq!(
            crm.value("select count(*) from contacts where id = 802")
                .await,
            0
        );
        for table in ["tasks", "contact_notes"] {
            let sql = format!("select count(*) from {table} where contact_id = 801");
            assert_eq!(crm.value(&sql).await, 1, "{table}");
        }
        assert_eq!(
            crm.value("select jsonb_agg(contact_ids order by id) from deals")
                .await,
            json!([[801, 803], [801]])
        );
        let row = crm
            .value("select to_jsonb(c) from contacts c where id = 801")
            .await;
        let addresses: Vec<_> = row["email_jsonb"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| format!("{} {}", e["email"], e["type"]))
            .collect();
        assert_eq!(
            addresses,
            [
                "\"z@x.y\" \"Work\"",
                "\"a@x.y\" \"Work\"",
                "\"b@x.y\" \"Work\""
            ],
            "the winner's first, each once, none without address"
        );
        assert_eq!(row["phone_jsonb"].as_array().unwrap().len(), 2);
        assert_eq!(row["tags"], json!([1, 2, 3]));
        assert_eq!(
            row["avatar"]["src"], "http://x/y.png",
            "an avatar without src gives way"
        );
        assert_eq!(row["linkedin_url"], "https://linkedin.com/in/jane");
        assert_eq!(
            (&row["title"], &row["last_name"]),
            (&json!("CEO"), &json!("Doe"))
        );
        assert_eq!(row["company_id"], 901);
        assert!(
            row["first_seen"]
                .as_str()
                .unwrap()
                .starts_with("2026-01-02"),
            "the winner's"
        );
        assert!(
            row["last_seen"].as_str().unwrap().starts_with("2026-02-01"),
            "the later one"
        );
    }
}

#[tokio::test]
async fn ids_are_required_and_a_failure_changes_nothing() {
    let crm = Crm::new(Template::Fork).await;
    let admin = crm.sign_up("ada@example.com").await;
    crm.db.batch(ROWS).await;
    for body in [
        json!({}),
        json!({"loserId": 802}),
        json!({"loserId": "x", "winnerId": 801}),
    ] {
        let answer = crm.call(Method::POST, "merge_contacts", &admin, body).await;
        assert_eq!(
            answer.json,
            json!({"status": 400, "message": "Missing loserId or winnerId"})
        );
    }
    for body in [
        json!({"loserId": 802, "winnerId": 5}),
        json!({"loserId": 802, "winnerId": 802}),
    ] {
        let answer = crm.call(Method::POST, "merge_contacts", &admin, body).await;
        assert_eq!(answer.status, 404);
        let message = answer.json["message"].as_str().unwrap();
        assert!(
            message.starts_with("Failed to merge contacts: "),
            "{message}"
        );
    }
    assert_eq!(crm.value("select count(*) from contacts").await, 2);
    assert_eq!(crm.value("select contact_id from tasks").await, 802);
}

#[tokio::test]
async fn row_security_of_the_caller_decides() {
    let crm = Crm::new(Template::Fork).await;
    let admin = crm.sign_up("ada@example.com").await;
    crm.db.batch(ROWS).await;
    crm.db
        .batch("create policy hidden on contacts as restrictive for all to authenticated using (id <> 802)")
        .await;
    let body = json!({"loserId": 802, "winnerId": 801});
    let answer = crm.call(Method::POST, "merge_contacts", &admin, body).await;
    assert_eq!(answer.status, 404, "{}", answer.json);
    assert_eq!(crm.value("select count(*) from contacts").await, 2);
}
