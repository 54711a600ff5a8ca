//! `postmark`: who gets in, and what a mail becomes.

use super::*;
use oppbase::config::PostmarkConfig;

async fn crm(template: Template) -> Crm {
    let crm = Crm::with(template, |config| {
        config.crm.postmark = PostmarkConfig {
            user: Some("hook".into()),
            password: Some("secret".into()),
            authorized_ips: vec!["3.3.3.3".into()],
            inbound_address: Some("inbox@crm.example".into()),
        };
    })
    .await;
    crm.sign_up("Sam@Example.com").await;
    crm
}

fn mail() -> Value {
    json!({
        "FromFull": {"Email": "SAM@example.com", "Name": "Sam"},
        "ToFull": [{"Email": "Jane.Doe@Acme-Rockets.com", "Name": ""}],
        "CcFull": [{"Email": "inbox@crm.example"}],
        "Subject": "Offer", "TextBody": "Hello Jane", "Attachments": [],
    })
}

impl Crm {
    async fn inbound(&self, body: &Value) -> Answer {
        let request = self
            .http
            .post(self.app.url("/functions/v1/postmark"))
            .header("x-forwarded-for", "9.9.9.9, 3.3.3.3")
            .basic_auth("hook", Some("secret"))
            .json(body);
        self.send(request).await
    }
}

#[tokio::test]
async fn a_mail_becomes_a_note_of_a_new_contact_with_a_company() {
    for template in [Template::Fork, Template::Upstream] {
        let crm = crm(template).await;
        let answer = crm.inbound(&mail()).await;
        assert_eq!((answer.status, answer.json), (200, json!("OK")));
        assert_eq!(crm.inbound(&mail()).await.status, 200);
        assert_eq!(
            crm.value("select jsonb_agg(jsonb_build_array(text, sales_id)) from contact_notes")
                .await,
            json!([["Offer\n\nHello Jane", 1], ["Offer\n\nHello Jane", 1]])
        );
        let contacts = crm
            .value("select jsonb_agg(jsonb_build_array(first_name, last_name, email_jsonb, sales_id, tags)) from contacts")
            .await;
        assert_eq!(
            contacts,
            json!([["Jane", "Doe", [{"email": "jane.doe@acme-rockets.com", "type": "Work"}], 1, []]])
        );
        assert_eq!(
            crm.value("select jsonb_agg(jsonb_build_array(name, website)) from companies")
                .await,
            json!([["Acme Rockets", "https://acme-rockets.com"]])
        );
    }
}

#[tokio::test]
async fn attachments_are_stored_and_named_in_the_note() {
    let crm = crm(Template::Upstream).await;
    let mut with_file = mail();
    with_file["Attachments"] = json!([{"Name": "hi.txt", "Content": "aGVsbG8=", "ContentType": "text/plain"}, {"Name": "broken"}]);
    assert_eq!(crm.inbound(&with_file).await.status, 200);
    let attachments = crm
        .value("select to_jsonb(attachments) from contact_notes")
        .await;
    let [file] = attachments.as_array().unwrap().as_slice() else {
        panic!("one file: {attachments}")
    };
    assert_eq!(
        (&file["title"], &file["type"]),
        (&json!("hi.txt"), &json!("text/plain"))
    );
    let path = format!(
        "/storage/v1/object/public/attachments/{}",
        file["path"].as_str().unwrap()
    );
    assert!(file["src"].as_str().unwrap().ends_with(&path), "{file}");
    let answer = crm.http.get(crm.app.url(&path)).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn a_known_company_is_used_and_providers_have_none() {
    let crm = crm(Template::Upstream).await;
    crm.db
        .batch("insert into companies (name) values ('acme-rockets.com')")
        .await;
    let mut two = mail();
    two["ToFull"] = json!([{"Email": "jane@acme-rockets.com", "Name": "jane doe"},
        {"Email": "joe@gmail.com"}]);
    assert_eq!(crm.inbound(&two).await.status, 200);
    assert_eq!(crm.value("select count(*) from companies").await, 1);
    let companies = "select jsonb_agg(jsonb_build_array(last_name, company_id is null) order by id) from contacts";
    assert_eq!(
        crm.value(companies).await,
        json!([["Doe", false], ["Joe", true]])
    );
}

#[tokio::test]
async fn a_forwarded_mail_is_about_whom_it_names() {
    let crm = crm(Template::Fork).await;
    let mut forwarded = mail();
    forwarded["ToFull"] = json!([{"Email": "Inbox@crm.example"}]);
    forwarded["Subject"] = json!("Fwd: Question");
    forwarded["TextBody"] = json!(
        "---------- Forwarded message ---------\nFrom: Zoe Zed <zoe@zed.io>\n\
         To: Sam <sam@example.com>\n\nHow much?\n-- \nSam"
    );
    assert_eq!(crm.inbound(&forwarded).await.status, 200);
    assert_eq!(
        crm.value("select text from contact_notes").await,
        "Question\n\nHow much?"
    );
    assert_eq!(
        crm.value("select first_name || ' ' || last_name from contacts")
            .await,
        "Zoe Zed"
    );
    forwarded["TextBody"] = json!("From: Sam <sam@example.com>\n\nto inbox@crm.example");
    assert_eq!(crm.inbound(&forwarded).await.status, 403);
}

#[tokio::test]
async fn strangers_store_nothing_and_missing_parts_are_not_tried_again() {
    let crm = crm(Template::Fork).await;
    let mut stranger = mail();
    stranger["FromFull"]["Email"] = json!("who@else.org");
    assert_eq!(crm.inbound(&stranger).await.status, 200);
    assert_eq!(crm.value("select count(*) from contacts").await, 0);
    for part in ["ToFull", "FromFull", "Subject", "TextBody"] {
        let mut broken = mail();
        broken[part] = Value::Null;
        let answer = crm.inbound(&broken).await;
        assert_eq!(
            answer.json,
            json!({"status": 403, "message": format!("Missing parameter: {part}")})
        );
    }
}

#[tokio::test]
async fn the_checks_come_in_their_order() {
    let crm = crm(Template::Fork).await;
    let url = crm.app.url("/functions/v1/postmark");
    let status = async |request: RequestBuilder| crm.send(request).await.status;
    let listed = |request: RequestBuilder| request.header("x-forwarded-for", "3.3.3.3");
    assert_eq!(
        status(crm.http.post(&url).basic_auth("hook", Some("secret"))).await,
        401
    );
    assert_eq!(
        status(crm.http.get(&url)).await,
        401,
        "the address comes before the method"
    );
    assert_eq!(status(listed(crm.http.get(&url))).await, 405);
    assert_eq!(status(listed(crm.http.post(&url))).await, 401);
    let wrong = listed(crm.http.post(&url)).basic_auth("hook", Some("wrong"));
    assert_eq!(status(wrong).await, 401);
    let not_json = listed(crm.http.post(&url))
        .basic_auth("hook", Some("secret"))
        .body("x");
    assert_eq!(status(not_json).await, 403);
}
