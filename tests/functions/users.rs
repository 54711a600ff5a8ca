//! `users` and `update_password`: who may do what, and what is answered.

use super::*;

fn member(email: &str) -> Value {
    json!({"email": email, "first_name": "Bob", "last_name": "Builder",
        "administrator": false, "disabled": false})
}

#[tokio::test]
async fn an_administrator_adds_and_changes_members() {
    for template in [Template::Fork, Template::Upstream] {
        let crm = Crm::new(template).await;
        let admin = crm.sign_up("ada@example.com").await;
        let added = crm
            .call(Method::POST, "users", &admin, member("Bob@Example.com"))
            .await;
        assert_eq!(added.status, 200, "{}", added.json);
        let sales = &added.json["data"];
        assert_eq!(
            (
                &sales["first_name"],
                &sales["email"],
                &sales["administrator"],
                &sales["disabled"]
            ),
            (
                &json!("Bob"),
                &json!("bob@example.com"),
                &json!(false),
                &json!(false)
            )
        );
        assert!(sales["user_id"].is_string() && sales["id"].is_number());
        let mails = crm.mails();
        assert_eq!(mails.len(), 1, "the invitation");
        assert_eq!(
            (&mails[0]["kind"], &mails[0]["to"]),
            (&json!("invite"), &json!("bob@example.com"))
        );
        let link = mails[0]["link"].as_str().unwrap();
        assert!(link.contains("auth-callback.html"), "{link}");

        let change = json!({"sales_id": sales["id"], "email": "bob@example.com",
            "first_name": "Bobby", "last_name": "Builder", "administrator": true,
            "disabled": false, "avatar": {"src": "data:image/png;base64,AA=="}});
        let changed = crm.call(Method::PATCH, "users", &admin, change).await;
        assert_eq!(changed.status, 200, "{}", changed.json);
        let sales = &changed.json["data"];
        assert_eq!(sales["first_name"], "Bobby", "the trigger copies the names");
        assert_eq!(sales["administrator"], true);
        assert_eq!(sales["avatar"]["src"], "data:image/png;base64,AA==");

        // A later change without avatar keeps it.
        let change = json!({"sales_id": sales["id"], "avatar": null, "last_name": "B"});
        let changed = crm.call(Method::PATCH, "users", &admin, change).await;
        assert_eq!(
            changed.json["data"]["avatar"]["src"],
            "data:image/png;base64,AA=="
        );
        assert_eq!(changed.json["data"]["first_name"], "Bobby");
        assert_eq!(changed.json["data"]["administrator"], true);
    }
}

#[tokio::test]
async fn a_taken_address_is_400_and_a_user_without_row_is_linked() {
    let crm = Crm::new(Template::Upstream).await;
    let admin = crm.sign_up("ada@example.com").await;
    crm.call(Method::POST, "users", &admin, member("bob@example.com"))
        .await;
    let again = crm
        .call(Method::POST, "users", &admin, member("bob@example.com"))
        .await;
    assert_eq!(again.status, 400);
    assert_eq!(
        again.json,
        json!({"status": 400, "message": "A sales for this email already exists"})
    );
    let taken = json!({"sales_id": 1, "email": "bob@example.com"});
    let taken = crm.call(Method::PATCH, "users", &admin, taken).await;
    assert_eq!(
        (taken.status, &taken.json["message"]),
        (
            422,
            &json!("A user with this email address has already been registered")
        )
    );
    crm.db
        .batch("delete from sales where email = 'bob@example.com'")
        .await;
    let linked = crm
        .call(Method::POST, "users", &admin, member("bob@example.com"))
        .await;
    assert_eq!(linked.status, 200, "{}", linked.json);
    let user_id = crm
        .value("select id from auth.users where email = 'bob@example.com'")
        .await;
    assert_eq!(linked.json["data"]["user_id"], user_id);

    let invalid = crm
        .call(Method::POST, "users", &admin, member("no address"))
        .await;
    assert_eq!(invalid.status, 400, "{}", invalid.json);
    assert_eq!(invalid.json["code"], "validation_failed");
}

