//! Limits: guesses, floods, mails, and who is not hit by them.

use futures_util::StreamExt as _;
use serde_json::json;

use super::{Auth, PASSWORD};

#[tokio::test]
async fn guessing_one_users_password_is_limited_and_others_still_sign_in() {
    let auth = Auth::start().await;
    auth.sign_up("victim@example.com").await;
    auth.sign_up("other@example.com").await;
    let guesses = futures_util::future::join_all(
        (0..300).map(|n| async_guess(&auth, "victim@example.com", n)),
    )
    .await;
    let refused = guesses.iter().filter(|status| **status == 429).count();
    let tried = guesses.iter().filter(|status| **status == 400).count();
    assert_eq!(refused + tried, 300);
    assert!((30..=32).contains(&tried), "{tried} guesses were tried");
    let limited = auth.sign_in("victim@example.com", "x").await;
    assert_eq!(limited.error(), (429, "over_request_rate_limit"));
    let wait_s: u64 = limited.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=10).contains(&wait_s), "{wait_s}");
    assert_eq!(
        auth.sign_in("other@example.com", PASSWORD).await.status,
        200
    );
    // Unknown users are limited alike.
    for n in 0..31 {
        async_guess(&auth, "nobody@example.com", n).await;
    }
    assert_eq!(async_guess(&auth, "nobody@example.com", 0).await, 429);
    auth.stop().await;
}

async fn async_guess(auth: &Auth, email: &str, n: usize) -> u16 {
    auth.sign_in(email, &format!("guess {n}")).await.status
}

#[tokio::test]
async fn trying_many_users_from_one_address_is_limited() {
    let auth = Auth::start_with(|settings| settings.rate_limits.failures = 2).await;
    let mut tried = 0;
    for n in 0..20 {
        if async_guess(&auth, &format!("user{n}@example.com"), n).await == 400 {
            tried += 1;
        }
    }
    assert_eq!(tried, 8, "four times the limit of one user");
    auth.stop().await;
}

/// Ten thousand guesses from one address, at one user and at many. What is limited costs no hashing:
/// every guess that was tried was answered 400, and those are few.
#[tokio::test]
async fn ten_thousand_guesses_from_one_address_leave_others_alone() {
    const GUESSES: usize = 10_000;
    let auth = Auth::start_with(|settings| {
        settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    auth.sign_up("victim@example.com").await;
    auth.sign_up("other@example.com").await;
    let attempt = async |client: &str, email: String, password: String| {
        let request = auth.request(reqwest::Method::POST, "/token?grant_type=password");
        let body = json!({"email": email, "password": password});
        let request = request.header("x-forwarded-for", client).json(&body);
        auth.send(request).await.status
    };
    let attack = futures_util::stream::iter(0..GUESSES)
        .map(|n| {
            let email = match n % 2 {
                0 => "victim@example.com".to_owned(),
                _ => format!("user{n}@example.com"),
            };
            attempt("6.6.6.6", email, format!("guess {n}"))
        })
        .buffer_unordered(32)
        .collect::<Vec<u16>>();
    // Somebody else signs in again and again meanwhile.
    let others = futures_util::stream::iter(0..20)
        .then(|_| attempt("9.9.9.9", "other@example.com".into(), PASSWORD.into()))
        .collect::<Vec<u16>>();
    let (answers, others) = futures_util::join!(attack, others);
    assert_eq!(others, [200; 20]);
    let tried = answers.iter().filter(|status| **status == 400).count();
    let refused = answers.iter().filter(|status| **status == 429).count();
    assert_eq!(tried + refused, GUESSES);
    // Four times the limit of one user, and what refills while the attack lasts.
    assert!((120..400).contains(&tried), "{tried} guesses were tried");
    auth.stop().await;
}

#[tokio::test]
async fn right_passwords_are_no_failures() {
    let auth = Auth::start_with(|settings| settings.rate_limits.failures = 2).await;
    auth.sign_up("a@example.com").await;
    for _ in 0..10 {
        assert_eq!(auth.sign_in("a@example.com", PASSWORD).await.status, 200);
    }
    auth.stop().await;
}

#[tokio::test]
async fn requests_from_one_address_are_limited_and_proxies_tell_the_address() {
    let auth = Auth::start_with(|settings| {
        settings.rate_limits.sign_up = 2;
        settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let recover = async |client: &str, n: usize| {
        let body = json!({"email": format!("user{n}@example.com")});
        let request = auth.request(reqwest::Method::POST, "/recover").json(&body);
        auth.send(request.header("x-forwarded-for", client)).await
    };
    for n in 0..2 {
        assert_eq!(recover("6.6.6.6, 9.9.9.9", n).await.status, 200);
    }
    let refused = recover("7.7.7.7, 9.9.9.9", 3).await;
    assert_eq!(refused.error(), (429, "over_request_rate_limit"));
    assert_eq!(recover("8.8.8.8", 3).await.status, 200);
    auth.stop().await;
}

#[tokio::test]
async fn mails_are_limited_for_everybody_together() {
    let auth = Auth::start_with(|settings| settings.rate_limits.mails = 2).await;
    for n in 0..2 {
        let body = json!({"email": format!("user{n}@example.com")});
        assert_eq!(auth.post("/recover", body).await.status, 200);
    }
    let body = json!({"email": "user3@example.com"});
    assert_eq!(
        auth.post("/recover", body).await.error(),
        (429, "over_email_send_rate_limit")
    );
    auth.stop().await;
}
