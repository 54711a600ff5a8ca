//! Refresh tokens: rotation, lost answers, many tabs, theft.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Auth, PASSWORD, claims};

async fn signed_in(auth: &Auth) -> (String, String) {
    let answer = auth.sign_up("a@example.com").await;
    (
        answer.text("/access_token").into(),
        answer.text("/refresh_token").into(),
    )
}

#[tokio::test]
async fn a_refresh_rotates_within_the_session() {
    let auth = Auth::start().await;
    let (access, token) = signed_in(&auth).await;
    let next = auth.refresh(&token).await;
    assert_eq!(next.status, 200, "{}", next.json);
    assert_ne!(next.text("/refresh_token"), token);
    let (before, after) = (claims(&access), claims(next.text("/access_token")));
    assert_eq!(before["session_id"], after["session_id"]);
    assert_eq!(after["amr"][0]["method"], "password");
    assert_eq!(next.json["user"]["email"], "a@example.com");
    let refreshed = "select count(*) from auth.sessions where refreshed_at is not null";
    assert_eq!(auth.count(refreshed).await, 1);
    auth.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_given_again_and_a_second_tab_gets_a_sibling() {
    let auth = Auth::start().await;
    let (_, token) = signed_in(&auth).await;
    let child = auth.refresh(&token).await;
    let again = auth.refresh(&token).await;
    assert_eq!(again.text("/refresh_token"), child.text("/refresh_token"));
    auth.refresh(child.text("/refresh_token")).await;
    let sibling = auth.refresh(&token).await;
    assert_eq!(sibling.status, 200, "within the window");
    assert_ne!(sibling.text("/refresh_token"), child.text("/refresh_token"));
    auth.stop().await;
}

#[tokio::test]
async fn a_stolen_token_ends_the_family() {
    let auth = Auth::start().await;
    let (_, token) = signed_in(&auth).await;
    let child = auth.refresh(&token).await.text("/refresh_token").to_owned();
    let grandchild = auth.refresh(&child).await.text("/refresh_token").to_owned();
    auth.db
        .batch(&format!(
            "update auth.refresh_tokens set updated_at = now() - interval '1 hour' where token = '{token}'"
        ))
        .await;
    assert_eq!(
        auth.refresh(&token).await.error(),
        (400, "refresh_token_already_used")
    );
    assert_eq!(
        auth.count("select count(*) from auth.refresh_tokens where not revoked")
            .await,
        0
    );
    // At once: neither the one that nobody used nor the one that was used a moment ago is good.
    for revoked in [&grandchild, &child] {
        assert_eq!(
            auth.refresh(revoked).await.error(),
            (400, "refresh_token_already_used")
        );
    }
    auth.stop().await;
}

#[tokio::test]
async fn many_refreshes_at_once_all_succeed() {
    let auth = Auth::start().await;
    let (_, token) = signed_in(&auth).await;
    let all = futures_util::future::join_all((0..100).map(|_| auth.refresh(&token))).await;
    for answer in &all {
        assert_eq!(answer.status, 200, "{}", answer.json);
    }
    let active = auth
        .count("select count(*) from auth.refresh_tokens where not revoked")
        .await;
    assert_eq!(active, 1, "all got the same child");
    let child = all[0].text("/refresh_token");
    assert!(
        all.iter()
            .all(|answer| answer.text("/refresh_token") == child)
    );
    assert_eq!(auth.count("select count(*) from auth.sessions").await, 1);
    let family = "select count(*) from auth.refresh_tokens";
    assert_eq!(auth.count(family).await, 2, "one rotation");
    assert_eq!(
        auth.refresh(child).await.status,
        200,
        "nobody is logged out"
    );

    // Long after, the first token is a replay: it gets nothing, and ends the family.
    auth.db
        .batch("update auth.refresh_tokens set updated_at = now() - interval '11 s'")
        .await;
    let replays = futures_util::future::join_all((0..20).map(|_| auth.refresh(&token))).await;
    for replay in &replays {
        assert_eq!(replay.error(), (400, "refresh_token_already_used"));
    }
    auth.stop().await;
}

#[tokio::test]
async fn tokens_that_cannot_be_refreshed() {
    let auth = Auth::start().await;
    for token in [
        "abcdefghijkl",
        "x",
        "a-much-longer-token-of-another-kind",
        "é\0",
    ] {
        assert_eq!(auth.refresh(token).await.status, 400, "{token}");
    }
    for unknown in ["abcdefghijkl", "abcdefghijk\0"] {
        assert_eq!(
            auth.refresh(unknown).await.error(),
            (400, "refresh_token_not_found")
        );
    }
    let empty = auth.refresh("").await;
    assert_eq!(
        (empty.status, &empty.json["error"]),
        (400, &json!("invalid_request"))
    );

    let (access, token) = signed_in(&auth).await;
    auth.db
        .batch("update auth.sessions set not_after = now() - interval '1 s'")
        .await;
    assert_eq!(auth.refresh(&token).await.error(), (400, "session_expired"));
    auth.db
        .batch("update auth.sessions set not_after = null")
        .await;
    auth.db
        .batch("update auth.users set banned_until = now() + interval '1 h'")
        .await;
    assert_eq!(auth.refresh(&token).await.error(), (400, "user_banned"));
    auth.db
        .batch("update auth.users set banned_until = null")
        .await;
    let out = auth
        .as_user(Method::POST, "/logout", &access, Value::Null)
        .await;
    assert_eq!((out.status, out.json), (204, json!("")));
    assert_eq!(
        auth.refresh(&token).await.error(),
        (400, "refresh_token_not_found")
    );
    auth.stop().await;
}

#[tokio::test]
async fn a_token_whose_session_row_is_gone_is_removed() {
    let auth = Auth::start().await;
    let (_, token) = signed_in(&auth).await;
    auth.db
        .batch("update auth.refresh_tokens set session_id = null")
        .await;
    assert_eq!(
        auth.refresh(&token).await.error(),
        (400, "session_not_found")
    );
    assert_eq!(
        auth.refresh(&token).await.error(),
        (400, "refresh_token_not_found")
    );
    auth.stop().await;
}

#[tokio::test]
async fn sign_out_ends_what_its_scope_says() {
    let auth = Auth::start().await;
    auth.sign_up("a@example.com").await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let session = auth.sign_in("a@example.com", PASSWORD).await;
        tokens.push(session.text("/access_token").to_owned());
    }
    let left = async || auth.count("select count(*) from auth.sessions").await;
    let out = async |token: &str, scope: &str| {
        let path = format!("/logout?scope={scope}");
        auth.as_user(Method::POST, &path, token, Value::Null).await
    };
    assert_eq!(left().await, 4);
    assert_eq!(out(&tokens[0], "local").await.status, 204);
    assert_eq!(left().await, 3);
    assert_eq!(
        out(&tokens[0], "local").await.error(),
        (403, "session_not_found")
    );
    assert_eq!(
        out(&tokens[1], "nonsense").await.error(),
        (400, "validation_failed")
    );
    assert_eq!(out(&tokens[1], "others").await.status, 204);
    assert_eq!(left().await, 1);
    assert_eq!(out(&tokens[1], "global").await.status, 204);
    assert_eq!(left().await, 0);
    auth.stop().await;
}