#[tokio::test]
async fn others_change_only_themselves_and_neither_rank_nor_state() {
    let crm = Crm::new(Template::Fork).await;
    let admin = crm.sign_up("ada@example.com").await;
    let bob = crm.sign_up("bob@example.com").await;
    let add = crm
        .call(Method::POST, "users", &bob, member("x@example.com"))
        .await;
    assert_eq!(
        add.json,
        json!({"status": 401, "message": "Not Authorized"})
    );
    let other = crm
        .call(Method::PATCH, "users", &bob, json!({"sales_id": 1}))
        .await;
    assert_eq!(other.status, 401);

    let own = json!({"sales_id": 2, "first_name": "Bobby", "administrator": true});
    let own = crm.call(Method::PATCH, "users", &bob, own).await;
    assert_eq!(own.status, 200, "{}", own.json);
    assert_eq!(own.json["data"]["first_name"], "Bobby");
    assert_eq!(own.json["data"]["administrator"], false);

    let unknown = crm
        .call(Method::PATCH, "users", &admin, json!({"sales_id": 99}))
        .await;
    assert_eq!(unknown.json, json!({"status": 404, "message": "Not Found"}));
    let nobody = crm.call(Method::PATCH, "users", &admin, json!({})).await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn a_disabled_member_is_locked_out_until_enabled_again() {
    let crm = Crm::new(Template::Fork).await;
    let admin = crm.sign_up("ada@example.com").await;
    let bob = crm.sign_up("bob@example.com").await;
    let set = async |disabled: bool| {
        let change = json!({"sales_id": 2, "disabled": disabled});
        crm.call(Method::PATCH, "users", &admin, change).await
    };
    assert_eq!(set(true).await.json["data"]["disabled"], true);
    let refused = crm.sign_in("bob@example.com").await;
    assert_eq!(
        (refused.status, &refused.json["error_code"]),
        (400, &json!("user_banned"))
    );
    // The token that is still alive opens no function.
    let own = json!({"sales_id": 2, "disabled": false});
    assert_eq!(
        crm.call(Method::PATCH, "users", &bob, own).await.status,
        401
    );
    assert_eq!(set(false).await.json["data"]["disabled"], false);
    assert_eq!(crm.sign_in("bob@example.com").await.status, 200);
}

#[tokio::test]
async fn nobody_gets_in_without_a_user_who_has_a_row() {
    let crm = Crm::new(Template::Fork).await;
    let admin = crm.sign_up("ada@example.com").await;
    let unauthorized = json!({"status": 401, "message": "Unauthorized"});
    for token in [PUBLISHABLE_KEY, "not.a.token", &format!("{admin}x")] {
        for (method, name) in [
            (Method::POST, "users"),
            (Method::PATCH, "updatePassword"),
            (Method::POST, "merge_contacts"),
        ] {
            let answer = crm.call(method, name, token, json!({})).await;
            assert_eq!(answer.json, unauthorized, "{name} {token}");
        }
    }
    let nothing = crm
        .request(Method::POST, "/functions/v1/users")
        .json(&json!({}));
    assert_eq!(crm.send(nothing).await.status, 401);
    crm.db.batch("delete from sales").await;
    let rowless = crm
        .call(Method::POST, "users", &admin, member("x@example.com"))
        .await;
    assert_eq!(rowless.json, unauthorized);
}

#[tokio::test]
async fn methods_and_bodies_are_checked() {
    let crm = Crm::new(Template::Fork).await;
    let admin = crm.sign_up("ada@example.com").await;
    for (method, name) in [
        (Method::GET, "users"),
        (Method::DELETE, "users"),
        (Method::POST, "updatePassword"),
        (Method::POST, "update_password"),
        (Method::GET, "merge_contacts"),
        (Method::GET, "delete_note_attachments"),
    ] {
        let answer = crm.call(method.clone(), name, &admin, json!({})).await;
        assert_eq!(
            answer.json,
            json!({"status": 405, "message": "Method Not Allowed"}),
            "{method} {name}"
        );
    }
    for body in ["", "{", "[1]", "{\"email\": 5}"] {
        let request = crm
            .request(Method::POST, "/functions/v1/users")
            .bearer_auth(&admin)
            .body(body);
        let answer = crm.send(request).await;
        assert_eq!(
            (answer.status, &answer.json["status"]),
            (400, &json!(400)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn both_names_of_the_password_function_answer_with_empty_data() {
    let crm = Crm::new(Template::Fork).await;
    let admin = crm.sign_up("ada@example.com").await;
    for (count, name) in [(1, "updatePassword"), (2, "update_password")] {
        let body = json!({"sales_id": 99});
        let answer = crm.call(Method::PATCH, name, &admin, body).await;
        assert_eq!(
            (answer.status, answer.json),
            (200, json!({"data": {}})),
            "{name}"
        );
        let mails = crm.mails();
        assert_eq!(mails.len(), count, "{name}");
        let is_own = |mail: &Value| mail["kind"] == "recovery" && mail["to"] == "ada@example.com";
        assert!(mails.iter().all(is_own), "{name}: {mails:?}");
    }
}
